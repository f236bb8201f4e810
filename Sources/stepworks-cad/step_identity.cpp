#include "step_identity.h"

#include <StepBasic_Product.hxx>
#include <StepBasic_ProductDefinition.hxx>
#include <StepBasic_ProductDefinitionFormation.hxx>
#include <StepData_StepModel.hxx>
#include <TDF_Tool.hxx>
#include <TransferBRep.hxx>
#include <Transfer_Binder.hxx>
#include <Transfer_TransientProcess.hxx>
#include <XCAFDoc_DocumentTool.hxx>
#include <XCAFDoc_ShapeTool.hxx>
#include <XSControl_TransferReader.hxx>
#include <XSControl_WorkSession.hxx>
#include <set>

#include "text.h"

namespace stepworks {

std::string labelEntry(const TDF_Label& label) {
  TCollection_AsciiString text;
  TDF_Tool::Entry(label, text);
  return text.ToCString();
}

StepIdentities::StepIdentities(const StepFile& file) {
  const Handle(XSControl_WorkSession) session = file.reader->Reader().WS();
  const Handle(Transfer_TransientProcess) process = session->TransferReader()->TransientProcess();
  const Handle(Interface_InterfaceModel) model = session->Model();
  const Handle(XCAFDoc_ShapeTool) shapes = XCAFDoc_DocumentTool::ShapeTool(file.document->Main());
  std::set<const Standard_Transient*> seen;
  std::set<std::string> sharedNames;
  for (Standard_Integer i = 1; i <= model->NbEntities(); ++i) {
    const Handle(StepBasic_ProductDefinition) definition =
        Handle(StepBasic_ProductDefinition)::DownCast(model->Value(i));
    if (definition.IsNull() || definition->Formation().IsNull()) continue;
    const Handle(StepBasic_Product) product = definition->Formation()->OfProduct();
    if (product.IsNull()) continue;
    const StepIdentity identity{utf8(product->Id().get()), utf8(product->Description().get()),
                                utf8(definition->Formation()->Id().get())};
    const std::string name = utf8(product->Name().get());
    if (!name.empty() && seen.insert(product.get()).second &&
        !byName_.try_emplace(name, identity).second) {
      sharedNames.insert(name);
    }
    // The transfer's bindings lead from a part's definition to its shape, and the shape to its
    // label. Assemblies are rebuilt after the transfer: for them only the name is left.
    const Handle(Transfer_Binder) binder = process->Find(definition);
    if (binder.IsNull()) continue;
    const TopoDS_Shape shape = TransferBRep::ShapeResult(binder);
    TDF_Label label;
    if (!shape.IsNull() && shapes->FindShape(shape.Located(TopLoc_Location()), label)) {
      byLabel_[labelEntry(label)] = identity;
    }
  }
  for (const std::string& name : sharedNames) byName_.erase(name);
}

const StepIdentity* StepIdentities::find(const TDF_Label& label) const {
  const auto exact = byLabel_.find(labelEntry(label));
  if (exact != byLabel_.end()) return &exact->second;
  const auto named = byName_.find(labelName(label));
  return named != byName_.end() ? &named->second : nullptr;
}

}  // namespace stepworks
