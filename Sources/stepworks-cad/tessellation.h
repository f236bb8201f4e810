#pragma once

#include <Message_ProgressRange.hxx>
#include <TopoDS_Shape.hxx>
#include <optional>
#include <string>

#include "request.h"
#include "triangle_sums.h"

namespace stepworks {

/// How finely surfaces become triangles.
struct MeshSettings {
  std::string preset;
  double chordMm = 0;  ///< greatest distance between a surface and its triangles
  double angleDegrees = 0;
  double maxChordMm = 0;  ///< what the model's size allows, on every rung
  double maxMinEdgeMm = 0;  ///< edges longer than this may always be divided, so that the angle holds
  /// The request's chord where it was above `maxChordMm`, which then goes in its place.
  std::optional<double> refusedChordMm;
  int stepsDown = 0;  ///< rungs of the ladder taken to meet a budget
};

/// More stored triangles than this are refused; keeps indices and offsets far below 32 bits.
inline constexpr size_t kMaxTriangles = 20'000'000;
/// Rungs a budget may cost: the last one is 64 times as coarse.
inline constexpr int kMaxStepsDown = 6;

/// The preset's chord is the model's diagonal over 2,000 (preview, 20°), 5,000 (production, 12°) or
/// 10,000 (hero, 8°), at least 0.005 and at most 2 mm; explicit values go first. No chord is above a
/// twentieth of the diagonal: what is coarser has no likeness to the model.
/// Throws Failure (65) when the model is so large for the chord that meshing would not end.
MeshSettings meshSettings(const Request& request, double diagonalMm);

/// The next rung: twice the chord (at most `maxChordMm`), half as much angle again (at most 60°).
/// hero's next is production.
MeshSettings coarser(const MeshSettings& settings);

/// Faces that got no triangles.
struct BareFaces {
  size_t count = 0;
  double areaMm2 = 0;
};

/// Replaces the shape's triangles.
BareFaces meshShape(const TopoDS_Shape& shape, const MeshSettings& settings,
                    const Message_ProgressRange& progress);

/// The kernel's triangles.
struct MeasuredMesh {
  TriangleSums sums;     ///< before anything is rounded or left out
  size_t triangles = 0;  ///< those that a GLB holds: the others have no area
};

MeasuredMesh measureMesh(const TopoDS_Shape& shape);

}  // namespace stepworks
