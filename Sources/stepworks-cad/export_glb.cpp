#include "export_glb.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "budget_ladder.h"
#include "failure.h"
#include "geometry_report.h"
#include "glb_check.h"
#include "memory_watch.h"
#include "meshopt_check.h"
#include "model_box.h"
#include "output_file.h"
#include "part_report.h"
#include "protocol.h"
#include "step_reader.h"
#include "tolerances.h"
#include "version.h"

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

/// More sentences than this are left to the report.
constexpr size_t kMaxSentences = 20;

class Exporter {
 public:
  explicit Exporter(const Request& request)
      : request_(request), file_(readStep(request)), tree_(buildProductTree(file_)) {
    for (const Product& product : tree_.products) {
      counts_.push_back(product.isAssembly ? Counts() : countTopology(product.shape));
    }
    protocol::phase("measure");
    protocol::progress(0.6, "measuring the whole model");
    if (affordsExactBoxes(tree_)) partBoxes_ = measurePartBoxes(tree_);
    box_ = credibleBox(wholeBox(tree_, partBoxes_), request.sourceName);
  }

  Json run() {
    const FittedModel fitted = fitBudgets(request_, tree_, counts_, box_.diagonal());
    const MeshedModel& result = fitted.result;
    refuseExhaustedMemory(request_.sourceName);
    refuseHoles(result);
    if (const std::string sentence = chordSentence(result.settings); !sentence.empty()) {
      protocol::warning(request_.sourceName + ": " + sentence + ".");
    }
    const std::string path = request_.name + ".glb";
    protocol::phase("write");
    protocol::progress(0.91, "writing " + path);
    writeFile(path, result.bytes);
    protocol::phase("check");
    protocol::progress(0.92, "checking " + path);
    const GlbFacts facts = checkGlb(readBack(path), path);
    requireComplete(facts, result, path);
    protocol::progress(0.94, "comparing " + path + " with the surfaces");
    measureParts();
    const GeometryReport report = reportGeometry({request_, file_, tree_, counts_, masses_, box_,
                                                  partBoxes_, result.settings, result.meshes,
                                                  result.model, facts});
    refuseExhaustedMemory(request_.sourceName);
    judge(report, path);
    Json outputs = Json::array({output("glb", path, "model/gltf-binary")});
    if (request_.wantsMeshopt) {
      outputs.push_back(output("glb_meshopt", writeVariant(result), "model/gltf-binary"));
    }
    const std::string reportPath = request_.name + ".report.json";
    protocol::phase("write");
    protocol::progress(0.98, "writing " + reportPath);
    writeFile(reportPath, dump(document(report, fitted), 1) + "\n");
    outputs.push_back(output("report", reportPath, "application/json"));
    return {{"outputs", outputs}, {"summary", summary(fitted, facts, report)}};
  }

 private:
  static Json output(const char* role, const std::string& path, const char* mediaType) {
    return {{"role", role}, {"path", path}, {"media_type", mediaType}};
  }

  /// Compresses the master, and decodes what was written to compare it. Returns its path.
  std::string writeVariant(const MeshedModel& master) {
    const std::string path = request_.name + ".meshopt.glb";
    protocol::phase("compress");
    protocol::progress(0.96, "compressing " + path);
    const MeshoptVariant variant = compressGlb(master.bytes, path, master.settings.chordMm);
    writeFile(path, variant.bytes);
    variant_ =
        checkVariant(variant, readBack(path), master.bytes, path, master.settings.chordMm);
    refuseExhaustedMemory(request_.sourceName);
    return path;
  }

  /// A sliver the kernel cannot mesh is reported; a hole that could be seen is no result.
  void refuseHoles(const MeshedModel& result) const {
    if (result.bareFaces == 0) return;
    const gp_XYZ size = box_.high.XYZ() - box_.low.XYZ();
    const double visible = kMaxHoleShare * size.Modulus() * size.Modulus();
    const std::string fact =
        std::to_string(result.bareFaces) + " surfaces that could not be meshed";
    if (result.bareAreaMm2 > visible) {
      throw invalidInput(request_.sourceName + " has " + fact +
                         "; repair the model and export it again.");
    }
    protocol::warning(request_.sourceName + " has " + fact + "; they are too small to be seen.");
  }

  /// Says that the chord asked for was too large for the model; empty when it was not.
  static std::string chordSentence(const MeshSettings& settings) {
    if (!settings.refusedChordMm) return "";
    char text[160];
    std::snprintf(text, sizeof text,
                  "a chord of %.4g mm is too large for the model; the mesh was made with at most "
                  "%.4g mm, a twentieth of its diagonal",
                  *settings.refusedChordMm, settings.maxChordMm);
    return text;
  }

  void requireComplete(const GlbFacts& facts, const MeshedModel& result,
                       const std::string& path) const {
    size_t expected = 0;
    for (const int mesh : result.model.meshOfOccurrence) expected += mesh >= 0 ? 1 : 0;
    if (facts.nodes == tree_.occurrences.size() && facts.meshNodes == expected) return;
    throw invalidOutput(
        path + " failed its check: it does not hold every part; report this with the source.");
  }

  void measureParts() {
    for (size_t i = 0; i < tree_.products.size(); ++i) {
      masses_.push_back(tree_.products[i].isAssembly
                            ? MassProperties()
                            : measureMass(tree_.products[i].shape, counts_[i]));
    }
    addAssembledMasses(tree_, masses_);
  }

  /// Says what deviates; throws Failure (65 or 70) where the request wants that. The file's own
  /// contradictions are its fault, all others ours.
  void judge(const GeometryReport& report, const std::string& path) const {
    for (size_t i = 0; i < report.sentences.size() && i < kMaxSentences; ++i) {
      if (!request_.failsOnDeviation) {
        protocol::warning(request_.sourceName + ": " + report.sentences[i] + ".");
      } else if (report.fileContradictsItself) {
        throw invalidInput(request_.sourceName + " contradicts itself or its mesh: " +
                           report.sentences[i] + "; check the model, or allow deviations.");
      } else {
        throw invalidOutput(path + " is not true to " + request_.sourceName + ": " +
                            report.sentences[i] + "; ask for a finer preset, or allow deviations.");
      }
    }
  }

  Json document(const GeometryReport& report, const FittedModel& fitted) const {
    Json json = {
        {"format", "stepworks-geometry-report/1"},
        {"generator",
         {{"tool", kToolName}, {"version", kToolVersion}, {"opencascade", kKernelVersion}}}};
    if (!request_.inputSemanticSha256.empty()) {
      json["input_semantic_sha256"] = request_.inputSemanticSha256;
    }
    if (!request_.derivationKey.empty()) json["derivation_key"] = request_.derivationKey;
    json["on_deviation"] = request_.failsOnDeviation ? "fail" : "warn";
    json["verdict"] = !report.sentences.empty() ? "warning" : "ok";
    json["deviations"] = report.sentences;
    const MeshSettings& settings = fitted.result.settings;
    json["tessellation"] = {{"preset", settings.preset},
                            {"chord_mm", settings.chordMm},
                            {"angle_degrees", settings.angleDegrees},
                            {"ladder_steps", settings.stepsDown}};
    if (settings.refusedChordMm) {
      json["tessellation"]["refused_chord_mm"] = *settings.refusedChordMm;
    }
    if (fitted.loss) json["budget_loss"] = lossJson(fitted, tree_, counts_);
    if (!variant_.is_null()) json["variant"] = variant_;
    json["coverage"] = report.coverage;
    json["tolerances"] = tolerance::inWords();
    json["checks"] = report.checks;
    return json;
  }

  Json summary(const FittedModel& fitted, const GlbFacts& facts,
               const GeometryReport& report) const {
    const MeshedModel& result = fitted.result;
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
    if (fitted.loss) json["budget_loss"] = lossJson(fitted, tree_, counts_);
    if (!variant_.is_null()) json["variant"] = variant_;
    json["report"] = {{"checks", report.checks.size()},
                      {"deviations", report.sentences.size()},
                      {"not_comparable", report.notComparable}};
    json["warnings"] = file_.warnings;
    if (const std::string sentence = chordSentence(result.settings); !sentence.empty()) {
      json["warnings"].push_back(sentence);
    }
    for (size_t i = 0; i < report.sentences.size() && i < kMaxSentences; ++i) {
      json["warnings"].push_back(report.sentences[i]);
    }
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
  void addVolumes(Json& json, const MeshedModel& result, const GlbFacts& facts) const {
    double mesh = 0, brep = 0;
    size_t leftOut = 0;
    for (size_t i = 0; i < result.model.meshes.size(); ++i) {
      const size_t product = result.model.meshes[i].product;
      const std::optional<double>& volume = masses_[product].volume;
      const bool isKnown = volume && counts_[product].isClosed();
      leftOut += isKnown ? 0 : facts.meshUses[i];
      if (!isKnown) continue;
      brep += *volume * static_cast<double>(facts.meshUses[i]);
      mesh += facts.meshSums[i].volume() * static_cast<double>(facts.meshUses[i]);
    }
    Json volume = {{"instances_without_volume", leftOut}};
    if (brep > 0) {
      volume["mesh"] = mesh;
      volume["brep"] = brep;
      volume["relative_difference"] = (mesh - brep) / brep;
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
  std::vector<Counts> counts_;          // by product
  std::vector<MassProperties> masses_;  // likewise, assemblies too
  Box box_;
  std::vector<std::optional<Box>> partBoxes_;  // by product; empty: exactness is too dear
  Json variant_;  // what the check of the compressed variant found; null: there is none
};

}  // namespace

Json exportGlb(const Request& request) { return Exporter(request).run(); }

}  // namespace stepworks
