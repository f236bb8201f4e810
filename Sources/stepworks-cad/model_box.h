#pragma once

#include <optional>
#include <vector>

#include "measure.h"
#include "product_tree.h"

namespace stepworks {

/// The box of each part in its own coordinates, by product; nothing for assemblies and for parts
/// that are empty or not finite.
std::vector<std::optional<Box>> measurePartBoxes(const ProductTree& tree);

/// The box of all parts in place. Up to kExactBoxFaces drawn faces it is exact, and put together
/// from the boxes of the parts wherever one stands along the axes: exactness is dear, so no part is
/// measured twice. `parts` may be empty: then the whole is measured at once.
std::optional<Box> wholeBox(const ProductTree& tree, const std::vector<std::optional<Box>>& parts);

/// True when a model has few enough faces for exact boxes.
bool affordsExactBoxes(const ProductTree& tree);

}  // namespace stepworks
