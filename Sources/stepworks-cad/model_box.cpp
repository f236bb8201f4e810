#include "model_box.h"

#include <algorithm>
#include <cmath>

#include "assembly_check.h"

namespace stepworks {

namespace {

/// True when every axis is mapped to an axis, so that a box stays one.
bool keepsAxes(const gp_Trsf& placement) {
  for (int row = 1; row <= 3; ++row) {
    int entries = 0;
    for (int column = 1; column <= 3; ++column) {
      entries += std::abs(placement.Value(row, column)) > 1e-12 ? 1 : 0;
    }
    if (entries != 1) return false;
  }
  return true;
}

void widen(Box& box, const gp_Pnt& low, const gp_Pnt& high) {
  const auto least = [](double a, double b, double c) { return std::min({a, b, c}); };
  const auto most = [](double a, double b, double c) { return std::max({a, b, c}); };
  box.low = gp_Pnt(least(box.low.X(), low.X(), high.X()), least(box.low.Y(), low.Y(), high.Y()),
                   least(box.low.Z(), low.Z(), high.Z()));
  box.high = gp_Pnt(most(box.high.X(), low.X(), high.X()), most(box.high.Y(), low.Y(), high.Y()),
                    most(box.high.Z(), low.Z(), high.Z()));
}

}  // namespace

std::vector<std::optional<Box>> measurePartBoxes(const ProductTree& tree) {
  std::vector<std::optional<Box>> boxes;
  for (const Product& product : tree.products) {
    boxes.push_back(product.isAssembly ? std::nullopt : measureBox(product.shape));
  }
  return boxes;
}

bool affordsExactBoxes(const ProductTree& tree) {
  return drawnFaces(wholeModel(tree)) <= kExactBoxFaces;
}

std::optional<Box> wholeBox(const ProductTree& tree,
                            const std::vector<std::optional<Box>>& parts) {
  const TopoDS_Shape whole = wholeModel(tree);
  if (parts.empty() || drawnFaces(whole) > kExactBoxFaces) return measureBox(whole);
  std::optional<Box> box;
  for (const Occurrence& occurrence : tree.occurrences) {
    const Product& product = tree.products[occurrence.product];
    if (product.isAssembly || product.shape.IsNull()) continue;
    const std::optional<Box>& part = parts[occurrence.product];
    if (!part || !part->isExact) return measureBox(whole);
    gp_Pnt low = part->low.Transformed(occurrence.world);
    gp_Pnt high = part->high.Transformed(occurrence.world);
    if (!keepsAxes(occurrence.world)) {
      const TopLoc_Location place(occurrence.world);
      const std::optional<Box> turned = measureBox(product.shape.Located(place, Standard_False));
      if (!turned || !turned->isExact) return measureBox(whole);
      low = turned->low;
      high = turned->high;
    }
    if (!box) box = Box{low, low, true};
    widen(*box, low, high);
  }
  if (!box) return measureBox(whole);
  box->low = withoutNoise(box->low);
  box->high = withoutNoise(box->high);
  return box;
}

}  // namespace stepworks
