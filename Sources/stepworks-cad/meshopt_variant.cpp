#include "meshopt_variant.h"

#include <meshoptimizer.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "glb_container.h"
#include "glb_reader.h"

namespace stepworks {

namespace {

constexpr const char* kExtension = "EXT_meshopt_compression";
constexpr int kShort = 5122;
constexpr size_t kPositionBytes = 12, kNormalBytes = 8;
constexpr int kNormalBits = 12;
/// An exponentially stored number has 24 bits with its sign.
constexpr double kMaxSteps = 8'388'607;

/// One stretch of the file's buffer: a bufferView that several accessors share.
struct Stretch {
  std::string bytes;  ///< as the codec takes them
  size_t stride = 0;
  const char* mode = "";
  const char* filter = "";
  std::vector<uint32_t> indices;  ///< of triangles only
};

class Compressor {
 public:
  Compressor(const std::string& master, const std::string& name, double chordMm)
      : reader_(master, name), root_(reader_.root()), stretches_(root_.at("bufferViews").size()) {
    // The step's half, over three coordinates, must stay below the tolerance.
    const double largest = kPositionShareOfChord * chordMm * 2 / std::sqrt(3.0);
    exponent_ = static_cast<int>(std::floor(std::log2(largest)));
    while (reach() > kMaxSteps * std::ldexp(1, exponent_)) ++exponent_;
    variant_.stepMm = std::ldexp(1, exponent_);
  }

  MeshoptVariant run() {
    for (Json& mesh : root_["meshes"]) {
      for (const Json& primitive : mesh["primitives"]) compress(primitive);
    }
    const std::string binary = finish();
    for (const char* key : {"extensionsUsed", "extensionsRequired"}) {
      root_[key] = {kExtension, "KHR_mesh_quantization"};
    }
    root_["asset"]["extras"]["compression"] = {
        {"codec", "meshopt"}, {"position_step_mm", variant_.stepMm}, {"normal_bits", kNormalBits}};
    variant_.bytes = packGlb(root_, binary);
    return std::move(variant_);
  }

 private:
  double reach() const {
    double reach = 0;
    for (const Json& accessor : root_.at("accessors")) {
      if (!accessor.contains("max")) continue;
      for (const char* bound : {"min", "max"}) {
        for (const Json& value : accessor.at(bound)) {
          reach = std::max(reach, std::abs(value.get<double>()));
        }
      }
    }
    return reach;
  }

  /// The accessor's stretch; the accessor then begins at its present end.
  Stretch& extend(size_t accessor, size_t stride, const char* mode, const char* filter) {
    Stretch& stretch = stretches_[root_["accessors"][accessor]["bufferView"].get<size_t>()];
    stretch.stride = stride;
    stretch.mode = mode;
    stretch.filter = filter;
    const size_t elements =
        stretch.indices.empty() ? stretch.bytes.size() / stride : stretch.indices.size();
    root_["accessors"][accessor]["byteOffset"] = elements * stride;
    return stretch;
  }

  void compress(const Json& primitive) {
    const size_t positions = primitive.at("attributes").at("POSITION");
    const size_t normals = primitive.at("attributes").at("NORMAL");
    const size_t corners = primitive.at("indices");
    const std::vector<gp_XYZ> points = reader_.vectors(positions);
    const std::vector<uint32_t> master = reader_.indices(corners);

    std::vector<uint32_t> indices(master.size());
    meshopt_optimizeVertexCache(indices.data(), master.data(), master.size(), points.size());
    std::vector<uint32_t> places(points.size());
    meshopt_optimizeVertexFetchRemap(places.data(), indices.data(), indices.size(), points.size());
    meshopt_remapIndexBuffer(indices.data(), indices.data(), indices.size(), places.data());

    addPositions(positions, points, places);
    addNormals(normals, reader_.vectors(normals), places);
    const bool isShort = root_["accessors"][corners]["componentType"] == 5123;
    Stretch& stretch = extend(corners, isShort ? 2 : 4, "TRIANGLES", "NONE");
    stretch.indices.insert(stretch.indices.end(), indices.begin(), indices.end());
    variant_.places.push_back(std::move(places));
  }

  void addPositions(size_t accessor, const std::vector<gp_XYZ>& points,
                    const std::vector<uint32_t>& places) {
    Stretch& stretch = extend(accessor, kPositionBytes, "ATTRIBUTES", "EXPONENTIAL");
    const size_t start = stretch.bytes.size();
    stretch.bytes.resize(start + points.size() * kPositionBytes);
    double low[3], high[3];
    for (size_t i = 0; i < points.size(); ++i) {
      for (size_t axis = 0; axis < 3; ++axis) {
        const double exact = points[i].Coord(static_cast<Standard_Integer>(axis) + 1);
        const auto steps = static_cast<int32_t>(std::lround(std::ldexp(exact, -exponent_)));
        const uint32_t stored = (static_cast<uint32_t>(steps) & 0xffffff) |
                                static_cast<uint32_t>(exponent_) << 24;
        std::memcpy(&stretch.bytes[start + places[i] * kPositionBytes + axis * 4], &stored, 4);
        const double value = std::ldexp(steps, exponent_);
        low[axis] = i == 0 ? value : std::min(low[axis], value);
        high[axis] = i == 0 ? value : std::max(high[axis], value);
      }
    }
    root_["accessors"][accessor]["min"] = {low[0], low[1], low[2]};
    root_["accessors"][accessor]["max"] = {high[0], high[1], high[2]};
  }

  void addNormals(size_t accessor, const std::vector<gp_XYZ>& normals,
                  const std::vector<uint32_t>& places) {
    Stretch& stretch = extend(accessor, kNormalBytes, "ATTRIBUTES", "OCTAHEDRAL");
    std::vector<float> four(normals.size() * 4, 0);
    for (size_t i = 0; i < normals.size(); ++i) {
      for (size_t axis = 0; axis < 3; ++axis) {
        four[places[i] * 4 + axis] =
            static_cast<float>(normals[i].Coord(static_cast<Standard_Integer>(axis) + 1));
      }
    }
    std::string encoded(normals.size() * kNormalBytes, '\0');
    meshopt_encodeFilterOct(encoded.data(), normals.size(), kNormalBytes, kNormalBits,
                            four.data());
    stretch.bytes += encoded;
    root_["accessors"][accessor]["componentType"] = kShort;
    root_["accessors"][accessor]["normalized"] = true;
  }

  static std::string encoded(const Stretch& stretch) {
    std::vector<unsigned char> buffer;
    size_t size = 0;
    if (!stretch.indices.empty()) {
      // The extension allows this version only.
      meshopt_encodeIndexVersion(1);
      const uint32_t vertices =
          *std::max_element(stretch.indices.begin(), stretch.indices.end()) + 1;
      buffer.resize(meshopt_encodeIndexBufferBound(stretch.indices.size(), vertices));
      size = meshopt_encodeIndexBuffer(buffer.data(), buffer.size(), stretch.indices.data(),
                                       stretch.indices.size());
    } else {
      meshopt_encodeVertexVersion(0);
      const size_t count = stretch.bytes.size() / stretch.stride;
      buffer.resize(meshopt_encodeVertexBufferBound(count, stretch.stride));
      size = meshopt_encodeVertexBuffer(buffer.data(), buffer.size(), stretch.bytes.data(), count,
                                        stretch.stride);
    }
    return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)};
  }

  /// Describes the stretches in the JSON and returns the binary chunk.
  std::string finish() {
    const auto pad = [](size_t size) { return (size + 3) / 4 * 4; };
    std::string binary;
    size_t plain = 0;
    for (size_t i = 0; i < stretches_.size(); ++i) {
      const Stretch& stretch = stretches_[i];
      const bool isTriangles = !stretch.indices.empty();
      const size_t count =
          isTriangles ? stretch.indices.size() : stretch.bytes.size() / stretch.stride;
      const std::string stream = encoded(stretch);
      Json& view = root_["bufferViews"][i];
      view["buffer"] = 1;
      view["byteOffset"] = plain;
      view["byteLength"] = count * stretch.stride;
      if (!isTriangles) view["byteStride"] = stretch.stride;
      Json extension = {{"buffer", 0},
                        {"byteOffset", binary.size()},
                        {"byteLength", stream.size()},
                        {"byteStride", stretch.stride},
                        {"mode", stretch.mode},
                        {"count", count}};
      if (!isTriangles) extension["filter"] = stretch.filter;
      view["extensions"][kExtension] = extension;
      plain += pad(count * stretch.stride);
      binary += stream;
      binary.resize(pad(binary.size()), '\0');
    }
    Json fallback = {{"byteLength", plain}};
    fallback["extensions"][kExtension] = {{"fallback", true}};
    root_["buffers"] = Json::array({{{"byteLength", binary.size()}}, fallback});
    return binary;
  }

  GlbReader reader_;
  Json root_;
  int exponent_ = 0;
  std::vector<Stretch> stretches_;  // by bufferView
  MeshoptVariant variant_;
};

}  // namespace

MeshoptVariant compressGlb(const std::string& master, const std::string& name, double chordMm) {
  return Compressor(master, name, chordMm).run();
}

}  // namespace stepworks
