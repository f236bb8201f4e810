#include "tessellation.h"

#include <BRepGProp.hxx>
#include <BRepMesh_IncrementalMesh.hxx>
#include <BRepTools.hxx>
#include <BRep_Tool.hxx>
#include <GProp_GProps.hxx>
#include <IMeshTools_Parameters.hxx>
#include <Poly_Triangulation.hxx>
#include <TopExp_Explorer.hxx>
#include <TopLoc_Location.hxx>
#include <TopoDS.hxx>
#include <algorithm>
#include <cmath>
#include <utility>

#include "face_mesh.h"
#include "failure.h"
#include "json.h"

namespace stepworks {

namespace {

constexpr double kMinChordMm = 0.005;
constexpr double kMaxChordMm = 2;
constexpr double kMaxAngleDegrees = 60;
/// The largest chord, as a share of the model's diagonal.
constexpr double kMaxChordShare = 1.0 / 20;
/// The kernel divides no edge shorter than a tenth of the chord, whatever the angle. At a large
/// chord that would flatten small features, so that it is at most this share of the diagonal.
constexpr double kMaxMinEdgeShare = 1.0 / 1000;
/// A sphere of this many chords across has some ten million triangles.
constexpr double kMaxDiagonalPerChord = 5e6;

struct Preset {
  const char* name;
  double divisor;
  double angleDegrees;
};
constexpr Preset kPresets[] = {{"preview", 2000, 20}, {"production", 5000, 12}, {"hero", 10000, 8}};

}  // namespace

MeshSettings meshSettings(const Request& request, double diagonalMm) {
  MeshSettings settings;
  for (const Preset& preset : kPresets) {
    if (request.preset != preset.name) continue;
    settings.preset = preset.name;
    settings.chordMm = std::clamp(diagonalMm / preset.divisor, kMinChordMm, kMaxChordMm);
    settings.angleDegrees = preset.angleDegrees;
  }
  settings.maxChordMm = std::max(diagonalMm * kMaxChordShare, kMinChordMm);
  settings.maxMinEdgeMm = diagonalMm * kMaxMinEdgeShare;
  if (request.chordMm) {
    settings.chordMm = std::min(*request.chordMm, settings.maxChordMm);
    if (*request.chordMm > settings.maxChordMm) settings.refusedChordMm = request.chordMm;
  }
  if (request.angleDegrees) settings.angleDegrees = *request.angleDegrees;
  if (diagonalMm > settings.chordMm * kMaxDiagonalPerChord) {
    throw invalidInput(request.sourceName + " measures " +
                       std::to_string(std::llround(diagonalMm / 1000)) +
                       " m across, too much for a chord of " + dump(Json(settings.chordMm)) +
                       " mm; check the file's unit, or ask for a larger chord_mm.");
  }
  return settings;
}

MeshSettings coarser(const MeshSettings& settings) {
  MeshSettings next = settings;
  next.chordMm = std::min(next.chordMm * 2, next.maxChordMm);
  next.angleDegrees =
      std::max(next.angleDegrees, std::min(kMaxAngleDegrees, next.angleDegrees * 1.5));
  ++next.stepsDown;
  return next;
}

BareFaces meshShape(const TopoDS_Shape& shape, const MeshSettings& settings,
                    const Message_ProgressRange& progress) {
  BRepTools::Clean(shape);
  IMeshTools_Parameters parameters;
  parameters.Deflection = settings.chordMm;
  parameters.Angle = settings.angleDegrees * M_PI / 180;
  parameters.MinSize =
      std::min(IMeshTools_Parameters::RelMinSize() * settings.chordMm, settings.maxMinEdgeMm);
  // The kernel's "relative" means the length of each edge, which no preset means.
  parameters.Relative = Standard_False;
  parameters.InParallel = Standard_False;
  const BRepMesh_IncrementalMesh mesher(shape, parameters, progress);
  BareFaces bare;
  for (TopExp_Explorer it(shape, TopAbs_FACE); it.More(); it.Next()) {
    TopLoc_Location location;
    const Handle(Poly_Triangulation)& mesh =
        BRep_Tool::Triangulation(TopoDS::Face(it.Current()), location);
    if (mesh.IsNull() || mesh->NbTriangles() == 0) {
      GProp_GProps surface;
      BRepGProp::SurfaceProperties(it.Current(), surface);
      ++bare.count;
      bare.areaMm2 += std::abs(surface.Mass());
    }
  }
  return bare;
}

MeasuredMesh measureMesh(const TopoDS_Shape& shape) {
  MeasuredMesh measured;
  for (TopExp_Explorer it(shape, TopAbs_FACE); it.More(); it.Next()) {
    TopLoc_Location location;
    const Handle(Poly_Triangulation)& mesh =
        BRep_Tool::Triangulation(TopoDS::Face(it.Current()), location);
    if (mesh.IsNull()) continue;
    const gp_Trsf& placement = location.Transformation();
    const bool isTurned =
        (it.Current().Orientation() == TopAbs_REVERSED) != bool(placement.IsNegative());
    for (Standard_Integer i = 1; i <= mesh->NbTriangles(); ++i) {
      Standard_Integer a = 0, b = 0, c = 0;
      mesh->Triangle(i).Get(a, b, c);
      if (isTurned) std::swap(b, c);
      const auto corner = [&](Standard_Integer node) {
        return mesh->Node(node).Transformed(placement).XYZ();
      };
      measured.sums.add(corner(a), corner(b), corner(c));
      measured.triangles +=
          hasArea(asStored(corner(a)), asStored(corner(b)), asStored(corner(c))) ? 1 : 0;
    }
  }
  return measured;
}

}  // namespace stepworks
