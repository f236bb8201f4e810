#pragma once

#include <gp_XYZ.hxx>
#include <map>
#include <string>
#include <vector>

#include "triangle_sums.h"

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
  size_t colours = 0;  ///< distinct base colours of materials that say they are a file's colour
  std::vector<TriangleSums> meshSums;  ///< by mesh, in its own coordinates
  std::vector<size_t> meshUses;
  std::vector<double> drawnVolumes;  ///< mm³ by mesh, over all nodes that draw it
  std::vector<double> drawnAreas;    ///< mm², likewise
  /// Names of the nodes by their place in the tree, "1.4.2": child numbers from the root.
  std::map<std::string, std::string> names;
};

/// Reads a GLB as an independent reader would and refuses what glTF 2.0 or the project's bar does
/// not allow: lengths, bounds, alignment, min/max, unit normals, degenerate triangles, unused
/// objects, a node graph that is no tree. Throws Failure (70 `invalid_output`) naming `name`.
GlbFacts checkGlb(const std::string& bytes, const std::string& name);

}  // namespace stepworks
