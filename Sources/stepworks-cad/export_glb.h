#pragma once

#include "json.h"
#include "request.h"

namespace stepworks {

/// Writes `<name>.glb` into the working directory, reads it back, checks it and measures it against
/// the B-rep. Returns the run's result. Throws Failure.
Json exportGlb(const Request& request);

}  // namespace stepworks
