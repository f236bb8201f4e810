#include "deadly_entities.h"

#include <StepBasic_DerivedUnit.hxx>
#include <StepBasic_HArray1OfDerivedUnitElement.hxx>
#include <StepGeom_HArray1OfPcurveOrSurface.hxx>
#include <StepGeom_Pcurve.hxx>
#include <StepGeom_SurfaceCurve.hxx>
#include <StepRepr_DefinitionalRepresentation.hxx>
#include <StepRepr_HArray1OfRepresentationItem.hxx>
#include <StepShape_Edge.hxx>
#include <StepShape_EdgeLoop.hxx>
#include <StepShape_HArray1OfOrientedEdge.hxx>
#include <StepShape_OrientedEdge.hxx>

namespace stepworks {

namespace {

template <typename List>
bool isEmpty(const List& list) {
  return list.IsNull() || list->Length() == 0;
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
        curve->ReferenceToCurve().IsNull() || isEmpty(curve->ReferenceToCurve()->Items());
    return isBad ? "it has no curve" : "";
  }
  if (const auto unit = Handle(StepBasic_DerivedUnit)::DownCast(entity)) {
    return isEmpty(unit->Elements()) ? "it has no elements" : "";
  }
  return "";
}

}  // namespace stepworks
