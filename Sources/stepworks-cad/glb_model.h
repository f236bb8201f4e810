#pragma once

#include <map>
#include <string>
#include <vector>

#include "face_mesh.h"
#include "json.h"
#include "measure.h"
#include "product_tree.h"

namespace stepworks {

/// A glTF material: one for each distinct colour.
struct Material {
  bool hasColour = false;
  float red = 0, green = 0, blue = 0, alpha = 1;  ///< linear, as glTF wants them
  bool isDoubleSided = false;
};

/// A unique part in one inherited colour.
struct Mesh {
  size_t product = 0;
  size_t faces = 0;          ///< faces with triangles
  size_t colouredFaces = 0;  ///< of them, those whose colour the file gave
  std::vector<Primitive> primitives;
};

/// What goes into a GLB, before it is bytes.
struct GlbModel {
  std::vector<Material> materials;
  std::vector<Mesh> meshes;
  std::vector<int> meshOfOccurrence;  ///< by occurrence; -1: none
  size_t leftOutTriangles = 0;
  size_t colouredTriangles = 0;  ///< stored triangles whose colour the file gave
  size_t colours = 0;            ///< distinct colours the file gave to faces with triangles
};

/// Collects the triangles of the meshed parts. Parts without a triangle get no mesh.
GlbModel buildGlbModel(const ProductTree& tree, const std::vector<Counts>& counts);

}  // namespace stepworks
