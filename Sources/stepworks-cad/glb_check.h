#pragma once

#include <gp_XYZ.hxx>
#include <string>
#include <vector>

namespace stepworks {

/// What a GLB really holds, measured on its bytes; lengths in mm, Z-up again.
struct GlbFacts {
  size_t nodes = 0;
  size_t meshes = 0;
  size_t materials = 0;
  size_t meshNodes = 0;  ///< nodes that draw a mesh
  size_t storedVertices = 0;
  size_t storedTriangles = 0;
  size_t drawnTriangles = 0;  ///< every instance counted
  gp_XYZ low, high;
  std::vector<double> meshVolumes;  ///< mm³ by mesh; meaningful for closed ones
  std::vector<size_t> meshUses;
};

/// Reads a GLB as an independent reader would and refuses what glTF 2.0 or the project's bar does
/// not allow: lengths, bounds, alignment, min/max, unit normals, degenerate triangles, unused
/// objects, a node graph that is no tree. Throws Failure (70 `invalid_output`) naming `name`.
GlbFacts checkGlb(const std::string& bytes, const std::string& name);

}  // namespace stepworks
