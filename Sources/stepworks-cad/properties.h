#pragma once

#include "json.h"
#include "step_reader.h"

namespace stepworks {

/// The properties the file attaches to products and shapes (user-defined ones and validation
/// properties alike), as written there and in the file's own units:
/// [{"property": "…", "of": product name, "name": item, "value": number or text, "measure": …}].
/// At most 10,000; a last entry says how many were left out.
Json propertiesJson(const StepFile& file);

}  // namespace stepworks
