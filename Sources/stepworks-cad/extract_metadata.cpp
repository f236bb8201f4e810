#include "extract_metadata.h"

#include "memory_watch.h"
#include "metadata_document.h"
#include "output_file.h"
#include "protocol.h"

namespace stepworks {

namespace {

/// The numbers a person wants first; they are the document's own.
Json headlines(const Json& document) {
  const Json& totals = document.at("totals");
  Json summary = {{"parts", totals.at("parts")},
                  {"instances", totals.at("part_occurrences")},
                  {"products", totals.at("products")},
                  {"solids", totals.at("counts").at("solids")},
                  {"faces", totals.at("counts").at("faces")},
                  {"open_shells", totals.at("counts").at("open_shells")},
                  {"invalid_parts", totals.at("invalid_parts")}};
  for (const char* key : {"bounding_box_mm", "volume_mm3", "area_mm2", "mass_kg"}) {
    summary[key] = totals.at(key);
    const std::string reason = std::string(key) + "_reason";
    if (totals.contains(reason)) summary[reason] = totals.at(reason);
  }
  // Sums over the parts that have a value: how many are missing belongs to them.
  for (const char* key : {"part_occurrences_without_volume", "part_occurrences_without_area"}) {
    summary[key] = totals.at(key);
  }
  summary["units"] = document.at("units");
  summary["schema"] = document.at("schema");
  summary["warnings"] = document.at("warnings").size();
  return summary;
}

std::vector<PartReport> reportProducts(const ProductTree& tree) {
  std::vector<PartReport> reports(tree.products.size());
  size_t done = 0;
  for (size_t i = 0; i < reports.size(); ++i) {
    if (tree.products[i].isAssembly) continue;
    const double fraction = static_cast<double>(done++) / static_cast<double>(tree.partCount());
    protocol::progress(0.6 + 0.3 * fraction, "measuring part " + std::to_string(done) + " of " +
                                                 std::to_string(tree.partCount()));
    reports[i] = reportPart(tree.products[i]);
  }
  std::vector<MassProperties> masses;
  for (const PartReport& report : reports) masses.push_back(report.mass);
  addAssembledMasses(tree, masses);
  for (size_t i = 0; i < reports.size(); ++i) reports[i].mass = masses[i];
  return reports;
}

}  // namespace

Json extractMetadata(const Request& request) {
  const StepFile file = readStep(request);
  protocol::phase("measure");
  const ProductTree tree = buildProductTree(file);
  const std::vector<PartReport> reports = reportProducts(tree);
  protocol::progress(0.9, "measuring the whole model");
  const Json document = metadataDocument(request, file, tree, reports);
  refuseExhaustedMemory(request.sourceName);
  const std::string path = request.name + ".metadata.json";
  protocol::phase("write");
  protocol::progress(0.95, "writing " + path);
  writeFile(path, dump(document, 1) + "\n");
  protocol::phase("check");
  checkMetadata(readBack(path), path, tree);
  return {{"outputs", {{{"role", "metadata"}, {"path", path}, {"media_type", "application/json"}}}},
          {"summary", headlines(document)}};
}

}  // namespace stepworks
