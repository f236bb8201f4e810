#include "geometry_report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "part_comparison.h"
#include "report_rows.h"
#include "step_header.h"
#include "tolerances.h"
#include "validation_properties.h"

namespace stepworks {

namespace {

class Reporter {
 public:
  explicit Reporter(const ExportFacts& facts)
      : facts_(facts), rows_(facts.request.failsOnDeviation ? "failed" : "warning") {
    collectMeshes();
  }

  GeometryReport run() {
    compareWhole();
    for (size_t i = 0; i < facts_.tree.products.size(); ++i) {
      const auto found = meshesOf_.find(i);
      if (facts_.tree.products[i].isAssembly) {
        compareAssembly(facts_, i, rows_);
      } else if (found != meshesOf_.end()) {
        comparePart(facts_, i, found->second, rows_);
      }
    }
    GeometryReport report;
    report.checks = rows_.checks();
    report.coverage = coverage();
    report.sentences = rows_.sentences();
    report.notComparable = rows_.notComparable();
    report.fileContradictsItself = rows_.declaredDeviates();
    return report;
  }

 private:
  void collectMeshes() {
    for (size_t i = 0; i < facts_.model.meshes.size(); ++i) {
      meshesOf_[facts_.model.meshes[i].product].push_back(i);
    }
    for (size_t i = 0; i < facts_.tree.occurrences.size(); ++i) {
      if (facts_.model.meshOfOccurrence[i] < 0) continue;
      const Occurrence& occurrence = facts_.tree.occurrences[i];
      const double scale = std::abs(occurrence.world.ScaleFactor());
      volumeWeight_[occurrence.product] += scale * scale * scale;
      areaWeight_[occurrence.product] += scale * scale;
    }
  }

  void compareWhole() {
    compareBox();
    compareSums();
    addCount("nodes", declaredNodes(), facts_.tree.occurrences.size(), std::nullopt,
             facts_.glb.nodes);
    addCounts();
    addNames();
    addUnit();
  }

  static ReportRow row(const char* quantity, const char* unit) {
    return ReportRows::row(quantity, unit, "the whole", {{"of", "whole"}});
  }

  void compareBox() {
    ReportRow line = row("bounding box", "mm");
    line.put<double>("declared", std::nullopt, kNotDeclared);
    const gp_XYZ low = facts_.box.low.XYZ(), high = facts_.box.high.XYZ();
    line.json["brep"] = boxJson(low, high);
    line.json["brep"]["exact"] = facts_.box.isExact;
    setUnknown(line.json, "mesh", "its parts come together in the GLB only");
    line.json["glb"] = boxJson(facts_.glb.low, facts_.glb.high);
    const double reach = std::max(low.Modulus(), high.Modulus());
    rows_.compare(
        line, "brep", "glb",
        boxDifference(low, high, facts_.glb.low, facts_.glb.high, !facts_.box.isExact),
        tolerance::kChords * facts_.settings.chordMm + 2 * tolerance::storedPoint(reach),
        facts_.box.diagonal());
    rows_.add(std::move(line));
  }

  /// Over every instance whose part has a volume, or an area, in the B-rep. The declared value
  /// stands beside them and is compared where its product is.
  void compareSums() {
    Sums volume, area;
    for (const auto& [product, indices] : meshesOf_) {
      const MassProperties& mass = facts_.masses[product];
      const TriangleSums& mesh = facts_.meshes[product];
      if (mass.area) {
        area.add(*mass.area, mesh.area(), areaWeight_[product],
                 tolerance::meshArea(facts_.settings, *mass.area), tolerance::storedArea(mesh));
        for (const size_t i : indices) area.glb += facts_.glb.drawnAreas[i];
      }
      if (mass.volume && facts_.counts[product].isClosed()) {
        volume.add(*mass.volume, mesh.volume(), volumeWeight_[product],
                   tolerance::meshVolume(facts_.settings, mass.area.value_or(mesh.area())),
                   tolerance::storedVolume(mesh));
        for (const size_t i : indices) volume.glb += facts_.glb.drawnVolumes[i];
      }
    }
    const bool hasOneRoot = facts_.tree.roots.size() == 1;
    const Occurrence& root = facts_.tree.occurrences[facts_.tree.roots.front()];
    const DeclaredGeometry declared =
        hasOneRoot ? declaredGeometry(facts_.tree.products[root.product]) : DeclaredGeometry();
    addSums("volume", "mm3", volume, declared.volume, "no part is a closed solid");
    addSums("area", "mm2", area, declared.area, "no part has a measurable face");
  }

  struct Sums {
    double brep = 0, mesh = 0, glb = 0, chordTolerance = 0, rounding = 0;
    bool isEmpty = true;
    void add(double ofBrep, double ofMesh, double weight, double tolerance, double rounded) {
      isEmpty = false;
      brep += ofBrep * weight;
      mesh += ofMesh * weight;
      chordTolerance += tolerance * weight;
      rounding += rounded * weight;
    }
  };

  void addSums(const char* quantity, const char* unit, const Sums& sums,
               const std::optional<double>& declared, const char* reason) {
    ReportRow line = row(quantity, unit);
    line.put("declared", declared, kNotDeclared);
    if (sums.isEmpty) {
      for (const char* key : {"brep", "mesh", "glb"}) setUnknown(line.json, key, reason);
    } else {
      line.json["brep"] = sums.brep;
      line.json["mesh"] = sums.mesh;
      line.json["glb"] = sums.glb;
      rows_.compare(line, "brep", "mesh", std::abs(sums.brep - sums.mesh), sums.chordTolerance,
                    std::abs(sums.brep));
      rows_.compare(line, "mesh", "glb", std::abs(sums.mesh - sums.glb), sums.rounding,
                    std::abs(sums.mesh));
    }
    rows_.add(std::move(line));
  }

  /// Nodes the file's own entities ask for: only assemblies are described by them.
  std::optional<size_t> declaredNodes() const {
    if (facts_.file.declaredOccurrences == 0) return std::nullopt;
    size_t single = 0;
    for (const size_t root : facts_.tree.roots) {
      single += facts_.tree.occurrences[root].children.empty() ? 1 : 0;
    }
    return facts_.file.declaredOccurrences + single;
  }

  void addCount(const char* quantity, const std::optional<size_t>& declared, size_t brep,
                const std::optional<size_t>& mesh, size_t glb) {
    ReportRow line = row(quantity, "count");
    line.put("declared", declared, kNotDeclared);
    line.json["brep"] = brep;
    line.put("mesh", mesh, "a mesh has none");
    line.json["glb"] = glb;
    const auto apart = [](size_t a, size_t b) {
      return static_cast<double>(a > b ? a - b : b - a);
    };
    if (declared) rows_.compare(line, "declared", "brep", apart(*declared, brep), 0);
    if (mesh) {
      rows_.compare(line, "brep", "mesh", apart(brep, *mesh), 0);
      rows_.compare(line, "mesh", "glb", apart(*mesh, glb), 0);
    } else {
      rows_.compare(line, "brep", "glb", apart(brep, glb), 0);
    }
    rows_.add(std::move(line));
  }

  void addCounts() {
    size_t parts = 0, instances = 0, meshed = 0, instancesMeshed = 0;
    for (size_t i = 0; i < facts_.tree.products.size(); ++i) {
      if (facts_.tree.products[i].isAssembly || facts_.counts[i].faces == 0) continue;
      ++parts;
      instances += facts_.tree.products[i].occurrences;
      meshed += facts_.meshes[i].triangles() > 0 ? 1 : 0;
      instancesMeshed +=
          facts_.meshes[i].triangles() > 0 ? facts_.tree.products[i].occurrences : 0;
    }
    std::set<size_t> drawn;
    for (size_t i = 0; i < facts_.model.meshes.size(); ++i) {
      if (facts_.glb.meshUses[i] > 0) drawn.insert(facts_.model.meshes[i].product);
    }
    addCount("parts", std::nullopt, parts, meshed, drawn.size());
    addCount("instances", std::nullopt, instances, instancesMeshed, facts_.glb.meshNodes);
    addCount("colours", std::nullopt, facts_.model.colours, std::nullopt, facts_.glb.colours);
  }

  /// A name counts when the GLB has it at the same place in the tree.
  void addNames() {
    size_t kept = 0;
    for (const Occurrence& occurrence : facts_.tree.occurrences) {
      const auto found = facts_.glb.names.find(occurrence.pathId);
      kept += found != facts_.glb.names.end() && found->second == occurrence.name ? 1 : 0;
    }
    addCount("names", std::nullopt, facts_.tree.occurrences.size(), std::nullopt, kept);
  }

  void addUnit() {
    Json json = {{"quantity", "length unit"}, {"of", "whole"}};
    const Json units = unitsJson(facts_.file);
    json["declared"] = units.at("length");
    if (units.contains("length_reason")) json["declared_reason"] = units["length_reason"];
    json["mm_per_unit"] = units.at("mm_per_unit");
    if (units.contains("mm_per_unit_reason")) {
      json["mm_per_unit_reason"] = units["mm_per_unit_reason"];
    }
    json["brep"] = "millimetre";
    json["mesh"] = "millimetre";
    json["glb"] = "metre";
    json["verdict"] = units.at("length_declared").get<bool>() ? "ok" : "not_declared";
    rows_.addJudged(std::move(json));
  }

  Json coverage() const {
    size_t parts = 0, named = 0, colouredParts = 0, nodes = 0, namedNodes = 0;
    size_t faces = 0, colouredFaces = 0;
    for (size_t i = 0; i < facts_.tree.products.size(); ++i) {
      const Product& product = facts_.tree.products[i];
      nodes += product.occurrences;
      namedNodes += product.isNamed ? product.occurrences : 0;
      const auto found = meshesOf_.find(i);
      if (product.isAssembly || found == meshesOf_.end()) continue;
      ++parts;
      named += product.isNamed ? 1 : 0;
      size_t coloured = 0;
      for (const size_t k : found->second) {
        faces += facts_.model.meshes[k].faces;
        coloured += facts_.model.meshes[k].colouredFaces;
      }
      colouredFaces += coloured;
      colouredParts += coloured > 0 ? 1 : 0;
    }
    return {{"parts", parts},
            {"parts_named_by_the_file", named},
            {"parts_with_a_colour", colouredParts},
            {"nodes", nodes},
            {"nodes_named_by_the_file", namedNodes},
            {"faces", faces},
            {"faces_with_a_colour", colouredFaces},
            {"triangles", facts_.glb.storedTriangles},
            {"triangles_with_a_colour", facts_.model.colouredTriangles}};
  }

  const ExportFacts& facts_;
  ReportRows rows_;
  std::map<size_t, std::vector<size_t>> meshesOf_;  // by product
  std::map<size_t, double> volumeWeight_, areaWeight_;
};

}  // namespace

GeometryReport reportGeometry(const ExportFacts& facts) { return Reporter(facts).run(); }

}  // namespace stepworks
