#pragma once

#include "json.h"
#include "step_reader.h"

namespace stepworks {

/// The HEADER section: {"file_name", "time_stamp", "author", "organisation", …}; what the file left
/// empty is null with a reason.
Json headerJson(const StepFile& file);

/// {"identifier": as written, "name": "AP203" | "AP214" | "AP242" | … or null with a reason}.
Json schemaJson(const StepFile& file);

/// {"length": "millimetre", "length_declared": true, "mm_per_unit": 1, "angle": "radian"}.
Json unitsJson(const StepFile& file);

}  // namespace stepworks
