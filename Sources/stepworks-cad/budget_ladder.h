#pragma once

#include <optional>
#include <string>
#include <vector>

#include "glb_model.h"
#include "tessellation.h"

namespace stepworks {

/// A model meshed, built and serialised.
struct MeshedModel {
  MeshSettings settings;
  std::vector<TriangleSums> meshes;  ///< the kernel's triangles, by product
  size_t drawnTriangles = 0;         ///< those a GLB holds, every instance counted
  GlbModel model;
  std::string bytes;  ///< of the GLB
  size_t bareFaces = 0;
  double bareAreaMm2 = 0;  ///< of faces without triangles, every instance counted
};

/// What a model costs to fit a budget: the fineness that was asked for beside the one that fits.
struct BudgetLoss {
  MeshSettings asked;
  /// Of the fineness that was asked for; nothing when it was too fine to be meshed for comparison.
  std::optional<size_t> drawnTriangles;
  std::vector<TriangleSums> meshes;  ///< by product; empty when `drawnTriangles` is unknown
};

struct FittedModel {
  MeshedModel result;
  std::optional<BudgetLoss> loss;  ///< nothing when the first rung held
};

/// Meshes as the request asks and steps down the ladder until its budgets hold; from 62 % to 90 %
/// of the run's progress. Throws Failure (65) when the last rung does not hold, with what that one
/// needs; when the model needs more than kMaxTriangles, or when no surface could be meshed.
FittedModel fitBudgets(const Request& request, const ProductTree& tree,
                       const std::vector<Counts>& counts, double diagonalMm);

/// {"asked": {"chord_mm", "angle_degrees", "triangles"}, "used": {…}, differences of volume, area
/// and boxes between the two}. Call only where there is a loss.
Json lossJson(const FittedModel& fitted, const ProductTree& tree,
              const std::vector<Counts>& counts);

}  // namespace stepworks
