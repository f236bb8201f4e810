#include "measure.h"

#include <BRepBndLib.hxx>
#include <BRepGProp.hxx>
#include <BRep_Tool.hxx>
#include <GProp_GProps.hxx>
#include <Standard_Failure.hxx>
#include <TopExp.hxx>
#include <TopExp_Explorer.hxx>
#include <TopTools_IndexedMapOfShape.hxx>
#include <cmath>

#include "assembly_check.h"
#include "failure.h"

namespace stepworks {

namespace {

/// 1,000 km: beyond it a length is a mistake, not a machine.
constexpr double kMaxCoordinateMm = 1e9;

size_t countOf(const TopoDS_Shape& shape, TopAbs_ShapeEnum kind) {
  TopTools_IndexedMapOfShape map;
  TopExp::MapShapes(shape, kind, map);
  return static_cast<size_t>(map.Extent());
}

}  // namespace

gp_Pnt withoutNoise(const gp_Pnt& point) {
  const auto rounded = [](double mm) { return std::round(mm * 1e6) / 1e6 + 0.0; };
  return {rounded(point.X()), rounded(point.Y()), rounded(point.Z())};
}

Json toJson(const Box& box) {
  return {{"min", {box.low.X(), box.low.Y(), box.low.Z()}},
          {"max", {box.high.X(), box.high.Y(), box.high.Z()}},
          {"size",
           {box.high.X() - box.low.X(), box.high.Y() - box.low.Y(), box.high.Z() - box.low.Z()}},
          {"exact", box.isExact}};
}

std::optional<Box> measureBox(const TopoDS_Shape& shape) {
  if (shape.IsNull()) return std::nullopt;
  Bnd_Box bounds;
  // The quick box first: exactness on absurd coordinates would never end.
  BRepBndLib::Add(shape, bounds, Standard_False);
  if (bounds.IsVoid() || bounds.IsOpen()) return std::nullopt;
  bounds.SetGap(0);
  Box box;
  const auto take = [&] {
    box.low = withoutNoise(bounds.CornerMin());
    box.high = withoutNoise(bounds.CornerMax());
    return std::isfinite(box.low.SquareDistance(gp_Pnt())) &&
           std::isfinite(box.high.SquareDistance(gp_Pnt()));
  };
  if (!take()) return std::nullopt;
  if (box.diagonal() < kMaxCoordinateMm && drawnFaces(shape) <= kExactBoxFaces) {
    const Box quick = box;
    bounds.SetVoid();
    BRepBndLib::AddOptimal(shape, bounds, Standard_False, Standard_False);
    box.isExact = !bounds.IsVoid() && !bounds.IsOpen();
    if (box.isExact) bounds.SetGap(0);
    if (!box.isExact || !take()) box = quick;
  }
  return box;
}

Box credibleBox(const std::optional<Box>& box, const std::string& name) {
  const bool credible = box && box->diagonal() > 0 &&
                        gp_Pnt().Distance(box->low) < kMaxCoordinateMm &&
                        gp_Pnt().Distance(box->high) < kMaxCoordinateMm;
  if (credible) return *box;
  throw invalidInput(
      name +
      " has coordinates that are no credible lengths (not finite, or beyond 1,000 km); "
      "export it again from the CAD system.");
}

Counts countTopology(const TopoDS_Shape& shape) {
  Counts counts;
  if (shape.IsNull()) return counts;
  counts.solids = countOf(shape, TopAbs_SOLID);
  counts.faces = countOf(shape, TopAbs_FACE);
  counts.edges = countOf(shape, TopAbs_EDGE);
  counts.vertices = countOf(shape, TopAbs_VERTEX);
  TopTools_IndexedMapOfShape shells;
  TopExp::MapShapes(shape, TopAbs_SHELL, shells);
  counts.shells = static_cast<size_t>(shells.Extent());
  for (Standard_Integer i = 1; i <= shells.Extent(); ++i) {
    counts.openShells += BRep_Tool::IsClosed(shells(i)) ? 0 : 1;
  }
  for (TopExp_Explorer it(shape, TopAbs_FACE, TopAbs_SHELL); it.More(); it.Next())
    ++counts.freeFaces;
  return counts;
}

MassProperties measureMass(const TopoDS_Shape& shape, const Counts& counts) {
  MassProperties result;
  try {
    GProp_GProps surface;
    BRepGProp::SurfaceProperties(shape, surface);
    if (counts.faces == 0) {
      result.areaReason = "the part has no face";
    } else if (std::isfinite(surface.Mass())) {
      result.area = surface.Mass();
    } else {
      result.areaReason = "the kernel computed no finite number";
    }
    if (counts.solids == 0) {
      result.volumeReason = "the part has no solid";
      return result;
    }
    GProp_GProps volume;
    for (TopExp_Explorer it(shape, TopAbs_SOLID); it.More(); it.Next()) {
      GProp_GProps solid;
      BRepGProp::VolumeProperties(it.Current(), solid);
      volume.Add(solid);
    }
    if (std::isfinite(volume.Mass()) && volume.Mass() > 0) {
      result.volume = volume.Mass();
      result.centroid = withoutNoise(volume.CentreOfMass());
    } else {
      result.volumeReason = "the solid is invalid: its computed volume is not above 0";
    }
  } catch (const Standard_Failure& failure) {
    const std::string reason = std::string("the kernel failed: ") + failure.GetMessageString();
    if (!result.area && result.areaReason.empty()) result.areaReason = reason;
    if (!result.volume && result.volumeReason.empty()) result.volumeReason = reason;
  }
  return result;
}

}  // namespace stepworks
