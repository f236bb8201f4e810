#include "properties.h"

#include <StepBasic_MeasureValueMember.hxx>
#include <StepBasic_MeasureWithUnit.hxx>
#include <StepBasic_Product.hxx>
#include <StepBasic_ProductDefinition.hxx>
#include <StepBasic_ProductDefinitionFormation.hxx>
#include <StepBasic_ProductDefinitionRelationship.hxx>
#include <StepData_StepModel.hxx>
#include <StepGeom_CartesianPoint.hxx>
#include <StepRepr_CharacterizedDefinition.hxx>
#include <StepRepr_DescriptiveRepresentationItem.hxx>
#include <StepRepr_MeasureRepresentationItem.hxx>
#include <StepRepr_ProductDefinitionShape.hxx>
#include <StepRepr_PropertyDefinition.hxx>
#include <StepRepr_PropertyDefinitionRepresentation.hxx>
#include <StepRepr_Representation.hxx>
#include <StepRepr_RepresentedDefinition.hxx>
#include <StepRepr_ShapeAspect.hxx>
#include <StepRepr_ValueRepresentationItem.hxx>
#include <StepShape_ShapeDefinitionRepresentation.hxx>
#include <cmath>

#include "measure_unit.h"
#include "text.h"

namespace stepworks {

namespace {

constexpr size_t kMaxProperties = 10'000;

std::string productName(const Handle(StepBasic_ProductDefinition)& definition) {
  if (definition.IsNull() || definition->Formation().IsNull()) return "";
  const Handle(StepBasic_Product) product = definition->Formation()->OfProduct();
  if (product.IsNull()) return "";
  const std::string name = utf8(product->Name().get());
  return name.empty() ? utf8(product->Id().get()) : name;
}

/// The product or occurrence a property belongs to; empty when it belongs to something else.
std::string ownerName(const StepRepr_CharacterizedDefinition& owner, int depth = 0) {
  if (!owner.ProductDefinition().IsNull()) return productName(owner.ProductDefinition());
  if (!owner.ProductDefinitionRelationship().IsNull()) {
    return utf8(owner.ProductDefinitionRelationship()->Name().get());
  }
  // Shape and shape aspect lead on to the product; a malicious file could make them a ring.
  if (depth > 4) return "";
  Handle(StepRepr_ProductDefinitionShape) shape = owner.ProductDefinitionShape();
  if (shape.IsNull() && !owner.ShapeAspect().IsNull()) shape = owner.ShapeAspect()->OfShape();
  return shape.IsNull() ? "" : ownerName(shape->Definition(), depth + 1);
}

void setUnit(Json& json, const std::string& unit) {
  if (unit.empty()) {
    setUnknown(json, "unit", "the file states no unit this tool knows");
  } else {
    json["unit"] = unit;
  }
}

void setMeasure(Json& json, const Handle(StepBasic_MeasureWithUnit)& measure) {
  if (measure.IsNull() || measure->ValueComponentMember().IsNull()) {
    setUnknown(json, "value", "the file gives a measure without a value");
    return;
  }
  const double value = measure->ValueComponent();
  if (!std::isfinite(value)) {
    setUnknown(json, "value", "the file's number is not finite");
    return;
  }
  json["value"] = value;
  json["measure"] = cleaned(measure->ValueComponentMember()->Name());
  setUnit(json, unitName(measure->UnitComponent()));
}

/// False when the item is geometry or presentation, which is no property.
bool addItem(Json& json, const Handle(StepRepr_RepresentationItem)& item,
             const Handle(StepRepr_RepresentationContext)& context) {
  if (item.IsNull()) return false;
  json["name"] = utf8(item->Name().get());
  const auto text = Handle(StepRepr_DescriptiveRepresentationItem)::DownCast(item);
  const auto measure = Handle(StepRepr_MeasureRepresentationItem)::DownCast(item);
  const auto value = Handle(StepRepr_ValueRepresentationItem)::DownCast(item);
  const auto point = Handle(StepGeom_CartesianPoint)::DownCast(item);
  if (!text.IsNull()) {
    json["value"] = utf8(text->Description().get());
  } else if (!measure.IsNull()) {
    setMeasure(json, measure->Measure());
  } else if (!value.IsNull() && !value->ValueComponentMember().IsNull()) {
    const double number = value->ValueComponentMember()->Real();
    if (std::isfinite(number)) {
      json["value"] = number;
    } else {
      setUnknown(json, "value", "the file's number is not finite");
    }
    json["measure"] = cleaned(value->ValueComponentMember()->Name());
    setUnit(json, "");
  } else if (!point.IsNull() && point->NbCoordinates() == 3) {
    json["value"] = {point->CoordinatesValue(1), point->CoordinatesValue(2),
                     point->CoordinatesValue(3)};
    json["measure"] = "CARTESIAN_POINT";
    setUnit(json, lengthUnitName(context));
  } else {
    return false;
  }
  return true;
}

}  // namespace

Json propertiesJson(const StepFile& file) {
  Json list = Json::array();
  size_t leftOut = 0;
  const Handle(StepData_StepModel) model = file.reader->Reader().StepModel();
  for (Standard_Integer i = 1; i <= model->NbEntities(); ++i) {
    const auto link = Handle(StepRepr_PropertyDefinitionRepresentation)::DownCast(model->Value(i));
    if (link.IsNull() || link->IsKind(STANDARD_TYPE(StepShape_ShapeDefinitionRepresentation)))
      continue;
    const Handle(StepRepr_PropertyDefinition) property = link->Definition().PropertyDefinition();
    const Handle(StepRepr_Representation) values = link->UsedRepresentation();
    if (property.IsNull() || values.IsNull()) continue;
    const std::string owner = ownerName(property->Definition());
    for (Standard_Integer k = 1; k <= values->NbItems(); ++k) {
      Json json = {{"property", utf8(property->Name().get())}};
      if (owner.empty()) {
        setUnknown(json, "of", "the file attaches it to no product");
      } else {
        json["of"] = owner;
      }
      if (!addItem(json, values->ItemsValue(k), values->ContextOfItems())) continue;
      if (list.size() < kMaxProperties) {
        list.push_back(json);
      } else {
        ++leftOut;
      }
    }
  }
  if (leftOut > 0) list.push_back({{"left_out", leftOut}});
  return list;
}

}  // namespace stepworks
