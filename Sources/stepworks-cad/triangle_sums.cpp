#include "triangle_sums.h"

#include <algorithm>
#include <cmath>

namespace stepworks {

void TriangleSums::add(const gp_XYZ& a, const gp_XYZ& b, const gp_XYZ& c) {
  if (triangles_ == 0) origin_ = low_ = high_ = a;
  ++triangles_;
  area_ += (b - a).Crossed(c - a).Modulus() / 2;
  perimeter_ += (b - a).Modulus() + (c - b).Modulus() + (a - c).Modulus();
  const gp_XYZ p = a - origin_, q = b - origin_, r = c - origin_;
  const double tetrahedron = p.Dot(q.Crossed(r)) / 6;
  volume_ += tetrahedron;
  moment_ += (p + q + r) * (tetrahedron / 4);
  for (const gp_XYZ& corner : {a, b, c}) widen(corner);
}

void TriangleSums::widen(const gp_XYZ& point) {
  for (int axis = 1; axis <= 3; ++axis) {
    low_.SetCoord(axis, std::min(low_.Coord(axis), point.Coord(axis)));
    high_.SetCoord(axis, std::max(high_.Coord(axis), point.Coord(axis)));
  }
}

gp_XYZ TriangleSums::centroid() const {
  return volume_ == 0 ? gp_XYZ() : origin_ + moment_ / volume_;
}

double TriangleSums::reach() const {
  double reach = 0;
  for (int axis = 1; axis <= 3; ++axis) {
    reach = std::max({reach, std::abs(low_.Coord(axis)), std::abs(high_.Coord(axis))});
  }
  return reach;
}

}  // namespace stepworks
