#pragma once

#include <Quantity_ColorRGBA.hxx>
#include <string>

namespace stepworks {

/// A linear colour component (0…1) as sRGB displays encode it (0…1).
double encodedSrgb(double linear);

/// "#RRGGBB" as sRGB, or "#RRGGBBAA" when not opaque.
std::string colourCode(const Quantity_ColorRGBA& colour);

}  // namespace stepworks
