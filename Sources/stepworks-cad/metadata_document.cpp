#include "metadata_document.h"

#include <cmath>

#include "colour.h"
#include "document_tools.h"
#include "model_box.h"
#include "properties.h"
#include "step_header.h"
#include "version.h"

namespace stepworks {

namespace {

Json pointJson(const gp_Pnt& point) { return {point.X(), point.Y(), point.Z()}; }

/// Three rows of four: rotation and, last in each row, translation in mm.
Json matrixJson(const gp_Trsf& placement) {
  Json rows = Json::array();
  for (int row = 1; row <= 3; ++row) {
    for (int column = 1; column <= 4; ++column) rows.push_back(placement.Value(row, column));
  }
  return rows;
}

void setNumber(Json& json, const std::string& key, const std::optional<double>& value,
               const std::string& reason) {
  if (value) {
    json[key] = *value;
  } else {
    setUnknown(json, key, reason);
  }
}

void addMass(Json& json, const std::optional<double>& volumeMm3, const Request& request) {
  if (!request.densityKgPerM3) {
    setUnknown(json, "mass_kg", "no density was given (density_kg_m3)");
  } else if (!volumeMm3) {
    setUnknown(json, "mass_kg", "the volume is unknown");
  } else {
    json["mass_kg"] = *volumeMm3 * 1e-9 * *request.densityKgPerM3;
  }
}

Json productJson(const Request& request, const StepFile& file, const Product& product,
                 const PartReport& report) {
  Json json = {{"id", product.id},
               {"name", product.name},
               {"kind", product.isAssembly ? "assembly" : "part"},
               {"occurrences", product.occurrences}};
  const auto addText = [&](const char* key, const std::string& text) {
    if (text.empty()) {
      setUnknown(json, key, "the file does not state it");
    } else {
      json[key] = text;
    }
  };
  addText("step_id", product.stepId);
  addText("description", product.description);
  addText("version", product.version);
  json["layers"] = layersOf(file, product);
  addMaterialOf(json, product);
  json["colours"] = coloursJson(file, product);
  const Json validation = validationJson(product, report.mass);
  if (validation.empty()) {
    setUnknown(json, "validation_properties", "the file declares none for it");
  } else {
    json["validation_properties"] = validation;
  }
  setNumber(json, "volume_mm3", report.mass.volume, report.mass.volumeReason);
  setNumber(json, "area_mm2", report.mass.area, report.mass.areaReason);
  if (report.mass.centroid) {
    json["centroid_mm"] = pointJson(*report.mass.centroid);
  } else {
    setUnknown(json, "centroid_mm", report.mass.volumeReason);
  }
  addMass(json, report.mass.volume, request);
  if (product.isAssembly) return json;
  json["counts"] = countsJson(report.counts);
  if (report.box) {
    json["bounding_box_mm"] = toJson(*report.box);
  } else {
    setUnknown(json, "bounding_box_mm", "the part is empty or its coordinates are not finite");
  }
  json["shape_check"] = report.health;
  return json;
}

Json occurrenceJson(const ProductTree& tree, const Occurrence& occurrence) {
  const Product& product = tree.products[occurrence.product];
  Json json = {{"path_id", occurrence.pathId},
               {"name", occurrence.name},
               {"product", product.name},
               {"product_id", product.id},
               {"placement_rows", matrixJson(occurrence.placement)}};
  if (!product.isAssembly) {
    if (occurrence.style.IsSetColorSurf()) {
      json["colour"] = colourCode(occurrence.style.GetColorSurfRGBA());
    } else {
      setUnknown(json, "colour", "the file gives no colour on the way to this occurrence");
    }
  }
  return json;
}

/// Built from the leaves upwards: children stand behind their parents in the list.
Json treeJson(const ProductTree& tree) {
  std::vector<Json> nodes(tree.occurrences.size());
  for (size_t i = tree.occurrences.size(); i-- > 0;) {
    const Occurrence& occurrence = tree.occurrences[i];
    nodes[i] = occurrenceJson(tree, occurrence);
    if (!tree.products[occurrence.product].isAssembly) continue;
    nodes[i]["children"] = Json::array();
    for (const size_t child : occurrence.children)
      nodes[i]["children"].push_back(std::move(nodes[child]));
  }
  Json roots = Json::array();
  for (const size_t root : tree.roots) roots.push_back(std::move(nodes[root]));
  return roots;
}

Json totalsJson(const Request& request, const ProductTree& tree,
                const std::vector<PartReport>& reports) {
  Counts drawn, unique;
  double volume = 0, area = 0;
  gp_XYZ moment;
  size_t withoutVolume = 0, withoutArea = 0, invalid = 0;
  const auto add = [](Counts& sum, const Counts& part, size_t times) {
    sum.solids += part.solids * times;
    sum.shells += part.shells * times;
    sum.openShells += part.openShells * times;
    sum.freeFaces += part.freeFaces * times;
    sum.faces += part.faces * times;
    sum.edges += part.edges * times;
    sum.vertices += part.vertices * times;
  };
  for (size_t i = 0; i < reports.size(); ++i) {
    if (tree.products[i].isAssembly) continue;
    const size_t times = tree.products[i].occurrences;
    add(unique, reports[i].counts, 1);
    add(drawn, reports[i].counts, times);
    area += reports[i].mass.area.value_or(0) * static_cast<double>(times);
    volume += reports[i].mass.volume.value_or(0) * static_cast<double>(times);
    withoutArea += reports[i].mass.area ? 0 : times;
    withoutVolume += reports[i].mass.volume ? 0 : times;
    invalid += reports[i].health.value("valid", Json(true)) == Json(false) ? 1 : 0;
  }
  for (const Occurrence& occurrence : tree.occurrences) {
    const MassProperties& mass = reports[occurrence.product].mass;
    if (tree.products[occurrence.product].isAssembly || !mass.centroid) continue;
    moment += mass.centroid->Transformed(occurrence.world).XYZ() * *mass.volume;
  }
  Json json = {{"products", tree.products.size()},
               {"parts", tree.partCount()},
               {"assemblies", tree.products.size() - tree.partCount()},
               {"occurrences", tree.occurrences.size()},
               {"part_occurrences", tree.partOccurrenceCount()},
               {"depth", tree.maxDepth()},
               {"counts", countsJson(drawn)},
               {"unique_counts", countsJson(unique)},
               {"invalid_parts", invalid}};
  std::vector<std::optional<Box>> parts;
  for (const PartReport& report : reports) parts.push_back(report.box);
  const std::optional<Box> box = wholeBox(tree, parts);
  if (box) {
    json["bounding_box_mm"] = toJson(*box);
  } else {
    setUnknown(json, "bounding_box_mm", "the coordinates are not finite");
  }
  const std::optional<double> knownVolume = volume > 0 ? std::optional(volume) : std::nullopt;
  setNumber(json, "volume_mm3", knownVolume, "no part has a valid solid");
  json["part_occurrences_without_volume"] = withoutVolume;
  setNumber(json, "area_mm2", area > 0 ? std::optional(area) : std::nullopt,
            "no part has a measurable face");
  json["part_occurrences_without_area"] = withoutArea;
  if (knownVolume) {
    json["centroid_mm"] = pointJson(withoutNoise(gp_Pnt(moment / volume)));
  } else {
    setUnknown(json, "centroid_mm", "no part has a valid solid");
  }
  addMass(json, knownVolume, request);
  return json;
}

}  // namespace

Json metadataDocument(const Request& request, const StepFile& file, const ProductTree& tree,
                      const std::vector<PartReport>& reports) {
  Json document = {
      {"format", "stepworks-metadata/1"},
      {"generator",
       {{"tool", kToolName}, {"version", kToolVersion}, {"opencascade", kKernelVersion}}}};
  document["source"] = {{"file", request.sourceName}, {"bytes", file.input.bytes}};
  if (request.sourceSha256.empty()) {
    setUnknown(document["source"], "sha256", "the request did not give it");
  } else {
    document["source"]["sha256"] = request.sourceSha256;
  }
  if (!request.derivationKey.empty()) document["derivation_key"] = request.derivationKey;
  Json& parameters = document["parameters"];
  setNumber(parameters, "density_kg_m3", request.densityKgPerM3, "the request did not give it");
  document["header"] = headerJson(file);
  document["schema"] = schemaJson(file);
  document["units"] = unitsJson(file);
  document["totals"] = totalsJson(request, tree, reports);
  document["products"] = Json::array();
  for (size_t i = 0; i < tree.products.size(); ++i) {
    document["products"].push_back(productJson(request, file, tree.products[i], reports[i]));
  }
  document["tree"] = treeJson(tree);
  document["layers"] = layersJson(file);
  document["materials"] = materialsJson(file);
  document["pmi"] = pmiJson(file);
  document["properties"] = propertiesJson(file);
  document["external_documents"] = file.externalDocuments;
  document["warnings"] = file.warnings;
  return document;
}

}  // namespace stepworks
