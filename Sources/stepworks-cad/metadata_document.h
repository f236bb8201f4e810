#pragma once

#include <vector>

#include "part_report.h"
#include "product_tree.h"
#include "request.h"
#include "step_reader.h"

namespace stepworks {

/// All that `extract_metadata` knows, as one document. Units stand in the keys; an unknown value is
/// null and has a sibling `<key>_reason`.
/// `reports` is by product.
Json metadataDocument(const Request& request, const StepFile& file, const ProductTree& tree,
                      const std::vector<PartReport>& reports);

/// Refuses a document that is incomplete or contradicts itself. Throws Failure (70
/// `invalid_output`) naming `path`.
void checkMetadata(const std::string& bytes, const std::string& path, const ProductTree& tree);

}  // namespace stepworks
