#include "deadly_entities.h"

#include <StepBasic_DerivedUnit.hxx>
#include <StepBasic_DerivedUnitElement.hxx>
#include <StepBasic_HArray1OfDerivedUnitElement.hxx>
#include <StepBasic_NamedUnit.hxx>
#include <StepGeom_Curve.hxx>
#include <StepGeom_HArray1OfPcurveOrSurface.hxx>
#include <StepGeom_Pcurve.hxx>
#include <StepGeom_SurfaceCurve.hxx>
#include <StepRepr_DefinitionalRepresentation.hxx>
#include <StepRepr_HArray1OfRepresentationItem.hxx>
#include <StepRepr_PropertyDefinition.hxx>
#include <StepRepr_PropertyDefinitionRepresentation.hxx>
#include <StepRepr_RepresentedDefinition.hxx>
#include <StepShape_Edge.hxx>
#include <StepShape_EdgeLoop.hxx>
#include <StepShape_HArray1OfOrientedEdge.hxx>
#include <StepShape_OrientedEdge.hxx>
#include <TCollection_HAsciiString.hxx>

namespace stepworks {

namespace {

template <typename List>
bool isEmpty(const List& list) {
  return list.IsNull() || list->Length() == 0;
}

/// By the kernel's own rule, which takes a property without a name for one.
bool isValidationProperty(const Handle(StepRepr_PropertyDefinition)& property) {
  if (property.IsNull() || property->Name().IsNull()) return true;
  TCollection_AsciiString name = property->Name()->String();
  name.ChangeAll('_', ' ', Standard_False);
  name.LowerCase();
  return name == "geometric validation property";
}

/// An empty list is no hole: the kernel passes over it.
bool hasHoles(const Handle(StepRepr_Representation)& values) {
  if (values.IsNull()) return true;
  if (values->Items().IsNull()) return false;
  for (Standard_Integer i = 1; i <= values->NbItems(); ++i) {
    if (values->ItemsValue(i).IsNull()) return true;
  }
  return false;
}

}  // namespace

std::string deadlyFault(const Handle(Standard_Transient)& entity) {
  if (const auto edge = Handle(StepShape_OrientedEdge)::DownCast(entity)) {
    const bool isBad = edge->EdgeElement().IsNull() ||
                       edge->EdgeElement()->IsKind(STANDARD_TYPE(StepShape_OrientedEdge));
    return isBad ? "it is made of no plain edge" : "";
  }
  if (const auto loop = Handle(StepShape_EdgeLoop)::DownCast(entity)) {
    if (isEmpty(loop->EdgeList())) return "it has no edges";
    for (Standard_Integer i = 1; i <= loop->NbEdgeList(); ++i) {
      if (loop->EdgeListValue(i).IsNull()) return "one of its edges is missing";
    }
    return "";
  }
  if (const auto curve = Handle(StepGeom_SurfaceCurve)::DownCast(entity)) {
    return isEmpty(curve->AssociatedGeometry()) ? "it lies on no surface" : "";
  }
  if (const auto curve = Handle(StepGeom_Pcurve)::DownCast(entity)) {
    const bool isBad =
        curve->ReferenceToCurve().IsNull() || isEmpty(curve->ReferenceToCurve()->Items()) ||
        Handle(StepGeom_Curve)::DownCast(curve->ReferenceToCurve()->ItemsValue(1)).IsNull();
    return isBad ? "it has no curve" : "";
  }
  if (const auto unit = Handle(StepBasic_DerivedUnit)::DownCast(entity)) {
    return isEmpty(unit->Elements()) ? "it has no elements" : "";
  }
  if (const auto element = Handle(StepBasic_DerivedUnitElement)::DownCast(entity)) {
    return element->Unit().IsNull() ? "it has no unit" : "";
  }
  if (const auto link = Handle(StepRepr_PropertyDefinitionRepresentation)::DownCast(entity)) {
    return isValidationProperty(link->Definition().PropertyDefinition()) &&
                   hasHoles(link->UsedRepresentation())
               ? "it declares a value that is missing"
               : "";
  }
  return "";
}

}  // namespace stepworks
