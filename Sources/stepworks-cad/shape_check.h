#pragma once

#include <TopoDS_Shape.hxx>

#include "json.h"

namespace stepworks {

/// {"valid": true} or {"valid": false, "faults": [{"kind": "face", "shapes": 2, "status": […]}]}.
/// An invalid shape is reported, it is no failure; null with a reason when the check itself fails.
Json checkShape(const TopoDS_Shape& shape);

}  // namespace stepworks
