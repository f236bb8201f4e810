#include "glb_container.h"

#include <cstdint>

namespace stepworks {

namespace {

void append32(std::string& bytes, size_t value) {
  const auto narrow = static_cast<uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8)
    bytes.push_back(static_cast<char>(narrow >> shift & 0xff));
}

}  // namespace

std::string packGlb(const Json& root, const std::string& binary) {
  std::string text = dump(root);
  text.resize((text.size() + 3) / 4 * 4, ' ');
  const size_t padding = (4 - binary.size() % 4) % 4;
  const size_t total = 12 + 8 + text.size() + 8 + binary.size() + padding;
  if (total > UINT32_MAX) return "";
  std::string bytes = "glTF";
  append32(bytes, 2);
  append32(bytes, total);
  append32(bytes, text.size());
  bytes += "JSON" + text;
  append32(bytes, binary.size() + padding);
  bytes += std::string("BIN\0", 4) + binary + std::string(padding, '\0');
  return bytes;
}

}  // namespace stepworks
