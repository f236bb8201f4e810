#include "glb_check.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <gp_GTrsf.hxx>
#include <gp_Mat.hxx>
#include <gp_Quaternion.hxx>

#include "failure.h"
#include "json.h"

namespace stepworks {

namespace {

constexpr double kUnitTolerance = 1e-5;

uint32_t word(const std::string& bytes, size_t offset) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

class Checker {
 public:
  Checker(const std::string& bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  GlbFacts run() {
    readChunks();
    checkViews();
    facts_.meshes = root_.at("meshes").size();
    facts_.materials = root_.at("materials").size();
    facts_.meshUses.assign(facts_.meshes, 0);
    accessorUsed_.assign(root_.at("accessors").size(), false);
    materialUsed_.assign(facts_.materials, false);
    for (const Json& mesh : root_.at("meshes")) checkMesh(mesh);
    checkNodes();
    const auto all = [](const std::vector<bool>& flags) {
      return std::all_of(flags.begin(), flags.end(), [](bool flag) { return flag; });
    };
    require(all(accessorUsed_), "an accessor is unused");
    require(all(viewUsed_), "a bufferView is unused");
    require(all(materialUsed_), "a material is unused");
    for (const size_t uses : facts_.meshUses) require(uses > 0, "a mesh is unused");
    require(facts_.drawnTriangles > 0, "no triangle is drawn");
    return std::move(facts_);
  }

 private:
  void require(bool condition, const char* what) const {
    if (!condition)
      throw invalidOutput(name_ + " failed its check: " + what + "; report this with the source.");
  }

  void readChunks() {
    require(bytes_.size() >= 28 && bytes_.compare(0, 4, "glTF") == 0, "the header is wrong");
    require(word(bytes_, 4) == 2 && word(bytes_, 8) == bytes_.size(), "the length is wrong");
    const size_t textSize = word(bytes_, 12);
    require(
        bytes_.compare(16, 4, "JSON") == 0 && textSize % 4 == 0 && 28 + textSize <= bytes_.size(),
        "the JSON chunk is wrong");
    root_ =
        Json::parse(bytes_.begin() + 20,
                    bytes_.begin() + 20 + static_cast<std::ptrdiff_t>(textSize), nullptr, false);
    require(root_.is_object() && root_.at("asset").at("version") == "2.0",
            "the JSON is no glTF 2.0");
    const size_t header = 20 + textSize;
    binarySize_ = word(bytes_, header);
    binary_ = header + 8;
    require(std::memcmp(bytes_.data() + header + 4, "BIN\0", 4) == 0 && binarySize_ % 4 == 0 &&
                binary_ + binarySize_ == bytes_.size(),
            "the binary chunk is wrong");
    require(root_.at("buffers").size() == 1 && root_["buffers"][0].at("byteLength") == binarySize_,
            "the buffer is wrong");
  }

  void checkViews() {
    for (const Json& view : root_.at("bufferViews")) {
      const size_t offset = view.at("byteOffset"), length = view.at("byteLength");
      require(offset % 4 == 0 && length > 0 && offset + length <= binarySize_,
              "a bufferView is out of bounds");
    }
    viewUsed_.assign(root_["bufferViews"].size(), false);
  }

  /// The accessor's first byte in the file, after checking that all of it lies inside its view.
  size_t locate(size_t index, const char* type, size_t elementSize, size_t& count) {
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

  std::vector<gp_XYZ> vectors(size_t index) {
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

  std::vector<uint32_t> indices(size_t index) {
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

  void checkBounds(const Json& accessor, const std::vector<gp_XYZ>& points) const {
    for (int axis = 1; axis <= 3; ++axis) {
      double low = points[0].Coord(axis), high = low;
      for (const gp_XYZ& point : points) {
        low = std::min(low, point.Coord(axis));
        high = std::max(high, point.Coord(axis));
      }
      const auto at = static_cast<size_t>(axis - 1);
      require(accessor.at("min").at(at).get<double>() == low &&
                  accessor.at("max").at(at).get<double>() == high,
              "min and max of positions are not exact");
    }
  }

  void checkMesh(const Json& mesh) {
    double volume = 0;
    std::vector<gp_XYZ> all;
    size_t triangles = 0;
    gp_XYZ origin;
    require(!mesh.at("primitives").empty(), "a mesh is empty");
    for (const Json& primitive : mesh.at("primitives")) {
      const size_t positions = primitive.at("attributes").at("POSITION");
      const std::vector<gp_XYZ> points = vectors(positions);
      const std::vector<gp_XYZ> normals = vectors(primitive.at("attributes").at("NORMAL"));
      const std::vector<uint32_t> corners = indices(primitive.at("indices"));
      checkBounds(root_["accessors"][positions], points);
      require(normals.size() == points.size(), "normals are missing");
      for (const gp_XYZ& normal : normals) {
        require(std::abs(normal.Modulus() - 1) < kUnitTolerance, "a normal is not of unit length");
      }
      const size_t material = primitive.at("material");
      require(material < materialUsed_.size(), "a material is missing");
      materialUsed_[material] = true;
      require(corners.size() % 3 == 0, "the indices are no triangles");
      // Volume from a nearby origin: far from 0 the terms would cancel badly.
      if (all.empty()) origin = points[0];
      for (size_t i = 0; i < corners.size(); i += 3) {
        require(std::max({corners[i], corners[i + 1], corners[i + 2]}) < points.size(),
                "an index is out of bounds");
        const gp_XYZ a = points[corners[i]] - origin, b = points[corners[i + 1]] - origin,
                     c = points[corners[i + 2]] - origin;
        require((b - a).Crossed(c - a).SquareModulus() > 0, "a triangle is degenerate");
        volume += a.Dot(b.Crossed(c)) / 6;
      }
      triangles += corners.size() / 3;
      all.insert(all.end(), points.begin(), points.end());
    }
    facts_.storedVertices += all.size();
    facts_.storedTriangles += triangles;
    facts_.meshVolumes.push_back(volume);
    points_.push_back(std::move(all));
    triangles_.push_back(triangles);
  }

  static gp_GTrsf placement(const Json& node) {
    gp_Mat linear;
    linear.SetIdentity();
    gp_XYZ shift;
    if (node.contains("matrix")) {
      const Json& m = node["matrix"];
      for (int column = 1; column <= 3; ++column) {
        for (int row = 1; row <= 3; ++row) {
          linear.SetValue(row, column,
                          m.at(static_cast<size_t>((column - 1) * 4 + row - 1)).get<double>());
        }
      }
      shift.SetCoord(m.at(12).get<double>(), m.at(13).get<double>(), m.at(14).get<double>());
      return {linear, shift};
    }
    if (node.contains("rotation")) {
      const Json& q = node["rotation"];
      linear = gp_Quaternion(q.at(0).get<double>(), q.at(1).get<double>(), q.at(2).get<double>(),
                             q.at(3).get<double>())
                   .GetMatrix();
    }
    if (node.contains("scale")) linear.Multiply(node["scale"].at(0).get<double>());
    if (node.contains("translation")) {
      const Json& t = node["translation"];
      shift.SetCoord(t.at(0).get<double>(), t.at(1).get<double>(), t.at(2).get<double>());
    }
    return {linear, shift};
  }

  void checkNodes() {
    const Json& nodes = root_.at("nodes");
    facts_.nodes = nodes.size();
    std::vector<bool> seen(nodes.size(), false);
    std::vector<std::pair<size_t, gp_GTrsf>> stack;
    const auto visit = [&](size_t index, const gp_GTrsf& parent) {
      require(index < nodes.size() && !seen[index], "the nodes are no tree");
      seen[index] = true;
      stack.emplace_back(index, parent.Multiplied(placement(nodes[index])));
    };
    require(root_.at("scenes").size() == 1, "there is not one scene");
    for (const Json& root : root_["scenes"][0].at("nodes")) visit(root, gp_GTrsf());
    while (!stack.empty()) {
      const auto [index, world] = stack.back();
      stack.pop_back();
      const Json& node = nodes[index];
      require(!node.value("name", "").empty(), "a node has no name");
      if (node.contains("mesh")) addInstance(node["mesh"], world);
      if (node.contains("children")) {
        for (const Json& child : node["children"]) visit(child, world);
      }
    }
    require(std::find(seen.begin(), seen.end(), false) == seen.end(), "a node is not in the scene");
  }

  void addInstance(size_t mesh, const gp_GTrsf& world) {
    require(mesh < points_.size(), "a mesh is missing");
    for (const gp_XYZ& point : points_[mesh]) {
      gp_XYZ at = point;
      world.Transforms(at);
      // Metres and Y-up back to millimetres and Z-up.
      const gp_XYZ mm(at.X() * 1000, -at.Z() * 1000, at.Y() * 1000);
      const bool isFirst = facts_.meshNodes == 0 && &point == &points_[mesh].front();
      for (int axis = 1; axis <= 3; ++axis) {
        const double value = mm.Coord(axis);
        if (isFirst || value < facts_.low.Coord(axis)) facts_.low.SetCoord(axis, value);
        if (isFirst || value > facts_.high.Coord(axis)) facts_.high.SetCoord(axis, value);
      }
    }
    ++facts_.meshNodes;
    ++facts_.meshUses[mesh];
    facts_.drawnTriangles += triangles_[mesh];
  }

  const std::string& bytes_;
  const std::string& name_;
  Json root_;
  size_t binary_ = 0, binarySize_ = 0;
  GlbFacts facts_;
  std::vector<bool> accessorUsed_, viewUsed_, materialUsed_;
  std::vector<std::vector<gp_XYZ>> points_;
  std::vector<size_t> triangles_;
};

}  // namespace

GlbFacts checkGlb(const std::string& bytes, const std::string& name) {
  try {
    return Checker(bytes, name).run();
  } catch (const Json::exception& problem) {
    throw invalidOutput(name + " failed its check (" + problem.what() +
                        "); report this with the source.");
  }
}

}  // namespace stepworks
