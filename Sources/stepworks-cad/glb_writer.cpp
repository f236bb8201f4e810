#include "glb_writer.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gp_Ax1.hxx>
#include <gp_Quaternion.hxx>

#include "colour.h"
#include "failure.h"
#include "glb_container.h"
#include "version.h"

namespace stepworks {

namespace {

constexpr int kArrayBuffer = 34962, kElementArrayBuffer = 34963;
constexpr int kUnsignedShort = 5123, kUnsignedInt = 5125, kFloat = 5126;
/// Index 65535 restarts a primitive in some interfaces and must not occur.
constexpr size_t kMaxShortVertices = 65535;
/// Linear light grey for faces the file gives no colour.
constexpr float kUncoloured = 0.6f;

bool looksLikeBareMetal(const Material& material) {
  const double r = encodedSrgb(material.red), g = encodedSrgb(material.green),
               b = encodedSrgb(material.blue);
  const double high = std::max({r, g, b}), low = std::min({r, g, b});
  return material.hasColour && material.alpha == 1 && high > 0.3 && high < 0.97 &&
         high - low < 0.15 * high;
}

std::string materialName(const Material& material) {
  if (!material.hasColour) return material.isDoubleSided ? "Uncoloured sheet" : "Uncoloured";
  const Quantity_ColorRGBA colour(material.red, material.green, material.blue, material.alpha);
  return "Colour " + colourCode(colour) + (material.isDoubleSided ? " sheet" : "");
}

Json materialJson(const Material& material) {
  const bool isMetal = looksLikeBareMetal(material);
  Json json = {{"name", materialName(material)}};
  const float grey = kUncoloured;
  Json colour = material.hasColour
                    ? Json{material.red, material.green, material.blue, material.alpha}
                    : Json{grey, grey, grey, 1.0f};
  json["pbrMetallicRoughness"] = {{"baseColorFactor", colour},
                                  {"metallicFactor", isMetal ? 0.5 : 0.0},
                                  {"roughnessFactor", isMetal ? 0.35 : 0.5}};
  if (material.hasColour && material.alpha < 1) json["alphaMode"] = "BLEND";
  if (material.isDoubleSided) json["doubleSided"] = true;
  return json;
}

/// Four stretches of the binary chunk, each one bufferView shared by many accessors.
class BinaryChunk {
 public:
  size_t addVectors(const std::vector<float>& values, bool withBounds) {
    std::string& bytes = withBounds ? positions_ : normals_;
    Json accessor = {{"bufferView", withBounds ? 0 : 1},
                     {"byteOffset", bytes.size()},
                     {"componentType", kFloat},
                     {"count", values.size() / 3},
                     {"type", "VEC3"}};
    if (withBounds) {
      float low[3] = {values[0], values[1], values[2]}, high[3] = {values[0], values[1], values[2]};
      for (size_t i = 0; i < values.size(); ++i) {
        low[i % 3] = std::min(low[i % 3], values[i]);
        high[i % 3] = std::max(high[i % 3], values[i]);
      }
      accessor["min"] = {low[0], low[1], low[2]};
      accessor["max"] = {high[0], high[1], high[2]};
    }
    append(bytes, values.data(), values.size() * sizeof(float));
    return add(accessor);
  }

  size_t addIndices(const std::vector<uint32_t>& indices, size_t vertices) {
    const bool isShort = vertices <= kMaxShortVertices;
    std::string& bytes = isShort ? shorts_ : ints_;
    const Json accessor = {{"bufferView", isShort ? 2 : 3},
                           {"byteOffset", bytes.size()},
                           {"componentType", isShort ? kUnsignedShort : kUnsignedInt},
                           {"count", indices.size()},
                           {"type", "SCALAR"}};
    if (isShort) {
      const std::vector<uint16_t> narrow(indices.begin(), indices.end());
      append(bytes, narrow.data(), narrow.size() * sizeof(uint16_t));
    } else {
      append(bytes, indices.data(), indices.size() * sizeof(uint32_t));
    }
    return add(accessor);
  }

  /// Puts accessors, bufferViews and buffers into `root` and returns the chunk.
  std::string finish(Json& root) {
    std::string chunk;
    int viewIndex[4] = {-1, -1, -1, -1};
    Json views = Json::array();
    const std::string* stretches[4] = {&positions_, &normals_, &shorts_, &ints_};
    for (size_t i = 0; i < 4; ++i) {
      if (stretches[i]->empty()) continue;
      viewIndex[i] = static_cast<int>(views.size());
      Json view = {
          {"buffer", 0}, {"byteOffset", chunk.size()}, {"byteLength", stretches[i]->size()}};
      if (i < 2) view["byteStride"] = 3 * sizeof(float);
      view["target"] = i < 2 ? kArrayBuffer : kElementArrayBuffer;
      views.push_back(view);
      chunk += *stretches[i];
      chunk.resize((chunk.size() + 3) / 4 * 4, '\0');
    }
    for (Json& accessor : accessors_) {
      accessor["bufferView"] = viewIndex[accessor["bufferView"].get<size_t>()];
    }
    root["accessors"] = accessors_;
    root["bufferViews"] = views;
    root["buffers"] = {{{"byteLength", chunk.size()}}};
    return chunk;
  }

 private:
  static void append(std::string& bytes, const void* data, size_t size) {
    bytes.append(static_cast<const char*>(data), size);
  }
  size_t add(const Json& accessor) {
    accessors_.push_back(accessor);
    return accessors_.size() - 1;
  }

  Json accessors_ = Json::array();
  std::string positions_, normals_, shorts_, ints_;
};

/// Below a root everything stays in mm and Z-up; the root turns it into metres and Y-up.
void addPlacement(Json& node, const gp_Trsf& placement, bool isRoot) {
  gp_Trsf toYUp;
  if (isRoot) toYUp.SetRotation(gp_Ax1(gp_Pnt(), gp::DX()), -M_PI / 2);
  const double scale = isRoot ? 0.001 : 1;
  const gp_Trsf whole = toYUp * placement;
  const gp_XYZ shift = whole.TranslationPart() * scale;
  if (whole.IsNegative() || std::abs(std::abs(whole.ScaleFactor()) - 1) > 1e-9) {
    Json matrix = Json::array();
    for (int column = 1; column <= 3; ++column) {
      for (int row = 1; row <= 3; ++row) matrix.push_back(whole.Value(row, column) * scale);
      matrix.push_back(0);
    }
    for (const double value : {shift.X(), shift.Y(), shift.Z(), 1.0}) matrix.push_back(value);
    node["matrix"] = matrix;
    return;
  }
  gp_Quaternion turn = whole.GetRotation();
  turn.Normalize();
  if (shift.SquareModulus() > 0) node["translation"] = {shift.X(), shift.Y(), shift.Z()};
  if (std::abs(turn.W()) < 1) node["rotation"] = {turn.X(), turn.Y(), turn.Z(), turn.W()};
  if (isRoot) node["scale"] = {scale, scale, scale};
}

Json nodesJson(const ProductTree& tree, const GlbModel& model) {
  Json nodes = Json::array();
  for (size_t i = 0; i < tree.occurrences.size(); ++i) {
    const Occurrence& occurrence = tree.occurrences[i];
    Json node = {{"name", occurrence.name}};
    addPlacement(node, occurrence.placement, occurrence.depth == 0);
    if (model.meshOfOccurrence[i] >= 0) node["mesh"] = model.meshOfOccurrence[i];
    if (!occurrence.children.empty()) node["children"] = occurrence.children;
    node["extras"] = {{"occurrence", occurrence.name},
                      {"product", tree.products[occurrence.product].name},
                      {"path_id", occurrence.pathId}};
    nodes.push_back(std::move(node));
  }
  return nodes;
}

Json assetJson(const Request& request, const MeshSettings& settings) {
  Json extras = {{"tool", kToolName},
                 {"version", kToolVersion},
                 {"opencascade", kKernelVersion},
                 {"parameters",
                  {{"preset", settings.preset},
                   {"chord_mm", settings.chordMm},
                   {"angle_degrees", settings.angleDegrees}}}};
  if (request.triangleBudget) extras["parameters"]["triangle_budget"] = *request.triangleBudget;
  if (request.byteBudget) extras["parameters"]["byte_budget"] = *request.byteBudget;
  // Not the digest of the bytes: two exports of one design give one file.
  if (!request.inputSemanticSha256.empty()) {
    extras["input_semantic_sha256"] = request.inputSemanticSha256;
  }
  if (!request.derivationKey.empty()) extras["derivation_key"] = request.derivationKey;
  return {{"version", "2.0"},
          {"generator",
           std::string(kToolName) + " " + kToolVersion + " (OpenCASCADE " + kKernelVersion + ")"},
          {"extras", extras}};
}

}  // namespace

std::string serialiseGlb(const ProductTree& tree, const GlbModel& model, const Request& request,
                         const MeshSettings& settings) {
  BinaryChunk binary;
  Json meshes = Json::array();
  for (const Mesh& mesh : model.meshes) {
    const Product& product = tree.products[mesh.product];
    Json primitives = Json::array();
    for (const Primitive& primitive : mesh.primitives) {
      Json json;
      json["attributes"]["POSITION"] = binary.addVectors(primitive.positions, true);
      json["attributes"]["NORMAL"] = binary.addVectors(primitive.normals, false);
      json["indices"] = binary.addIndices(primitive.indices, primitive.vertexCount());
      json["material"] = primitive.material;
      json["mode"] = 4;
      primitives.push_back(json);
    }
    meshes.push_back({{"name", product.name},
                      {"primitives", primitives},
                      {"extras", {{"product", product.name}}}});
  }
  Json root;
  root["asset"] = assetJson(request, settings);
  root["scene"] = 0;
  root["scenes"] = {{{"name", tree.occurrences[tree.roots.front()].name}, {"nodes", tree.roots}}};
  root["nodes"] = nodesJson(tree, model);
  root["meshes"] = meshes;
  root["materials"] = Json::array();
  for (const Material& material : model.materials)
    root["materials"].push_back(materialJson(material));
  const std::string chunk = binary.finish(root);

  std::string bytes = packGlb(root, chunk);
  if (bytes.empty()) {
    throw invalidInput(request.sourceName +
                       " would become a GLB of more than 4 GiB; ask for a coarser preset.");
  }
  return bytes;
}

}  // namespace stepworks
