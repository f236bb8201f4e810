#pragma once

#include <gp_Pnt.hxx>
#include <optional>

#include "product_tree.h"

namespace stepworks {

/// The geometric validation properties of a product: what the CAD system that wrote the file
/// measured, so that readers can check themselves. The kernel has converted them to mm.
struct DeclaredGeometry {
  std::optional<double> volume;     ///< mm³
  std::optional<double> area;       ///< mm²
  std::optional<gp_Pnt> centroid;   ///< of the volume, in the product's coordinates

  bool isEmpty() const { return !volume && !area && !centroid; }
};

/// Values that are no finite numbers are left out.
DeclaredGeometry declaredGeometry(const Product& product);

}  // namespace stepworks
