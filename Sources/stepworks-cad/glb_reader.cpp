#include "glb_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "failure.h"

namespace stepworks {

namespace {

uint32_t word(const std::string& bytes, size_t offset) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

}  // namespace

GlbReader::GlbReader(const std::string& bytes, const std::string& name)
    : bytes_(bytes), name_(name) {
  readChunks();
  checkViews();
  accessorUsed_.assign(root_.at("accessors").size(), false);
}

void GlbReader::require(bool condition, const char* what) const {
  if (condition) return;
  throw invalidOutput(name_ + " failed its check: " + what + "; report this with the source.");
}

void GlbReader::requireAllUsed() const {
  const auto all = [](const std::vector<bool>& flags) {
    return std::all_of(flags.begin(), flags.end(), [](bool flag) { return flag; });
  };
  require(all(accessorUsed_), "an accessor is unused");
  require(all(viewUsed_), "a bufferView is unused");
}

void GlbReader::readChunks() {
  require(bytes_.size() >= 28 && bytes_.compare(0, 4, "glTF") == 0, "the header is wrong");
  require(word(bytes_, 4) == 2 && word(bytes_, 8) == bytes_.size(), "the length is wrong");
  const size_t textSize = word(bytes_, 12);
  require(bytes_.compare(16, 4, "JSON") == 0 && textSize % 4 == 0 && 28 + textSize <= bytes_.size(),
          "the JSON chunk is wrong");
  root_ = Json::parse(bytes_.begin() + 20,
                      bytes_.begin() + 20 + static_cast<std::ptrdiff_t>(textSize), nullptr, false);
  require(root_.is_object() && root_.at("asset").at("version") == "2.0", "the JSON is no glTF 2.0");
  const size_t header = 20 + textSize;
  binarySize_ = word(bytes_, header);
  binary_ = header + 8;
  require(std::memcmp(bytes_.data() + header + 4, "BIN\0", 4) == 0 && binarySize_ % 4 == 0 &&
              binary_ + binarySize_ == bytes_.size(),
          "the binary chunk is wrong");
  require(root_.at("buffers").size() == 1 && root_["buffers"][0].at("byteLength") == binarySize_,
          "the buffer is wrong");
}

void GlbReader::checkViews() {
  for (const Json& view : root_.at("bufferViews")) {
    const size_t offset = view.at("byteOffset"), length = view.at("byteLength");
    require(offset % 4 == 0 && length > 0 && offset + length <= binarySize_,
            "a bufferView is out of bounds");
  }
  viewUsed_.assign(root_["bufferViews"].size(), false);
}

size_t GlbReader::locate(size_t index, const char* type, size_t elementSize, size_t& count) {
  require(index < accessorUsed_.size(), "an accessor is missing");
  accessorUsed_[index] = true;
  const Json& accessor = root_["accessors"][index];
  const size_t viewIndex = accessor.at("bufferView");
  require(viewIndex < viewUsed_.size() && accessor.at("type") == type, "an accessor is wrong");
  viewUsed_[viewIndex] = true;
  const Json& view = root_["bufferViews"][viewIndex];
  const size_t offset = accessor.at("byteOffset");
  count = accessor.at("count");
  const size_t component = elementSize == 12 ? 4 : elementSize;
  require(count > 0 && offset % component == 0 &&
              offset + count * elementSize <= view.at("byteLength").get<size_t>(),
          "an accessor is out of bounds");
  return binary_ + view.at("byteOffset").get<size_t>() + offset;
}

std::vector<gp_XYZ> GlbReader::vectors(size_t index) {
  size_t count = 0;
  const size_t start = locate(index, "VEC3", 12, count);
  require(root_["accessors"][index].at("componentType") == 5126, "a vector is not of floats");
  std::vector<gp_XYZ> result(count);
  for (size_t i = 0; i < count; ++i) {
    float xyz[3];
    std::memcpy(xyz, bytes_.data() + start + i * 12, sizeof xyz);
    require(std::isfinite(xyz[0]) && std::isfinite(xyz[1]) && std::isfinite(xyz[2]),
            "a number is not finite");
    result[i].SetCoord(xyz[0], xyz[1], xyz[2]);
  }
  return result;
}

std::vector<uint32_t> GlbReader::indices(size_t index) {
  require(index < accessorUsed_.size(), "an accessor is missing");
  const bool isShort = root_["accessors"][index].at("componentType") == 5123;
  require(isShort || root_["accessors"][index].at("componentType") == 5125,
          "indices have a wrong type");
  const size_t size = isShort ? 2 : 4;
  size_t count = 0;
  const size_t start = locate(index, "SCALAR", size, count);
  std::vector<uint32_t> result(count, 0);
  for (size_t i = 0; i < count; ++i)
    std::memcpy(&result[i], bytes_.data() + start + i * size, size);
  return result;
}

}  // namespace stepworks
