#include "part_comparison.h"

#include <algorithm>
#include <cmath>

#include "tolerances.h"
#include "validation_properties.h"

namespace stepworks {

namespace {

using Known = std::optional<double>;

Json pointJson(const gp_XYZ& p) { return {p.X(), p.Y(), p.Z()}; }

class Comparison {
 public:
  Comparison(const ExportFacts& facts, size_t product, ReportRows& rows)
      : facts_(facts),
        rows_(rows),
        product_(facts.tree.products[product]),
        declared_(declaredGeometry(product_)),
        brep_(facts.masses[product]),
        box_(facts.partBoxes.empty() ? std::nullopt : facts.partBoxes[product]),
        mesh_(facts.meshes[product]),
        isClosed_(facts.counts[product].isClosed()) {}

  void compareAssembly() {
    if (declared_.volume) {
      ReportRow line = row("volume", "mm3");
      compareDeclared(line, declared_.volume, brep_.volume, brep_.volumeReason);
      rows_.add(std::move(line));
    }
    if (declared_.area) {
      ReportRow line = row("area", "mm2");
      compareDeclared(line, declared_.area, brep_.area, brep_.areaReason);
      rows_.add(std::move(line));
    }
    if (declared_.centroid) {
      ReportRow line = row("centroid", "mm");
      compareDeclaredCentroid(line, facts_.box.diagonal());
      rows_.add(std::move(line));
    }
  }

  void comparePart(const std::vector<size_t>& meshes) {
    for (const size_t mesh : meshes) glb_.push_back(&facts_.glb.meshSums[mesh]);
    compareVolume();
    compareArea();
    compareBox();
    if (declared_.centroid) compareCentroid();
  }

 private:
  ReportRow row(const char* quantity, const char* unit) const {
    return ReportRows::row(quantity, unit, product_.name,
                           {{"of", product_.isAssembly ? "assembly" : "part"},
                            {"name", product_.name},
                            {"product_id", product_.id}});
  }

  /// One part in several colours is several meshes; the one that is farthest off speaks for all.
  template <typename Difference>
  const TriangleSums& worst(Difference difference) const {
    return **std::max_element(glb_.begin(), glb_.end(), [&](const auto* a, const auto* b) {
      return difference(*a) < difference(*b);
    });
  }

  void compareDeclared(ReportRow& line, const Known& declared, const Known& brep,
                       const std::string& reason) {
    const bool isDeclared = line.put("declared", declared, kNotDeclared);
    if (!line.put("brep", brep, reason) || !isDeclared) return;
    rows_.compare(line, "declared", "brep", std::abs(*declared - *brep),
                  tolerance::kDeclaredShare * std::abs(*brep));
  }

  void compareVolume() {
    ReportRow line = row("volume", "mm3");
    const std::string reason = isClosed_ ? brep_.volumeReason : "the part is not closed";
    const Known volume = isClosed_ ? brep_.volume : std::nullopt;
    compareDeclared(line, declared_.volume, volume, reason);
    if (volume) {
      const auto difference = [&](const TriangleSums& glb) {
        return std::abs(glb.volume() - mesh_.volume());
      };
      const TriangleSums& glb = worst(difference);
      line.json["mesh"] = mesh_.volume();
      line.json["glb"] = glb.volume();
      rows_.compare(line, "brep", "mesh", std::abs(*volume - mesh_.volume()), volumeTolerance(),
                    std::abs(*volume));
      rows_.compare(line, "mesh", "glb", difference(glb), tolerance::storedVolume(mesh_),
                    std::abs(mesh_.volume()));
    } else {
      setUnknown(line.json, "mesh", reason);
      setUnknown(line.json, "glb", reason);
    }
    rows_.add(std::move(line));
  }

  double volumeTolerance() const {
    return tolerance::meshVolume(facts_.settings, brep_.area.value_or(mesh_.area()));
  }

  void compareArea() {
    ReportRow line = row("area", "mm2");
    compareDeclared(line, declared_.area, brep_.area, brep_.areaReason);
    const auto difference = [&](const TriangleSums& glb) {
      return std::abs(glb.area() - mesh_.area());
    };
    const TriangleSums& glb = worst(difference);
    line.json["mesh"] = mesh_.area();
    line.json["glb"] = glb.area();
    if (brep_.area) {
      rows_.compare(line, "brep", "mesh", std::abs(*brep_.area - mesh_.area()),
                    tolerance::meshArea(facts_.settings, *brep_.area), *brep_.area);
    }
    rows_.compare(line, "mesh", "glb", difference(glb), tolerance::storedArea(mesh_),
                  mesh_.area());
    rows_.add(std::move(line));
  }

  void compareBox() {
    ReportRow line = row("bounding box", "mm");
    line.put<double>("declared", std::nullopt, kNotDeclared);
    if (box_ && box_->isExact) {
      line.json["brep"] = boxJson(box_->low.XYZ(), box_->high.XYZ());
      rows_.compare(
          line, "brep", "mesh",
          boxDifference(box_->low.XYZ(), box_->high.XYZ(), mesh_.low(), mesh_.high(), false),
          tolerance::kChords * facts_.settings.chordMm + tolerance::storedPoint(mesh_),
          box_->diagonal());
    } else {
      setUnknown(line.json, "brep", "the model has too many faces for exact boxes");
    }
    const auto difference = [&](const TriangleSums& glb) {
      return boxDifference(mesh_.low(), mesh_.high(), glb.low(), glb.high(), false);
    };
    const TriangleSums& glb = worst(difference);
    line.json["mesh"] = boxJson(mesh_.low(), mesh_.high());
    line.json["glb"] = boxJson(glb.low(), glb.high());
    rows_.compare(line, "mesh", "glb", difference(glb), 2 * tolerance::storedPoint(mesh_),
                  mesh_.diagonal());
    rows_.add(std::move(line));
  }

  void compareDeclaredCentroid(ReportRow& line, double diagonal) {
    line.json["declared"] = pointJson(declared_.centroid->XYZ());
    if (!brep_.centroid) {
      setUnknown(line.json, "brep", brep_.volumeReason);
      return;
    }
    line.json["brep"] = pointJson(brep_.centroid->XYZ());
    rows_.compare(line, "declared", "brep", declared_.centroid->Distance(*brep_.centroid),
                  tolerance::kCentroidShare * diagonal);
  }

  void compareCentroid() {
    ReportRow line = row("centroid", "mm");
    const double diagonal = mesh_.diagonal();
    compareDeclaredCentroid(line, diagonal);
    if (isClosed_ && brep_.centroid && brep_.volume) {
      const auto difference = [&](const TriangleSums& glb) {
        return (glb.centroid() - mesh_.centroid()).Modulus();
      };
      const TriangleSums& glb = worst(difference);
      line.json["mesh"] = pointJson(mesh_.centroid());
      line.json["glb"] = pointJson(glb.centroid());
      // A volume that is missing at one end moves the centre by at most its share of the length.
      rows_.compare(line, "brep", "mesh", (brep_.centroid->XYZ() - mesh_.centroid()).Modulus(),
                    volumeTolerance() / *brep_.volume * diagonal, diagonal);
      rows_.compare(line, "mesh", "glb", difference(glb),
                    tolerance::storedVolume(mesh_) / *brep_.volume * diagonal +
                        2 * tolerance::storedPoint(mesh_),
                    diagonal);
    } else {
      const std::string reason = isClosed_ ? brep_.volumeReason : "the part is not closed";
      setUnknown(line.json, "mesh", reason);
      setUnknown(line.json, "glb", reason);
    }
    rows_.add(std::move(line));
  }

  const ExportFacts& facts_;
  ReportRows& rows_;
  const Product& product_;
  const DeclaredGeometry declared_;
  const MassProperties& brep_;
  const std::optional<Box> box_;
  const TriangleSums& mesh_;
  const bool isClosed_;
  std::vector<const TriangleSums*> glb_;
};

}  // namespace

void compareAssembly(const ExportFacts& facts, size_t product, ReportRows& rows) {
  Comparison(facts, product, rows).compareAssembly();
}

void comparePart(const ExportFacts& facts, size_t product, const std::vector<size_t>& meshes,
                 ReportRows& rows) {
  Comparison(facts, product, rows).comparePart(meshes);
}

Json boxJson(const gp_XYZ& low, const gp_XYZ& high) {
  return {{"min", pointJson(low)}, {"max", pointJson(high)}};
}

double boxDifference(const gp_XYZ& lowA, const gp_XYZ& highA, const gp_XYZ& lowB,
                     const gp_XYZ& highB, bool atMost) {
  double difference = 0;
  for (int axis = 1; axis <= 3; ++axis) {
    const double below = lowA.Coord(axis) - lowB.Coord(axis);
    const double above = highB.Coord(axis) - highA.Coord(axis);
    difference = std::max({difference, atMost ? below : std::abs(below),
                           atMost ? above : std::abs(above)});
  }
  return difference;
}

}  // namespace stepworks
