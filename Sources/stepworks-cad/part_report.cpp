#include "part_report.h"

#include <Quantity_ColorRGBA.hxx>
#include <XCAFDoc_ColorTool.hxx>
#include <XCAFDoc_DocumentTool.hxx>
#include <XCAFPrs.hxx>
#include <XCAFPrs_IndexedDataMapOfShapeStyle.hxx>

#include "colour.h"
#include "shape_check.h"
#include "validation_properties.h"

namespace stepworks {

namespace {

void compare(Json& json, const std::string& quantity, const std::string& unit, double declared,
             const std::optional<double>& computed, const std::string& reason) {
  json["declared_" + quantity + unit] = declared;
  if (!computed) {
    setUnknown(json, "computed_" + quantity + unit, reason);
    return;
  }
  json["computed_" + quantity + unit] = *computed;
  if (declared != 0) {
    json[quantity + "_relative_difference"] = (*computed - declared) / declared;
  } else {
    setUnknown(json, quantity + "_relative_difference", "the declared value is 0");
  }
}

/// A member of an assembly: its mass properties and where it stands, in mm.
struct PlacedMass {
  std::string name;
  const MassProperties* mass;
  gp_Trsf placement;
};

MassProperties assembledMass(const std::vector<PlacedMass>& members) {
  MassProperties sum;
  double volume = 0, area = 0;
  gp_XYZ moment;
  for (const PlacedMass& member : members) {
    if (!member.mass->volume && sum.volumeReason.empty()) {
      sum.volumeReason = "of " + member.name + " it is unknown: " + member.mass->volumeReason;
    }
    if (!member.mass->area && sum.areaReason.empty()) {
      sum.areaReason = "of " + member.name + " it is unknown: " + member.mass->areaReason;
    }
    area += member.mass->area.value_or(0);
    volume += member.mass->volume.value_or(0);
    if (!member.mass->volume || !member.mass->centroid) continue;
    moment += member.mass->centroid->Transformed(member.placement).XYZ() * *member.mass->volume;
  }
  if (members.empty()) sum.volumeReason = sum.areaReason = "the assembly is empty";
  if (sum.areaReason.empty()) sum.area = area;
  if (!sum.volumeReason.empty()) return sum;
  sum.volume = volume;
  sum.centroid = withoutNoise(gp_Pnt(moment / volume));
  return sum;
}

}  // namespace

void addAssembledMasses(const ProductTree& tree, std::vector<MassProperties>& masses) {
  // Backwards, so that an assembly's members are known before it. One occurrence is enough: the
  // others hold the same.
  std::vector<bool> isKnown(masses.size(), false);
  for (size_t i = tree.occurrences.size(); i-- > 0;) {
    const Occurrence& occurrence = tree.occurrences[i];
    if (!tree.products[occurrence.product].isAssembly || isKnown[occurrence.product]) continue;
    isKnown[occurrence.product] = true;
    std::vector<PlacedMass> members;
    for (const size_t child : occurrence.children) {
      const Occurrence& member = tree.occurrences[child];
      members.push_back({member.name, &masses[member.product], member.placement});
    }
    masses[occurrence.product] = assembledMass(members);
  }
}

PartReport reportPart(const Product& product) {
  PartReport report;
  report.counts = countTopology(product.shape);
  report.box = measureBox(product.shape);
  report.mass = measureMass(product.shape, report.counts);
  report.health = checkShape(product.shape);
  return report;
}

Json countsJson(const Counts& counts) {
  return {{"solids", counts.solids},
          {"shells", counts.shells},
          {"open_shells", counts.openShells},
          {"free_faces", counts.freeFaces},
          {"faces", counts.faces},
          {"edges", counts.edges},
          {"vertices", counts.vertices}};
}

Json coloursJson(const StepFile& file, const Product& product) {
  Json json = Json::object();
  Quantity_ColorRGBA own;
  const Handle(XCAFDoc_ColorTool) tool = XCAFDoc_DocumentTool::ColorTool(file.document->Main());
  bool hasOwn = tool->GetColor(product.label, XCAFDoc_ColorSurf, own) ||
                tool->GetColor(product.label, XCAFDoc_ColorGen, own);
  Json bodies = Json::object(), faces = Json::object();
  if (!product.isAssembly) {
    XCAFPrs_IndexedDataMapOfShapeStyle styles;
    XCAFPrs::CollectStyleSettings(product.label, TopLoc_Location(), styles);
    for (Standard_Integer i = 1; i <= styles.Extent(); ++i) {
      const XCAFPrs_Style& style = styles.FindFromIndex(i);
      if (!style.IsSetColorSurf()) continue;
      const TopoDS_Shape& shape = styles.FindKey(i);
      const std::string code = colourCode(style.GetColorSurfRGBA());
      if (shape.IsSame(product.shape)) {
        own = style.GetColorSurfRGBA();
        hasOwn = true;
      } else if (shape.ShapeType() == TopAbs_FACE) {
        faces[code] = faces.value(code, 0) + 1;
      } else if (shape.ShapeType() < TopAbs_FACE) {
        bodies[code] = bodies.value(code, 0) + 1;
      }
    }
  }
  if (hasOwn) {
    json["own"] = colourCode(own);
  } else {
    setUnknown(json, "own", "the file gives it no colour as a whole");
  }
  json["bodies"] = bodies;
  json["faces"] = faces;
  return json;
}

Json validationJson(const Product& product, const MassProperties& mass) {
  Json json = Json::object();
  const DeclaredGeometry declared = declaredGeometry(product);
  if (declared.volume) {
    compare(json, "volume", "_mm3", *declared.volume, mass.volume, mass.volumeReason);
  }
  if (declared.area) {
    compare(json, "area", "_mm2", *declared.area, mass.area, mass.areaReason);
  }
  if (declared.centroid) {
    const gp_Pnt& centroid = *declared.centroid;
    json["declared_centroid_mm"] = {centroid.X(), centroid.Y(), centroid.Z()};
    if (mass.centroid) {
      json["computed_centroid_mm"] = {mass.centroid->X(), mass.centroid->Y(), mass.centroid->Z()};
      json["centroid_distance_mm"] = mass.centroid->Distance(centroid);
    } else {
      setUnknown(json, "computed_centroid_mm", mass.volumeReason);
    }
  }
  return json;
}

}  // namespace stepworks
