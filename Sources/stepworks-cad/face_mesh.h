#pragma once

#include <RWMesh_FaceIterator.hxx>
#include <cstdint>
#include <gp_XYZ.hxx>
#include <vector>

namespace stepworks {

/// Triangles of one material: three floats per position (mm, the part's own coordinates) and per
/// unit normal, counter-clockwise seen from outside.
struct Primitive {
  size_t material = 0;
  std::vector<float> positions;
  std::vector<float> normals;
  std::vector<uint32_t> indices;

  size_t vertexCount() const { return positions.size() / 3; }
  size_t triangleCount() const { return indices.size() / 3; }
};

/// A point as a GLB holds it, rounded to 32-bit floats; mm.
gp_XYZ asStored(const gp_XYZ& point);

/// Whether a triangle of stored points is more than a line: only then a GLB holds it.
bool hasArea(const gp_XYZ& a, const gp_XYZ& b, const gp_XYZ& c);

/// Adds the face the iterator stands on. Normals come from the surface, beside the node where
/// it has none (a sphere's pole, a cone's tip), at worst from the triangles around. Triangles
/// without an area and vertices nobody uses are left out. Returns the number of triangles left out.
size_t appendFace(const RWMesh_FaceIterator& face, Primitive& primitive);

}  // namespace stepworks
