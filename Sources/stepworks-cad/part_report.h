#pragma once

#include <string>
#include <vector>

#include "measure.h"
#include "product_tree.h"

namespace stepworks {

/// What is known of one product; computed once however often it is built in.
struct PartReport {
  MassProperties mass;
  // Of parts only:
  Counts counts;
  std::optional<Box> box;
  Json health;  ///< see checkShape
};

PartReport reportPart(const Product& product);

/// {"solids", "shells", "open_shells", "free_faces", "faces", "edges", "vertices"}.
Json countsJson(const Counts& counts);

/// Colours in the file's own words: {"own": "#A8B0B8" or null, "bodies": {code: count},
/// "faces": {"#0D40A6": 1}}.
Json coloursJson(const StepFile& file, const Product& product);

/// The validation properties the file declares for a product against the computed ones; empty when
/// it declares none. The kernel has converted them to mm.
Json validationJson(const Product& product, const MassProperties& mass);

/// Fills in the assemblies, each the sum over its members; `masses` is by product and knows the
/// parts. A sum is unknown as soon as one of its members is.
void addAssembledMasses(const ProductTree& tree, std::vector<MassProperties>& masses);

}  // namespace stepworks
