#include "glb_check.h"

#include <algorithm>
#include <cmath>
#include <gp_GTrsf.hxx>
#include <gp_Mat.hxx>
#include <gp_Quaternion.hxx>
#include <set>

#include "failure.h"
#include "glb_reader.h"
#include "json.h"

namespace stepworks {

namespace {

constexpr double kUnitTolerance = 1e-5;

class Checker {
 public:
  Checker(const std::string& bytes, const std::string& name)
      : file_(bytes, name), root_(file_.root()) {}

  GlbFacts run() {
    facts_.meshes = root_.at("meshes").size();
    facts_.materials = root_.at("materials").size();
    facts_.meshUses.assign(facts_.meshes, 0);
    facts_.drawnVolumes.assign(facts_.meshes, 0);
    facts_.drawnAreas.assign(facts_.meshes, 0);
    countColours();
    materialUsed_.assign(facts_.materials, false);
    for (const Json& mesh : root_.at("meshes")) checkMesh(mesh);
    checkNodes();
    file_.requireAllUsed();
    for (const bool isUsed : materialUsed_) require(isUsed, "a material is unused");
    for (const size_t uses : facts_.meshUses) require(uses > 0, "a mesh is unused");
    require(facts_.drawnTriangles > 0, "no triangle is drawn");
    return std::move(facts_);
  }

 private:
  void require(bool condition, const char* what) const { file_.require(condition, what); }

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

  void countColours() {
    std::set<Json> colours;
    for (const Json& material : root_.at("materials")) {
      if (material.at("name").get<std::string>().rfind("Colour ", 0) != 0) continue;
      colours.insert(material.at("pbrMetallicRoughness").at("baseColorFactor"));
    }
    facts_.colours = colours.size();
  }

  void checkMesh(const Json& mesh) {
    TriangleSums sums;
    std::vector<gp_XYZ> all;
    require(!mesh.at("primitives").empty(), "a mesh is empty");
    for (const Json& primitive : mesh.at("primitives")) {
      const size_t positions = primitive.at("attributes").at("POSITION");
      const std::vector<gp_XYZ> points = file_.vectors(positions);
      const std::vector<gp_XYZ> normals = file_.vectors(primitive.at("attributes").at("NORMAL"));
      const std::vector<uint32_t> corners = file_.indices(primitive.at("indices"));
      checkBounds(root_.at("accessors").at(positions), points);
      require(normals.size() == points.size(), "normals are missing");
      for (const gp_XYZ& normal : normals) {
        require(std::abs(normal.Modulus() - 1) < kUnitTolerance, "a normal is not of unit length");
      }
      const size_t material = primitive.at("material");
      require(material < materialUsed_.size(), "a material is missing");
      materialUsed_[material] = true;
      require(corners.size() % 3 == 0, "the indices are no triangles");
      for (size_t i = 0; i < corners.size(); i += 3) {
        require(std::max({corners[i], corners[i + 1], corners[i + 2]}) < points.size(),
                "an index is out of bounds");
        const gp_XYZ &a = points[corners[i]], &b = points[corners[i + 1]],
                     &c = points[corners[i + 2]];
        require((b - a).Crossed(c - a).SquareModulus() > 0, "a triangle is degenerate");
        sums.add(a, b, c);
      }
      all.insert(all.end(), points.begin(), points.end());
    }
    facts_.storedVertices += all.size();
    facts_.storedTriangles += sums.triangles();
    facts_.meshSums.push_back(sums);
    points_.push_back(std::move(all));
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
    struct Visit {
      size_t node;
      gp_GTrsf world;
      std::string path;
    };
    std::vector<Visit> stack;
    const auto visitAll = [&](const Json& list, const gp_GTrsf& parent, const std::string& path) {
      size_t number = 0;
      for (const Json& item : list) {
        const size_t index = item;
        require(index < nodes.size() && !seen[index], "the nodes are no tree");
        seen[index] = true;
        stack.push_back({index, parent.Multiplied(placement(nodes[index])),
                         path + (path.empty() ? "" : ".") + std::to_string(++number)});
      }
    };
    require(root_.at("scenes").size() == 1, "there is not one scene");
    visitAll(root_.at("scenes").at(0).at("nodes"), gp_GTrsf(), "");
    while (!stack.empty()) {
      const Visit visit = stack.back();
      stack.pop_back();
      const Json& node = nodes[visit.node];
      const std::string name = node.value("name", "");
      require(!name.empty(), "a node has no name");
      facts_.names.emplace(visit.path, name);
      if (node.contains("mesh")) addInstance(node["mesh"], visit.world);
      if (node.contains("children")) visitAll(node["children"], visit.world, visit.path);
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
    const TriangleSums& sums = facts_.meshSums[mesh];
    facts_.drawnTriangles += sums.triangles();
    const double stretch = std::cbrt(std::abs(world.VectorialPart().Determinant())) * 1000;
    facts_.drawnVolumes[mesh] += sums.volume() * stretch * stretch * stretch;
    facts_.drawnAreas[mesh] += sums.area() * stretch * stretch;
  }

  GlbReader file_;
  const Json& root_;
  GlbFacts facts_;
  std::vector<bool> materialUsed_;
  std::vector<std::vector<gp_XYZ>> points_;
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
