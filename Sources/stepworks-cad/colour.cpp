#include "colour.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace stepworks {

double encodedSrgb(double linear) {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

std::string colourCode(const Quantity_ColorRGBA& colour) {
  const auto byte = [](double value) {
    return static_cast<unsigned>(std::lround(std::clamp(value, 0.0, 1.0) * 255));
  };
  const Quantity_Color& rgb = colour.GetRGB();
  char text[16];
  std::snprintf(text, sizeof text, "#%02X%02X%02X", byte(encodedSrgb(rgb.Red())),
                byte(encodedSrgb(rgb.Green())), byte(encodedSrgb(rgb.Blue())));
  std::string code = text;
  if (colour.Alpha() < 1) {
    std::snprintf(text, sizeof text, "%02X", byte(static_cast<double>(colour.Alpha())));
    code += text;
  }
  return code;
}

}  // namespace stepworks
