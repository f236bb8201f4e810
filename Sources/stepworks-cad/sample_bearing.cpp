#include "sample_bearing.h"

#include <APIHeaderSection_MakeHeader.hxx>
#include <Interface_Static.hxx>
#include <Quantity_Color.hxx>
#include <STEPCAFControl_Writer.hxx>
#include <STEPControl_StepModelType.hxx>
#include <StepData_Protocol.hxx>
#include <StepData_StepModel.hxx>
#include <StepData_StepWriter.hxx>
#include <StepRepr_NextAssemblyUsageOccurrence.hxx>
#include <StepRepr_RepresentationContext.hxx>
#include <StepVisual_MechanicalDesignGeometricPresentationRepresentation.hxx>
#include <TCollection_HAsciiString.hxx>
#include <TDataStd_Name.hxx>
#include <TDocStd_Application.hxx>
#include <TDocStd_Document.hxx>
#include <XCAFDoc_ColorTool.hxx>
#include <XCAFDoc_DocumentTool.hxx>
#include <XCAFDoc_ShapeTool.hxx>
#include <XSControl_WorkSession.hxx>
#include <cmath>
#include <gp_Trsf.hxx>
#include <map>
#include <sstream>
#include <vector>

#include "bearing_shapes.h"
#include "failure.h"
#include "output_file.h"
#include "text.h"

namespace stepworks {

namespace {

Handle(TCollection_HAsciiString) text(const char* value) {
  return new TCollection_HAsciiString(value);
}

/// The sample assembly in a document: products and occurrences named and coloured.
class BearingDocument {
 public:
  BearingDocument() {
    application_->NewDocument("BinXCAF", document_);
    shapes_ = XCAFDoc_DocumentTool::ShapeTool(document_->Main());
    colours_ = XCAFDoc_DocumentTool::ColorTool(document_->Main());
    assembly_ = shapes_->NewShape();
    name(assembly_, "Deep groove ball bearing 6204");
  }

  TDF_Label addPart(const TopoDS_Shape& shape, const char* partName, const Quantity_Color& colour) {
    const TDF_Label label = shapes_->AddShape(shape, Standard_False);
    name(label, partName);
    colours_->SetColor(label, colour, XCAFDoc_ColorSurf);
    return label;
  }

  void colourFace(const TDF_Label& part, const TopoDS_Shape& face, const Quantity_Color& colour) {
    colours_->SetColor(shapes_->AddSubShape(part, face), colour, XCAFDoc_ColorSurf);
  }

  void place(const TDF_Label& part, const std::string& occurrence, const gp_Trsf& placement) {
    name(shapes_->AddComponent(assembly_, part, TopLoc_Location(placement)), occurrence.c_str());
    occurrences_.push_back(occurrence);
  }

  const Handle(TDocStd_Document)& finish() {
    shapes_->UpdateAssemblies();
    return document_;
  }

  const std::vector<std::string>& occurrences() const { return occurrences_; }

 private:
  static void name(const TDF_Label& label, const char* value) {
    TDataStd_Name::Set(label, TCollection_ExtendedString(value, Standard_True));
  }

  Handle(TDocStd_Application) application_ = new TDocStd_Application();
  Handle(TDocStd_Document) document_;
  Handle(XCAFDoc_ShapeTool) shapes_;
  Handle(XCAFDoc_ColorTool) colours_;
  TDF_Label assembly_;
  std::vector<std::string> occurrences_;
};

Quantity_Color srgb(double red, double green, double blue) {
  return {red, green, blue, Quantity_TOC_sRGB};
}

void build(BearingDocument& document) {
  const Quantity_Color steel = srgb(0.66, 0.69, 0.72);
  const TopoDS_Shape outer = bearing::outerRing();
  const TDF_Label outerRing = document.addPart(outer, "Outer ring", steel);
  document.colourFace(outerRing, bearing::bandFace(outer), srgb(0.05, 0.25, 0.65));
  const TDF_Label innerRing = document.addPart(bearing::innerRing(), "Inner ring", steel);
  const TDF_Label cage = document.addPart(bearing::cage(), "Cage", srgb(0.80, 0.62, 0.25));
  const TDF_Label ball = document.addPart(bearing::ball(), "Ball", srgb(0.90, 0.91, 0.93));
  document.place(innerRing, "Inner ring", gp_Trsf());
  document.place(outerRing, "Outer ring", gp_Trsf());
  document.place(cage, "Cage", gp_Trsf());
  for (int i = 0; i < bearing::kBalls; ++i) {
    const double angle = 2 * M_PI * i / bearing::kBalls;
    gp_Trsf placement;
    placement.SetTranslation(gp_Vec(bearing::kPitchRadius * std::cos(angle),
                                    bearing::kPitchRadius * std::sin(angle), 0));
    document.place(ball, "Ball " + std::to_string(i + 1), placement);
  }
}

/// The kernel's writer numbers the occurrences and drops their names; it keeps their order.
void nameOccurrences(const Handle(StepData_StepModel)& model,
                     const std::vector<std::string>& names) {
  size_t next = 0;
  for (Standard_Integer i = 1; i <= model->NbEntities(); ++i) {
    const Handle(StepRepr_NextAssemblyUsageOccurrence) usage =
        Handle(StepRepr_NextAssemblyUsageOccurrence)::DownCast(model->Value(i));
    if (usage.IsNull()) continue;
    if (next == names.size()) throw ownFault("The sample holds more occurrences than it should.");
    usage->SetName(text(names[next++].c_str()));
  }
  if (next != names.size()) throw ownFault("The sample holds fewer occurrences than it should.");
}

/// The kernel's writer puts the colours last, grouped in an order that depends on memory addresses.
/// Returns the same model with the groups in the order of the shapes they colour.
Handle(StepData_StepModel) inFixedOrder(const Handle(StepData_StepModel)& model) {
  std::map<Standard_Integer, Handle(Standard_Transient)> groups;  // by what they colour
  Standard_Integer firstGroup = model->NbEntities() + 1;
  for (Standard_Integer i = model->NbEntities(); i >= 1; --i) {
    const auto group =
        Handle(StepVisual_MechanicalDesignGeometricPresentationRepresentation)::DownCast(
            model->Value(i));
    if (group.IsNull()) continue;
    firstGroup = i;
    groups[model->Number(group->ContextOfItems())] = group;
  }
  const Handle(StepData_StepModel) ordered =
      Handle(StepData_StepModel)::DownCast(model->NewEmptyModel());
  ordered->SetProtocol(model->Protocol());
  for (Standard_Integer i = 1; i < firstGroup; ++i) ordered->AddEntity(model->Value(i));
  for (const auto& [number, group] : groups) ordered->AddWithRefs(group, model->Protocol());
  if (ordered->NbEntities() != model->NbEntities()) {
    throw ownFault("The sample's colours could not be put in order.");
  }
  return ordered;
}

void setHeader(const Handle(StepData_StepModel)& from, const Handle(StepData_StepModel)& model) {
  APIHeaderSection_MakeHeader header(from);
  header.SetName(text("Deep groove ball bearing 6204"));
  // Fixed, so that the bytes are the same each time.
  header.SetTimeStamp(text("2026-01-01T00:00:00"));
  header.SetAuthorValue(1, text("Stepworks"));
  header.SetOrganizationValue(1, text("Stepworks"));
  header.SetOriginatingSystem(text("stepworks-cad"));
  header.SetAuthorisation(text(""));
  header.SetDescriptionValue(1, text("Sample assembly"));
  header.Apply(model);
}

}  // namespace

Json writeSampleBearing(const std::string& path) {
  XCAFDoc_ShapeTool::SetAutoNaming(Standard_False);
  BearingDocument document;
  build(document);
  STEPCAFControl_Writer writer;
  Interface_Static::SetCVal("write.step.schema", "AP214IS");
  Interface_Static::SetCVal("write.step.unit", "MM");
  // Curves on surfaces can be computed again from the edges and would double the file.
  Interface_Static::SetIVal("write.surfacecurve.mode", 0);
  Interface_Static::SetCVal("write.step.product.name", "Stepworks sample");
  if (!writer.Transfer(document.finish(), STEPControl_AsIs)) {
    throw ownFault("The sample could not be turned into STEP entities.");
  }
  const Handle(StepData_StepModel) transferred = writer.ChangeWriter().Model();
  const Handle(StepData_StepModel) model = inFixedOrder(transferred);
  setHeader(transferred, model);
  nameOccurrences(model, document.occurrences());
  StepData_StepWriter lines(model);
  lines.SendModel(Handle(StepData_Protocol)::DownCast(model->Protocol()));
  std::ostringstream bytes;
  if (!lines.Print(bytes)) throw ownFault("The sample could not be written as STEP text.");
  writeFile(path, bytes.str());
  return {{"outputs", {{{"role", "step"}, {"path", path}, {"media_type", "model/step"}}}},
          {"summary", {{"bytes", bytes.str().size()}}}};
}

}  // namespace stepworks
