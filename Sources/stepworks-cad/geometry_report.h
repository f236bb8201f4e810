#pragma once

#include <string>
#include <vector>

#include "glb_check.h"
#include "glb_model.h"
#include "measure.h"
#include "product_tree.h"
#include "request.h"
#include "step_reader.h"
#include "tessellation.h"

namespace stepworks {

/// All that one export is judged by; the members outlive the report.
struct ExportFacts {
  const Request& request;
  const StepFile& file;
  const ProductTree& tree;
  const std::vector<Counts>& counts;         ///< by product
  const std::vector<MassProperties>& masses;  ///< of the B-rep, by product, assemblies too
  const Box& box;                            ///< of the whole B-rep
  /// Of the B-rep's parts, by product; empty where exact ones are too dear.
  const std::vector<std::optional<Box>>& partBoxes;
  const MeshSettings& settings;              ///< the mesh was made with
  const std::vector<TriangleSums>& meshes;   ///< the kernel's triangles, by product
  const GlbModel& model;
  const GlbFacts& glb;  ///< read back from the written bytes
};

/// What the file declares, the B-rep, the mesh and the GLB say of the same quantities.
struct GeometryReport {
  Json checks = Json::array();
  Json coverage;  ///< counts of parts, names and colours
  size_t notComparable = 0;  ///< rows that could not be judged, see ReportRows
  std::vector<std::string> sentences;  ///< one for each deviation, the worst first
  bool fileContradictsItself = false;  ///< a declared value deviates from the B-rep
};

/// Compares neighbours in the order declared – B-rep – mesh – GLB, so that each tolerance has one
/// cause (see tolerances.h). Counts and names have to be equal.
GeometryReport reportGeometry(const ExportFacts& facts);

}  // namespace stepworks
