#pragma once

#include "json.h"
#include "product_tree.h"
#include "step_reader.h"

namespace stepworks {

/// Layers of the document with the number of shapes on each: [{"name", "shapes"}].
Json layersJson(const StepFile& file);

/// Names of the layers a product lies on.
Json layersOf(const StepFile& file, const Product& product);

/// Materials of the document: [{"name", "description", "density", "density_unit"}].
Json materialsJson(const StepFile& file);

/// The material of a product, or null with a reason.
void addMaterialOf(Json& json, const Product& product);

/// Counts of product manufacturing information: dimensions, tolerances, datums, saved views, notes.
Json pmiJson(const StepFile& file);

}  // namespace stepworks
