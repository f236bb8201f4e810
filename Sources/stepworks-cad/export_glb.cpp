#include "export_glb.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "failure.h"
#include "glb_check.h"
#include "glb_writer.h"
#include "kernel_progress.h"
#include "memory_watch.h"
#include "output_file.h"
#include "protocol.h"
#include "step_reader.h"

namespace stepworks {

namespace {

/// Budgets of the 3D commerce guidelines.
struct CommerceBudget {
  const char* name;
  size_t bytes;
  size_t triangles;
};
constexpr CommerceBudget kCommerceBudgets[] = {{"web_ar", 3'000'000, 150'000},
                                               {"banner", 500'000, 30'000}};

/// Area without triangles, over the square of the model's diagonal, from which it is a hole.
constexpr double kMaxHoleShare = 1e-5;

/// The chord holds for most triangles, not for all: a volume may be off by this many chords times
/// the area before it means that mesh and surfaces disagree.
constexpr double kMaxVolumeChords = 2;

/// A model meshed, built and serialised with settings that hold every budget.
struct Export {
  MeshSettings settings;
  GlbModel model;
  std::string bytes;
  size_t bareFaces = 0;
  double bareArea = 0;  ///< mm², every instance counted
};

class Exporter {
 public:
  explicit Exporter(const Request& request)
      : request_(request), file_(readStep(request)), tree_(buildProductTree(file_)) {
    for (const Product& product : tree_.products) {
      counts_.push_back(product.isAssembly ? Counts() : countTopology(product.shape));
    }
    protocol::progress(0.6, "measuring the whole model");
    box_ = credibleBox(wholeModel(tree_), request.sourceName);
  }

  Json run() {
    const Export result = fitBudgets();
    refuseExhaustedMemory(request_.sourceName);
    refuseHoles(result);
    const std::string path = request_.name + ".glb";
    protocol::progress(0.93, "writing " + path);
    writeFile(path, result.bytes);
    protocol::progress(0.96, "checking " + path);
    const GlbFacts facts = checkGlb(readBack(path), path);
    requireComplete(facts, result, path);
    return {{"outputs", {{{"role", "glb"}, {"path", path}, {"media_type", "model/gltf-binary"}}}},
            {"summary", summary(result, facts)}};
  }

 private:
  /// Steps down the ladder until the budgets hold. Throws Failure (65) at its end.
  Export fitBudgets() {
    Export attempt;
    attempt.settings = meshSettings(request_, box_.diagonal());
    while (true) {
      const std::string excess = tryRung(attempt);
      if (excess.empty()) return attempt;
      if (attempt.settings.stepsDown == kMaxStepsDown) {
        throw invalidInput(request_.sourceName +
                           " cannot be exported within the budget: even at a chord of " +
                           dump(Json(attempt.settings.chordMm)) + " mm it needs " + excess +
                           "; allow more or simplify the model.");
      }
      attempt.settings = coarser(attempt.settings);
    }
  }

  /// Returns what exceeds a budget, in words; empty when all hold and `attempt` is complete.
  std::string tryRung(Export& attempt) {
    size_t drawn = 0, stored = 0, done = 0;
    attempt.bareFaces = 0;
    attempt.bareArea = 0;
    const size_t parts = tree_.partCount();
    for (const Product& product : tree_.products) {
      if (product.isAssembly) continue;
      const double from = 0.62 + 0.28 * static_cast<double>(done) / static_cast<double>(parts);
      ++done;
      const double to = 0.62 + 0.28 * static_cast<double>(done) / static_cast<double>(parts);
      const std::string step =
          "meshing part " + std::to_string(done) + " of " + std::to_string(parts);
      protocol::progress(from, step);
      Handle(KernelProgress) progress = new KernelProgress(from, to, step);
      const BareFaces bare = meshShape(product.shape, attempt.settings, progress->Start());
      attempt.bareFaces += bare.count;
      attempt.bareArea += bare.areaMm2 * static_cast<double>(product.occurrences);
      const size_t triangles = triangleCount(product.shape);
      stored += triangles;
      drawn += triangles * product.occurrences;
      if (stored > kMaxTriangles) {
        throw invalidInput(
            request_.sourceName +
            " needs more than 20,000,000 triangles; ask for a coarser preset or a larger "
            "chord_mm.");
      }
      if (request_.triangleBudget && drawn > *request_.triangleBudget) {
        return "more than " + std::to_string(*request_.triangleBudget) + " triangles";
      }
    }
    protocol::progress(0.9, "building the GLB");
    attempt.model = buildGlbModel(tree_, counts_);
    if (attempt.model.meshes.empty()) {
      throw invalidInput(
          request_.sourceName +
          " has surfaces that could not be meshed; repair the model and export it again.");
    }
    attempt.bytes = serialiseGlb(tree_, attempt.model, request_, attempt.settings);
    if (request_.byteBudget && attempt.bytes.size() > *request_.byteBudget) {
      return std::to_string(attempt.bytes.size()) + " bytes";
    }
    return "";
  }

  /// A sliver the kernel cannot mesh is reported; a hole that could be seen is no result.
  void refuseHoles(const Export& result) const {
    if (result.bareFaces == 0) return;
    const gp_XYZ size = box_.high.XYZ() - box_.low.XYZ();
    const double visible = kMaxHoleShare * size.Modulus() * size.Modulus();
    const std::string fact =
        std::to_string(result.bareFaces) + " surfaces that could not be meshed";
    if (result.bareArea > visible) {
      throw invalidInput(request_.sourceName + " has " + fact +
                         "; repair the model and export it again.");
    }
    protocol::warning(request_.sourceName + " has " + fact + "; they are too small to be seen.");
  }

  void requireComplete(const GlbFacts& facts, const Export& result, const std::string& path) const {
    size_t expected = 0;
    for (const int mesh : result.model.meshOfOccurrence) expected += mesh >= 0 ? 1 : 0;
    if (facts.nodes == tree_.occurrences.size() && facts.meshNodes == expected) return;
    throw invalidOutput(
        path + " failed its check: it does not hold every part; report this with the source.");
  }

  Json summary(const Export& result, const GlbFacts& facts) const {
    Json json = {{"preset", result.settings.preset},
                 {"chord_mm", result.settings.chordMm},
                 {"angle_degrees", result.settings.angleDegrees},
                 {"ladder_steps", result.settings.stepsDown},
                 {"triangles", facts.drawnTriangles},
                 {"triangles_stored", facts.storedTriangles},
                 {"vertices", facts.storedVertices},
                 {"degenerate_triangles_dropped", result.model.leftOutTriangles},
                 {"faces_without_triangles", result.bareFaces},
                 {"meshes", facts.meshes},
                 {"nodes", facts.nodes},
                 {"instances", facts.meshNodes},
                 {"materials", facts.materials},
                 {"bytes", result.bytes.size()}};
    json["warnings"] = file_.warnings;
    addBoxes(json, facts);
    addVolumes(json, result, facts);
    for (const CommerceBudget& budget : kCommerceBudgets) {
      json["commerce_budgets"][budget.name] =
          result.bytes.size() <= budget.bytes && facts.drawnTriangles <= budget.triangles ? "pass"
                                                                                          : "fail";
    }
    json["coloured_triangles_ratio"] = static_cast<double>(result.model.colouredTriangles) /
                                       static_cast<double>(facts.storedTriangles);
    size_t named = 0;
    for (const Occurrence& occurrence : tree_.occurrences) {
      named += tree_.products[occurrence.product].isNamed ? 1 : 0;
    }
    json["named_nodes_ratio"] = static_cast<double>(named) / static_cast<double>(facts.nodes);
    return json;
  }

  void addBoxes(Json& json, const GlbFacts& facts) const {
    const Box mesh{withoutNoise(gp_Pnt(facts.low)), withoutNoise(gp_Pnt(facts.high)), true};
    const gp_XYZ low = mesh.low.XYZ() - box_.low.XYZ(), high = mesh.high.XYZ() - box_.high.XYZ();
    double difference = 0;
    for (int axis = 1; axis <= 3; ++axis) {
      difference = std::max({difference, std::abs(low.Coord(axis)), std::abs(high.Coord(axis))});
    }
    json["bounding_box_mm"] = {
        {"mesh", toJson(mesh)}, {"brep", toJson(box_)}, {"max_difference", difference}};
  }

  /// Compares over the parts whose volume both sides know.
  void addVolumes(Json& json, const Export& result, const GlbFacts& facts) const {
    double mesh = 0, brep = 0, area = 0;
    size_t leftOut = 0;
    for (size_t i = 0; i < result.model.meshes.size(); ++i) {
      const size_t product = result.model.meshes[i].product;
      const MassProperties mass = counts_[product].isClosed()
                                      ? measureMass(tree_.products[product].shape, counts_[product])
                                      : MassProperties();
      leftOut += mass.volume ? 0 : facts.meshUses[i];
      if (!mass.volume) continue;
      area += mass.area.value_or(0) * static_cast<double>(facts.meshUses[i]);
      brep += *mass.volume * static_cast<double>(facts.meshUses[i]);
      mesh += facts.meshVolumes[i] * static_cast<double>(facts.meshUses[i]);
    }
    Json volume = {{"instances_without_volume", leftOut}};
    if (brep > 0) {
      volume["mesh"] = mesh;
      volume["brep"] = brep;
      volume["relative_difference"] = (mesh - brep) / brep;
      if (area > 0 && std::abs(mesh - brep) > kMaxVolumeChords * result.settings.chordMm * area) {
        char percent[32];
        std::snprintf(percent, sizeof percent, "%.2g", 100 * std::abs(mesh - brep) / brep);
        const std::string fact = std::string("the mesh's volume is ") + percent +
                                 " % off the solids', more than the chord explains; look "
                                 "at it before use";
        json["warnings"].push_back(fact);
        protocol::warning(request_.sourceName + ": " + fact + ".");
      }
    } else {
      for (const char* key : {"mesh", "brep", "relative_difference"}) {
        setUnknown(volume, key, "no part is a closed valid solid");
      }
    }
    json["volume_mm3"] = volume;
  }

  const Request& request_;
  StepFile file_;
  ProductTree tree_;
  std::vector<Counts> counts_;  // by product
  Box box_;
};

}  // namespace

Json exportGlb(const Request& request) { return Exporter(request).run(); }

}  // namespace stepworks
