#pragma once

#include <string>

#include "json.h"

namespace stepworks {

/// Writes a deep-groove ball bearing 6204 (20 × 47 × 14 mm) as AP214: inner ring, outer ring with a
/// blue band on one side face, cage, and nine balls as instances of one. The same bytes each time.
/// Returns the run's result; throws Failure when the file cannot be written.
Json writeSampleBearing(const std::string& path);

}  // namespace stepworks
