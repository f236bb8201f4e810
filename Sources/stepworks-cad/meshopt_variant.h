#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stepworks {

/// A GLB compressed with EXT_meshopt_compression, and how its vertices lie.
struct MeshoptVariant {
  std::string bytes;
  /// Positions lie on a grid of this step, a power of two; the same for all meshes, so that edges
  /// that met still meet.
  double stepMm = 0;
  /// By primitive, in the order of the file: where each vertex of the master went.
  std::vector<std::vector<uint32_t>> places;
};

/// Largest distance a compressed position may be off, as a share of the chord.
inline constexpr double kPositionShareOfChord = 0.1;

/// Compresses a GLB that checkGlb has passed: positions on the grid as 32-bit floats again
/// (exponential filter), normals as 16-bit octahedra of 12 bits (KHR_mesh_quantization), triangles
/// and vertices reordered so that they compress. There is no uncompressed fallback, so readers
/// must know both extensions. The same master gives the same bytes.
/// Throws Failure (70 `invalid_output`) naming `name` when the master cannot be read.
MeshoptVariant compressGlb(const std::string& master, const std::string& name, double chordMm);

}  // namespace stepworks
