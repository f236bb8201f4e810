#pragma once

#include <Bnd_Box.hxx>
#include <TopoDS_Shape.hxx>
#include <gp_Pnt.hxx>
#include <optional>
#include <string>

#include "json.h"
#include "product_tree.h"

namespace stepworks {

/// An axis-parallel box in mm.
struct Box {
  gp_Pnt low;
  gp_Pnt high;
  bool isExact = false;  ///< false: from control points, may be a little too large

  double diagonal() const { return low.Distance(high); }
};

/// Rounded to a nanometre: below it the kernel's boxes hold its own tolerance.
gp_Pnt withoutNoise(const gp_Pnt& point);

/// {"min": […], "max": […], "size": […]} in mm.
Json toJson(const Box& box);

/// Up to kExactBoxFaces faces the box is exact; beyond that exactness costs some 60 times more than
/// all else. Nothing when the shape is empty or its coordinates are not finite numbers.
inline constexpr double kExactBoxFaces = 2000;
std::optional<Box> measureBox(const TopoDS_Shape& shape);

/// Returns the model's box. Throws Failure (65) when it is missing or its coordinates are no
/// credible lengths: meshing such a file would not end.
Box credibleBox(const std::optional<Box>& box, const std::string& name);

struct Counts {
  size_t solids = 0;
  size_t shells = 0;
  size_t openShells = 0;  ///< shells with free edges: sheets, not bodies
  size_t freeFaces = 0;   ///< faces in no shell
  size_t faces = 0;
  size_t edges = 0;
  size_t vertices = 0;

  /// True when nothing but closed bodies: the volume means something, back faces are never seen.
  bool isClosed() const { return solids > 0 && openShells == 0 && freeFaces == 0; }
};
Counts countTopology(const TopoDS_Shape& shape);

/// Volume (mm³), area (mm²) and centroid (mm) of one part; unknown values carry their reason.
struct MassProperties {
  std::optional<double> volume;
  std::string volumeReason;
  std::optional<double> area;
  std::string areaReason;
  std::optional<gp_Pnt> centroid;  ///< of the volume
};
MassProperties measureMass(const TopoDS_Shape& shape, const Counts& counts);

}  // namespace stepworks
