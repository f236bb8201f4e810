#pragma once

#include <cstdint>
#include <gp_XYZ.hxx>
#include <string>
#include <vector>

#include "json.h"

namespace stepworks {

/// Takes a GLB apart without trusting it. Every doubt throws Failure (70 `invalid_output`) naming
/// the file; a missing JSON key throws Json::exception.
class GlbReader {
 public:
  /// Reads the header, the JSON and the binary chunk. Keeps references to both arguments.
  GlbReader(const std::string& bytes, const std::string& name);

  const Json& root() const { return root_; }

  std::vector<gp_XYZ> vectors(size_t accessor);
  std::vector<uint32_t> indices(size_t accessor);

  /// Refuses accessors and bufferViews that nothing has read.
  void requireAllUsed() const;

  void require(bool condition, const char* what) const;

 private:
  void readChunks();
  void checkViews();
  /// The accessor's first byte in the file, after checking that all of it lies inside its view.
  size_t locate(size_t index, const char* type, size_t elementSize, size_t& count);

  const std::string& bytes_;
  const std::string& name_;
  Json root_;
  size_t binary_ = 0;  ///< where the binary chunk's content begins
  size_t binarySize_ = 0;
  std::vector<bool> accessorUsed_;
  std::vector<bool> viewUsed_;
};

}  // namespace stepworks
