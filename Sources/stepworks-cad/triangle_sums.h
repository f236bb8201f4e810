#pragma once

#include <cstddef>
#include <gp_XYZ.hxx>

namespace stepworks {

/// What a set of triangles measures, exact for the polyhedron they bound; lengths in the unit of
/// the points. Volume and centroid mean something for a closed surface only.
class TriangleSums {
 public:
  /// Corners counter-clockwise seen from outside.
  void add(const gp_XYZ& a, const gp_XYZ& b, const gp_XYZ& c);

  size_t triangles() const { return triangles_; }
  double volume() const { return volume_; }
  double area() const { return area_; }
  double perimeter() const { return perimeter_; }  ///< of all triangles, shared sides twice
  gp_XYZ centroid() const;                         ///< of the volume; the origin when that is 0
  const gp_XYZ& low() const { return low_; }
  const gp_XYZ& high() const { return high_; }
  double diagonal() const { return (high_ - low_).Modulus(); }
  /// Greatest absolute coordinate.
  double reach() const;

 private:
  void widen(const gp_XYZ& point);

  size_t triangles_ = 0;
  double volume_ = 0, area_ = 0, perimeter_ = 0;
  gp_XYZ origin_;  ///< the first corner: far from 0 the volume's terms would cancel badly
  gp_XYZ moment_;
  gp_XYZ low_, high_;
};

}  // namespace stepworks
