#include "budget_ladder.h"

#include <algorithm>
#include <cmath>

#include "failure.h"
#include "glb_writer.h"
#include "kernel_progress.h"
#include "protocol.h"

namespace stepworks {

namespace {

/// The fineness that was asked for is meshed to its end, for comparison, up to so many triangles.
constexpr size_t kMaxComparedTriangles = 5'000'000;

class Ladder {
 public:
  Ladder(const Request& request, const ProductTree& tree, const std::vector<Counts>& counts)
      : request_(request), tree_(tree), counts_(counts) {}

  FittedModel climbDown(double diagonalMm) {
    FittedModel fitted;
    MeshedModel& attempt = fitted.result;
    attempt.settings = meshSettings(request_, diagonalMm);
    while (true) {
      const std::string excess = tryRung(attempt);
      if (excess.empty()) return fitted;
      if (!fitted.loss) {
        fitted.loss = BudgetLoss{attempt.settings, std::nullopt, {}};
        if (isWhole_) {
          fitted.loss->drawnTriangles = attempt.drawnTriangles;
          fitted.loss->meshes = attempt.meshes;
        }
      }
      if (attempt.settings.stepsDown == kMaxStepsDown) {
        throw invalidInput(request_.sourceName +
                           " cannot be exported within the budget: even at a chord of " +
                           dump(Json(attempt.settings.chordMm)) + " mm it needs " + excess +
                           "; allow more or simplify the model.");
      }
      attempt.settings = coarser(attempt.settings);
    }
  }

 private:
  /// Returns what exceeds a budget, in words; empty when all hold and `attempt` is complete.
  std::string tryRung(MeshedModel& attempt) {
    const std::string excess = mesh(attempt);
    if (!excess.empty()) return excess;
    protocol::phase("write");
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

  std::string mesh(MeshedModel& attempt) {
    protocol::phase("mesh");
    size_t stored = 0, done = 0;
    attempt.drawnTriangles = attempt.bareFaces = 0;
    attempt.bareAreaMm2 = 0;
    attempt.meshes.assign(tree_.products.size(), TriangleSums());
    isWhole_ = false;
    const auto parts = static_cast<double>(tree_.partCount());
    for (size_t i = 0; i < tree_.products.size(); ++i) {
      const Product& product = tree_.products[i];
      if (product.isAssembly) continue;
      const double from = 0.62 + 0.28 * static_cast<double>(done++) / parts;
      const double to = 0.62 + 0.28 * static_cast<double>(done) / parts;
      const std::string step = "meshing part " + std::to_string(done) + " of " +
                               std::to_string(tree_.partCount());
      protocol::progress(from, step);
      Handle(KernelProgress) progress = new KernelProgress(from, to, step);
      const BareFaces bare = meshShape(product.shape, attempt.settings, progress->Start());
      attempt.bareFaces += bare.count;
      attempt.bareAreaMm2 += bare.areaMm2 * static_cast<double>(product.occurrences);
      const MeasuredMesh measured = measureMesh(product.shape);
      attempt.meshes[i] = measured.sums;
      stored += measured.sums.triangles();
      attempt.drawnTriangles += measured.triangles * product.occurrences;
      const bool isOver =
          request_.triangleBudget && attempt.drawnTriangles > *request_.triangleBudget;
      if (stored > kMaxTriangles && !isOver) {
        throw invalidInput(
            request_.sourceName +
            " needs more than 20,000,000 triangles; ask for a coarser preset or a larger "
            "chord_mm.");
      }
      // The first rung is compared with the one that fits; the last says what it would take.
      const bool isNeeded = attempt.settings.stepsDown == 0 ? stored <= kMaxComparedTriangles
                            : attempt.settings.stepsDown == kMaxStepsDown
                                ? stored <= kMaxTriangles
                                : false;
      if (isOver && !isNeeded) {
        return "more than " + std::to_string(attempt.drawnTriangles) + " triangles";
      }
    }
    isWhole_ = true;
    const bool isOver =
        request_.triangleBudget && attempt.drawnTriangles > *request_.triangleBudget;
    return isOver ? std::to_string(attempt.drawnTriangles) + " triangles" : "";
  }

  const Request& request_;
  const ProductTree& tree_;
  const std::vector<Counts>& counts_;
  bool isWhole_ = false;  ///< the last rung was meshed to its end
};

Json settingsJson(const MeshSettings& settings) {
  return {{"chord_mm", settings.chordMm}, {"angle_degrees", settings.angleDegrees}};
}

/// Over all instances: volume of the closed parts, area of all, greatest corner difference of a
/// part's box.
void addDifferences(Json& json, const FittedModel& fitted, const ProductTree& tree,
                    const std::vector<Counts>& counts) {
  double volumeBefore = 0, volumeAfter = 0, areaBefore = 0, areaAfter = 0, corner = 0;
  for (size_t i = 0; i < tree.products.size(); ++i) {
    const TriangleSums &before = fitted.loss->meshes[i], &after = fitted.result.meshes[i];
    const auto times = static_cast<double>(tree.products[i].occurrences);
    areaBefore += before.area() * times;
    areaAfter += after.area() * times;
    if (counts[i].isClosed()) {
      volumeBefore += before.volume() * times;
      volumeAfter += after.volume() * times;
    }
    for (int axis = 1; axis <= 3; ++axis) {
      corner = std::max({corner, std::abs(before.low().Coord(axis) - after.low().Coord(axis)),
                         std::abs(before.high().Coord(axis) - after.high().Coord(axis))});
    }
  }
  if (volumeBefore > 0) {
    json["volume_relative_difference"] = (volumeAfter - volumeBefore) / volumeBefore;
  } else {
    setUnknown(json, "volume_relative_difference", "no part is a closed solid");
  }
  if (areaBefore > 0) {
    json["area_relative_difference"] = (areaAfter - areaBefore) / areaBefore;
  } else {
    setUnknown(json, "area_relative_difference", "no triangle has an area");
  }
  json["max_part_box_difference_mm"] = corner;
}

}  // namespace

FittedModel fitBudgets(const Request& request, const ProductTree& tree,
                       const std::vector<Counts>& counts, double diagonalMm) {
  return Ladder(request, tree, counts).climbDown(diagonalMm);
}

Json lossJson(const FittedModel& fitted, const ProductTree& tree,
              const std::vector<Counts>& counts) {
  Json json = {{"asked", settingsJson(fitted.loss->asked)},
               {"used", settingsJson(fitted.result.settings)}};
  json["used"]["triangles"] = fitted.result.drawnTriangles;
  if (fitted.loss->drawnTriangles) {
    json["asked"]["triangles"] = *fitted.loss->drawnTriangles;
    addDifferences(json, fitted, tree, counts);
    return json;
  }
  const std::string reason = "it was too fine to be meshed for comparison";
  setUnknown(json["asked"], "triangles", reason);
  for (const char* key : {"volume_relative_difference", "area_relative_difference",
                          "max_part_box_difference_mm"}) {
    setUnknown(json, key, reason);
  }
  return json;
}

}  // namespace stepworks
