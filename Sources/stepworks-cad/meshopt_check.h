#pragma once

#include <string>

#include "json.h"
#include "meshopt_variant.h"

namespace stepworks {

/// Decodes the variant's bytes and compares each vertex and each triangle with the master's.
/// Returns {"bytes", "ratio", "triangles", "vertices", "position_step_mm", greatest differences and
/// their tolerances}. Throws Failure (70 `invalid_output`) naming `name` when the variant cannot be
/// decoded, lost a triangle, or is off by more than its tolerance.
Json checkVariant(const MeshoptVariant& variant, const std::string& bytes,
                  const std::string& master, const std::string& name, double chordMm);

}  // namespace stepworks
