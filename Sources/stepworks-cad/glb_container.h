#pragma once

#include <string>

#include "json.h"

namespace stepworks {

/// The bytes of a binary glTF 2.0: header, JSON chunk, binary chunk, each padded to 4 bytes. Empty
/// when it would exceed the 4 GiB that the format can count.
std::string packGlb(const Json& root, const std::string& binary);

}  // namespace stepworks
