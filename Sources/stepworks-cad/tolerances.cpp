#include "tolerances.h"

#include <cmath>

namespace stepworks::tolerance {

namespace {

constexpr double kThinShare = 1e-6;

}  // namespace

double meshVolume(const MeshSettings& settings, double areaMm2) {
  return kChords * settings.chordMm * areaMm2;
}

double meshArea(const MeshSettings& settings, double areaMm2) {
  if (areaMm2 <= 0) return 0;
  const double angle = settings.angleDegrees * M_PI / 180;
  return areaMm2 * (angle * angle / 6 + settings.chordMm * std::sqrt(4 * M_PI / areaMm2));
}

double storedPoint(double reachMm) {
  // Half a unit in the last place, in each of three coordinates.
  return std::sqrt(3.0) * std::ldexp(1, -24) * reachMm;
}

double storedPoint(const TriangleSums& mesh) { return storedPoint(mesh.reach()); }

double storedVolume(const TriangleSums& mesh) {
  return 4 * storedPoint(mesh) * mesh.area() + kThinShare * std::abs(mesh.volume());
}

double storedArea(const TriangleSums& mesh) {
  return 4 * storedPoint(mesh) * mesh.perimeter() + kThinShare * mesh.area();
}

Json inWords() {
  return {{"declared_brep",
           "0.5 % of a volume or an area, 0.1 % of the diagonal for a centroid: sound files "
           "declare areas that are off by 0.14 %"},
          {"brep_mesh",
           "boxes: 2 chords; volumes: 2 chords times the area; areas: angle squared over 6 plus "
           "the chord over the radius of a ball of that area; the chord holds for most triangles, "
           "not for all"},
          {"mesh_glb",
           "what rounding to 32-bit floats can move each corner by, and 0.0001 % for triangles too "
           "thin to be stored"},
          {"counts", "equal"}};
}

}  // namespace stepworks::tolerance
