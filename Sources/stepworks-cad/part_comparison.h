#pragma once

#include <map>
#include <vector>

#include "geometry_report.h"
#include "report_rows.h"

namespace stepworks {

/// What the file declares of an assembly against the sum of its parts, which have rows of their
/// own. `product` is an index into ProductTree::products.
void compareAssembly(const ExportFacts& facts, size_t product, ReportRows& rows);

/// Volume, area, box and, where declared, centroid of one part. `meshes`: those of the GLB that
/// hold it, at least one.
void comparePart(const ExportFacts& facts, size_t product, const std::vector<size_t>& meshes,
                 ReportRows& rows);

/// {"min": […], "max": […]}
Json boxJson(const gp_XYZ& low, const gp_XYZ& high);

/// Greatest difference between corners. `atMost`: the first box is only an upper bound.
double boxDifference(const gp_XYZ& lowA, const gp_XYZ& highA, const gp_XYZ& lowB,
                     const gp_XYZ& highB, bool atMost);

inline constexpr const char* kNotDeclared = "the file does not declare it";

}  // namespace stepworks
