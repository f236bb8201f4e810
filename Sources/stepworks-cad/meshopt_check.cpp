#include "meshopt_check.h"

#include <meshoptimizer.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "failure.h"
#include "glb_container.h"
#include "glb_reader.h"

namespace stepworks {

namespace {

constexpr const char* kExtension = "EXT_meshopt_compression";
/// Octahedra of 12 bits are off by 0.05° at most.
constexpr double kMaxNormalDegrees = 0.1;

using Triangle = std::array<uint32_t, 3>;

[[noreturn]] void fail(const std::string& name, const std::string& what) {
  throw invalidOutput(name + " failed its check: " + what + "; report this with the source.");
}

uint32_t word(const std::string& bytes, size_t offset) {
  uint32_t value = 0;
  if (offset + sizeof value <= bytes.size()) {
    std::memcpy(&value, bytes.data() + offset, sizeof value);
  }
  return value;
}

/// Three floats a normal, of unit length: the form of the master.
std::string floatNormals(const std::string& shorts) {
  std::string floats(shorts.size() / 8 * 12, '\0');
  for (size_t i = 0; i < shorts.size() / 8; ++i) {
    int16_t xyz[4];
    std::memcpy(xyz, shorts.data() + i * 8, sizeof xyz);
    const double length = std::hypot(xyz[0], xyz[1], xyz[2]);
    for (size_t axis = 0; axis < 3; ++axis) {
      const auto value = static_cast<float>(xyz[axis] / length);
      std::memcpy(&floats[i * 12 + axis * 4], &value, sizeof value);
    }
  }
  return floats;
}

/// A bufferView's content, filters undone. `json` is its extension.
std::string decoded(const std::string& chunk, const Json& json, const std::string& name) {
  const size_t offset = json.at("byteOffset"), size = json.at("byteLength");
  const size_t stride = json.at("byteStride"), count = json.at("count");
  if (offset + size > chunk.size()) fail(name, "a compressed stream is out of bounds");
  const auto* stream = reinterpret_cast<const unsigned char*>(chunk.data()) + offset;
  std::string plain(count * stride, '\0');
  const bool isTriangles = json.at("mode") == "TRIANGLES";
  const int problem = isTriangles
                          ? meshopt_decodeIndexBuffer(plain.data(), count, stride, stream, size)
                          : meshopt_decodeVertexBuffer(plain.data(), count, stride, stream, size);
  if (problem != 0) fail(name, "a compressed stream cannot be decoded");
  const std::string filter = json.value("filter", "NONE");
  if (filter == "EXPONENTIAL") meshopt_decodeFilterExp(plain.data(), count, stride);
  if (filter == "OCTAHEDRAL") {
    meshopt_decodeFilterOct(plain.data(), count, stride);
    return floatNormals(plain);
  }
  return plain;
}

/// The same scene without compression, in the master's layout.
std::string decompressed(const std::string& bytes, const std::string& name) {
  const size_t textSize = word(bytes, 12);
  if (28 + textSize > bytes.size()) fail(name, "the JSON chunk is wrong");
  Json root = Json::parse(bytes.substr(20, textSize), nullptr, false);
  if (!root.is_object()) fail(name, "the JSON chunk is wrong");
  const std::string chunk = bytes.substr(28 + textSize);
  std::string binary;
  for (Json& view : root.at("bufferViews")) {
    const Json extension = view.at("extensions").at(kExtension);
    const std::string plain = decoded(chunk, extension, name);
    if (extension.value("filter", "") == "OCTAHEDRAL") view["byteStride"] = 12;
    view["buffer"] = 0;
    view["byteOffset"] = binary.size();
    view["byteLength"] = plain.size();
    view.erase("extensions");
    binary += plain;
    binary.resize((binary.size() + 3) / 4 * 4, '\0');
  }
  for (Json& accessor : root.at("accessors")) {
    if (accessor.at("componentType") != 5122) continue;
    accessor["componentType"] = 5126;
    accessor["byteOffset"] = accessor.at("byteOffset").get<size_t>() / 8 * 12;
  }
  root["buffers"] = {{{"byteLength", binary.size()}}};
  return packGlb(root, binary);
}

/// Corners in an order that depends on the triangle only, not on its first corner.
std::vector<Triangle> sortedTriangles(const std::vector<uint32_t>& corners) {
  std::vector<Triangle> triangles;
  for (size_t i = 0; i + 2 < corners.size(); i += 3) {
    Triangle t{corners[i], corners[i + 1], corners[i + 2]};
    std::rotate(t.begin(), std::min_element(t.begin(), t.end()), t.end());
    triangles.push_back(t);
  }
  std::sort(triangles.begin(), triangles.end());
  return triangles;
}

struct Differences {
  double positionMm = 0, normalDegrees = 0;
  size_t triangles = 0, vertices = 0;
};

void compare(GlbReader& master, GlbReader& variant, const Json& primitive,
             const std::vector<uint32_t>& places, Differences& worst, const std::string& name) {
  const size_t positions = primitive.at("attributes").at("POSITION");
  const size_t normals = primitive.at("attributes").at("NORMAL");
  const auto from = master.vectors(positions), to = variant.vectors(positions);
  const auto fromNormals = master.vectors(normals), toNormals = variant.vectors(normals);
  if (from.size() != to.size() || toNormals.size() != to.size() || places.size() != to.size()) {
    fail(name, "it lost vertices");
  }
  for (size_t i = 0; i < from.size(); ++i) {
    const size_t k = places[i];
    worst.positionMm = std::max(worst.positionMm, (from[i] - to[k]).Modulus());
    const gp_XYZ &exact = fromNormals[i], &stored = toNormals[k];
    const double angle = std::atan2(exact.Crossed(stored).Modulus(), exact.Dot(stored));
    worst.normalDegrees = std::max(worst.normalDegrees, angle * 180 / M_PI);
  }
  std::vector<uint32_t> corners = master.indices(primitive.at("indices"));
  for (uint32_t& corner : corners) corner = places.at(corner);
  if (sortedTriangles(corners) != sortedTriangles(variant.indices(primitive.at("indices")))) {
    fail(name, "its triangles are not the master's");
  }
  worst.triangles += corners.size() / 3;
  worst.vertices += from.size();
}

}  // namespace

Json checkVariant(const MeshoptVariant& variant, const std::string& bytes,
                  const std::string& master, const std::string& name, double chordMm) {
  try {
    const std::string plain = decompressed(bytes, name);
    GlbReader masterReader(master, name), variantReader(plain, name);
    Differences worst;
    size_t index = 0;
    for (const Json& mesh : masterReader.root().at("meshes")) {
      for (const Json& primitive : mesh.at("primitives")) {
        compare(masterReader, variantReader, primitive, variant.places.at(index++), worst, name);
      }
    }
    for (const char* key : {"nodes", "meshes", "materials", "scenes"}) {
      if (masterReader.root().at(key) != variantReader.root().at(key)) {
        fail(name, std::string("its ") + key + " are not the master's");
      }
    }
    // On a model so large that the grid is wider than wanted, the grid decides.
    const double tolerance =
        std::max(kPositionShareOfChord * chordMm, variant.stepMm * std::sqrt(3.0) / 2);
    if (!(worst.positionMm <= tolerance) || !(worst.normalDegrees <= kMaxNormalDegrees)) {
      fail(name, "it is farther from the master than its tolerance");
    }
    return {{"codec", "meshopt"},
            {"bytes", bytes.size()},
            {"ratio", static_cast<double>(bytes.size()) / static_cast<double>(master.size())},
            {"triangles", worst.triangles},
            {"vertices", worst.vertices},
            {"position_step_mm", variant.stepMm},
            {"max_position_difference_mm", worst.positionMm},
            {"position_tolerance_mm", tolerance},
            {"max_normal_difference_degrees", worst.normalDegrees},
            {"normal_tolerance_degrees", kMaxNormalDegrees}};
  } catch (const Json::exception& problem) {
    fail(name, problem.what());
  }
}

}  // namespace stepworks
