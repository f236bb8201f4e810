#include "face_mesh.h"

#include <BRepAdaptor_Surface.hxx>
#include <array>
#include <cmath>
#include <gp_Pnt2d.hxx>
#include <optional>

namespace stepworks {

namespace {

using Triangle = std::array<Standard_Integer, 3>;

/// Twice the area over the longest side squared, below which a triangle is a line.
constexpr double kMinShape = 1e-7;

/// Where a surface has no normal, it is taken this share of the way into the triangles around.
constexpr double kStepFromPole = 1e-3;

std::optional<gp_XYZ> surfaceNormal(const BRepAdaptor_Surface& surface, const gp_Pnt2d& uv) {
  gp_Pnt point;
  gp_Vec du, dv;
  surface.D1(uv.X(), uv.Y(), point, du, dv);
  const gp_XYZ normal = du.Crossed(dv).XYZ();
  const double scale = du.Magnitude() * dv.Magnitude();
  // A pole has one vanishing derivative; near it the direction is noise.
  const bool isRegular = std::isfinite(scale) && du.Magnitude() > 1e-7 && dv.Magnitude() > 1e-7 &&
                         normal.Modulus() > 1e-6 * scale;
  if (!isRegular) return std::nullopt;
  return normal.Normalized();
}

}  // namespace

gp_XYZ asStored(const gp_XYZ& point) {
  return {static_cast<float>(point.X()), static_cast<float>(point.Y()),
          static_cast<float>(point.Z())};
}

bool hasArea(const gp_XYZ& a, const gp_XYZ& b, const gp_XYZ& c) {
  const gp_XYZ ab = b - a, ac = c - a, bc = c - b;
  const double longest = std::max({ab.SquareModulus(), ac.SquareModulus(), bc.SquareModulus()});
  return longest > 0 && ab.Crossed(ac).Modulus() > kMinShape * longest;
}

size_t appendFace(const RWMesh_FaceIterator& face, Primitive& primitive) {
  const auto nodes = static_cast<size_t>(face.NbNodes());
  std::vector<gp_XYZ> points(nodes + 1);
  for (size_t i = 1; i <= nodes; ++i) {
    points[i] = asStored(face.NodeTransformed(static_cast<Standard_Integer>(i)).XYZ());
  }
  const BRepAdaptor_Surface surface(face.Face(), Standard_False);
  const bool hasParameters = face.HasTexCoords();
  std::vector<Triangle> triangles;
  std::vector<gp_XYZ> around(nodes + 1);  // area-weighted normals of the triangles at a node
  std::vector<gp_XYZ> inward(nodes + 1);  // sums of the parameters of their corners, and how many
  std::vector<bool> isUsed(nodes + 1, false);
  size_t leftOut = 0;
  for (Standard_Integer i = face.ElemLower(); i <= face.ElemUpper(); ++i) {
    Triangle t;
    face.TriangleOriented(i).Get(t[0], t[1], t[2]);
    const auto p = [&](int k) { return points[static_cast<size_t>(t[static_cast<size_t>(k)])]; };
    if (!hasArea(p(0), p(1), p(2))) {
      ++leftOut;
      continue;
    }
    const gp_XYZ normal = (p(1) - p(0)).Crossed(p(2) - p(0));
    for (const Standard_Integer node : t) {
      around[static_cast<size_t>(node)] += normal;
      isUsed[static_cast<size_t>(node)] = true;
      if (!hasParameters) continue;
      for (const Standard_Integer other : t) {
        const gp_Pnt2d uv = face.NodeTexCoord(other);
        inward[static_cast<size_t>(node)] += gp_XYZ(uv.X(), uv.Y(), 1);
      }
    }
    triangles.push_back(t);
  }

  std::vector<uint32_t> index(nodes + 1, 0);
  for (size_t i = 1; i <= nodes; ++i) {
    if (!isUsed[i]) continue;
    gp_XYZ normal = around[i].Modulus() > 0 ? around[i].Normalized() : gp_XYZ(0, 0, 1);
    if (hasParameters) {
      const gp_XY uv = face.NodeTexCoord(static_cast<Standard_Integer>(i)).XY();
      auto exact = surfaceNormal(surface, uv);
      if (!exact) {
        const gp_XY middle = gp_XY(inward[i].X(), inward[i].Y()) / inward[i].Z();
        exact = surfaceNormal(surface, uv + (middle - uv) * kStepFromPole);
      }
      // The triangles know which side is outside, and catch a surface that folds back.
      const double agreement = exact ? exact->Dot(normal) : 0;
      if (std::abs(agreement) > 0.2) normal = *exact * (agreement < 0 ? -1 : 1);
    }
    index[i] = static_cast<uint32_t>(primitive.vertexCount());
    for (const int k : {1, 2, 3})
      primitive.positions.push_back(static_cast<float>(points[i].Coord(k)));
    for (const int k : {1, 2, 3}) primitive.normals.push_back(static_cast<float>(normal.Coord(k)));
  }
  for (const Triangle& t : triangles) {
    for (const Standard_Integer node : t)
      primitive.indices.push_back(index[static_cast<size_t>(node)]);
  }
  return leftOut;
}

}  // namespace stepworks
