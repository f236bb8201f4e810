#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "json.h"

namespace stepworks {

/// What one run has to do. Every field is checked: nothing unknown and nothing of a wrong type
/// comes this far.
struct Request {
  enum class Operation { extractMetadata, exportGlb };

  Operation operation = Operation::extractMetadata;
  std::string source;        ///< path of the STEP file
  std::string sourceName;    ///< last component of it, for sentences
  std::string name;          ///< base name of the outputs
  /// Digest of the file's bytes; 64 lower-case hex digits, or empty: not given.
  std::string sourceSha256;
  /// Digest of what the file says, whatever its layout and header: equal for files that must give
  /// the same mesh. 64 lower-case hex digits, or empty: not given.
  std::string inputSemanticSha256;
  /// Digest of everything that determines the output; 64 lower-case hex digits, or empty: not given.
  std::string derivationKey;

  std::optional<double> densityKgPerM3;

  std::string preset = "production";
  std::optional<double> chordMm;
  std::optional<double> angleDegrees;
  std::optional<uint64_t> triangleBudget;  ///< triangles as drawn, every instance counted
  std::optional<uint64_t> byteBudget;      ///< bytes of the GLB
  bool wantsMeshopt = false;      ///< a compressed variant beside the GLB
  bool failsOnDeviation = false;  ///< else a difference beyond its tolerance is a warning
};

/// Reads a request file. Throws Failure: 66 when it cannot be read, 64 when it is not a request.
Request readRequest(const std::string& path);

}  // namespace stepworks
