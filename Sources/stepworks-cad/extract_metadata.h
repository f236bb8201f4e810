#pragma once

#include "json.h"
#include "request.h"

namespace stepworks {

/// Writes `<name>.metadata.json` into the working directory, reads it back and checks it.
/// Returns the run's result. Throws Failure.
Json extractMetadata(const Request& request);

}  // namespace stepworks
