#include "step_reader.h"

#include <IFSelect_WorkLibrary.hxx>
#include <Interface_Check.hxx>
#include <Interface_CheckIterator.hxx>
#include <Interface_Static.hxx>
#include <Standard_Failure.hxx>
#include <Standard_OutOfMemory.hxx>
#include <StepData_StepModel.hxx>
#include <StepVisual_ColourRgb.hxx>
#include <Transfer_TransientProcess.hxx>
#include <XCAFDoc_DocumentTool.hxx>
#include <XCAFDoc_ShapeTool.hxx>
#include <XSControl_TransferReader.hxx>
#include <XSControl_WorkSession.hxx>
#include <algorithm>
#include <fstream>
#include <map>

#include "assembly_check.h"
#include "deadly_entities.h"
#include "failure.h"
#include "kernel_messages.h"
#include "kernel_progress.h"
#include "protocol.h"
#include "text.h"

namespace stepworks {

namespace {

constexpr size_t kMaxWarnings = 100;

/// Annotations of a kind the kernel does not know leave gaps where only presentation is listed.
/// Such a file is sound; a gap in geometry, or one left by a dangling reference, is not.
bool isHarmless(const Handle(Standard_Transient)& entity, const Handle(Interface_Check)& check) {
  if (entity.IsNull() || kernelFoundDanglingReference()) return false;
  const std::string type = entity->DynamicType()->Name();
  const bool isList = type == "StepShape_ShapeRepresentation" || type == "StepRepr_Representation";
  if (type.rfind("StepVisual_", 0) != 0 && !isList) return false;
  for (int i = 1; i <= check->NbFails(); ++i) {
    if (std::string(check->CFail(i)).find("Entity has illegal type") == std::string::npos)
      return false;
  }
  return true;
}

/// Collects broken entities, with which the kernel would crash later.
class Damage {
 public:
  /// `entity` is null for the header.
  void add(const Handle(Interface_InterfaceModel)& model,
           const Handle(Standard_Transient)& entity, const Handle(Interface_Check)& check) {
    if (check.IsNull() || check->NbFails() == 0 || isHarmless(entity, check)) return;
    add(model, entity, cleaned(check->CFail(1)).substr(0, 200));
  }

  void add(const Handle(Interface_InterfaceModel)& model,
           const Handle(Standard_Transient)& entity, const std::string& fault) {
    if (++broken_ > 1) return;
    first_ = entity.IsNull() ? "the header" : utf8(model->StringLabel(entity).get());
    first_ += " (" + fault + ")";
  }

  /// Throws Failure (65) when there is any.
  void refuse(const std::string& name) const {
    if (broken_ == 0) return;
    throw invalidInput(name + " is damaged: " + std::to_string(broken_) + " broken " +
                       (broken_ == 1 ? "entity, " : "entities, the first is ") + first_ +
                       "; export it again from the CAD system.");
  }

 private:
  int broken_ = 0;
  std::string first_;
};

void readEntities(StepFile& file, const Request& request) {
  std::ifstream stream(request.source, std::ios::binary);
  // The kernel refuses a byte order mark, which is legal: start behind it.
  if (file.input.hasByteOrderMark) stream.seekg(3);
  if (!stream) throw missingInput(request.sourceName + " cannot be read; check the disk.");
  // The reader's own ReadStream goes on to link the entities, and crashes where one was read with
  // holes: so the two halves are called here, with a look between them.
  const Handle(XSControl_WorkSession) session = file.reader->Reader().WS();
  Handle(Interface_InterfaceModel) model;
  // A stream and a bare name: the kernel looks for other documents in the attempt directory, where
  // there are none, and not beside the source.
  const Standard_Integer status =
      session->WorkLibrary()->ReadStream("source.step", stream, model, session->Protocol());
  if (status == 0 && !model.IsNull()) {
    Damage damage;
    for (Standard_Integer i = 1; i <= model->NbEntities(); ++i) {
      damage.add(model, model->Value(i), model->Check(i, Standard_True));
      const std::string fault = deadlyFault(model->Value(i));
      if (!fault.empty()) damage.add(model, model->Value(i), fault);
    }
    damage.refuse(request.sourceName);
    session->SetModel(model);
    session->SetLoadedFile("source.step");
    session->InitTransferReader(4);  // as the reader does: forget what was transferred before
    return;
  }
  const std::string why = firstKernelComplaint();
  throw invalidInput(request.sourceName + " is not readable as STEP" +
                     (why.empty() ? "" : " (" + why.substr(0, 200) + ")") +
                     "; export it again from the CAD system.");
}

/// What linking the entities has found besides.
void refuseBrokenEntities(const StepFile& file, const std::string& name) {
  const Handle(XSControl_WorkSession) session = file.reader->Reader().WS();
  Interface_CheckIterator checks = session->ModelCheckList(Standard_False);
  Damage damage;
  for (checks.Start(); checks.More(); checks.Next()) {
    const int number = checks.Number();
    const Handle(Standard_Transient) entity =
        number > 0 ? session->Model()->Value(number) : nullptr;
    damage.add(session->Model(), entity, checks.Value());
  }
  damage.refuse(name);
}

/// The kernel gives up on a file for one colour beyond 0…1. Such a one is brought back into it;
/// returns how many were.
size_t mendColours(const StepFile& file) {
  const Handle(StepData_StepModel) model = file.reader->Reader().StepModel();
  size_t mended = 0;
  for (Standard_Integer i = 1; i <= model->NbEntities(); ++i) {
    const auto colour = Handle(StepVisual_ColourRgb)::DownCast(model->Value(i));
    if (colour.IsNull()) continue;
    const auto inRange = [](double value) { return value >= 0 ? std::min(value, 1.0) : 0.0; };
    const double red = inRange(colour->Red()), green = inRange(colour->Green()),
                 blue = inRange(colour->Blue());
    if (red == colour->Red() && green == colour->Green() && blue == colour->Blue()) continue;
    ++mended;
    colour->SetRed(red);
    colour->SetGreen(green);
    colour->SetBlue(blue);
  }
  return mended;
}

void collectWarnings(StepFile& file) {
  std::map<std::string, int> counts;
  std::vector<std::string> order;
  const auto add = [&](Interface_CheckIterator checks, const std::string& phase) {
    for (checks.Start(); checks.More(); checks.Next()) {
      const Handle(Interface_Check) check = checks.Value();
      const Handle(Standard_Transient) entity = checks.Number() > 0 ? check->Entity() : nullptr;
      const std::string where =
          entity.IsNull() ? phase : phase + " " + entity->DynamicType()->Name();
      const auto note = [&](const char* text) {
        const std::string key = where + ": " + cleaned(text);
        if (counts[key]++ == 0) order.push_back(key);
      };
      for (int i = 1; i <= check->NbFails(); ++i) note(check->CFail(i));
      for (int i = 1; i <= check->NbWarnings(); ++i) note(check->CWarning(i));
    }
  };
  const Handle(XSControl_WorkSession) session = file.reader->Reader().WS();
  add(session->ModelCheckList(Standard_False), "reading");
  add(session->TransferReader()->TransientProcess()->CheckList(Standard_False), "transfer");
  for (const std::string& text : order) {
    if (file.warnings.size() == kMaxWarnings) {
      file.warnings.push_back(std::to_string(order.size() - kMaxWarnings) +
                              " further kinds left out");
      break;
    }
    const int count = counts[text];
    file.warnings.push_back(count == 1 ? text : text + " (" + std::to_string(count) + " times)");
  }
}

void refuseEmpty(const StepFile& file, const std::string& name) {
  const Handle(XCAFDoc_ShapeTool) shapes = XCAFDoc_DocumentTool::ShapeTool(file.document->Main());
  TDF_LabelSequence roots;
  shapes->GetFreeShapes(roots);
  double faces = 0;
  for (Standard_Integer i = 1; i <= roots.Length(); ++i) {
    faces += drawnFaces(XCAFDoc_ShapeTool::GetShape(roots.Value(i)));
  }
  if (faces > kMaxFaces) {
    throw invalidInput(name + " draws more than 20,000,000 faces; export a smaller assembly.");
  }
  if (faces > 0) return;
  const std::string fact =
      !file.externalDocuments.empty()
          ? "its geometry is in another file (" + file.externalDocuments.front() + ")"
          : "it holds no solid and no surface";
  throw invalidInput(name + " has no geometry: " + fact +
                     "; export the part as solids in one STEP file.");
}

}  // namespace

namespace {

StepFile readAndTransfer(const Request& request) {
  StepFile file;
  protocol::phase("read");
  protocol::progress(0, "checking " + request.sourceName);
  file.input = checkInput(request.source, request.sourceName);

  file.application = new TDocStd_Application();
  file.application->NewDocument("BinXCAF", file.document);
  XCAFDoc_ShapeTool::SetAutoNaming(Standard_False);
  file.reader = std::make_unique<STEPCAFControl_Reader>();
  // Only now: the reader's constructor sets the parameter up.
  Interface_Static::SetCVal("xstep.cascade.unit", "MM");
  STEPCAFControl_Reader& reader = *file.reader;
  reader.SetColorMode(Standard_True);
  reader.SetNameMode(Standard_True);
  reader.SetLayerMode(Standard_True);
  reader.SetPropsMode(Standard_True);
  reader.SetMatMode(Standard_True);
  reader.SetGDTMode(Standard_True);
  reader.SetSHUOMode(Standard_True);
  reader.SetViewMode(Standard_True);

  protocol::progress(0.02, "reading " + request.sourceName);
  readEntities(file, request);
  protocol::progress(0.25, "checking the entities");
  refuseBrokenEntities(file, request.sourceName);
  file.declaredOccurrences = checkAssemblyGraph(reader.Reader().StepModel(), request.sourceName);
  const size_t mendedColours = mendColours(file);
  file.externalDocuments = checkExternalDocuments(reader.Reader().WS(), request.sourceName);

  protocol::phase("transfer");
  Handle(KernelProgress) progress = new KernelProgress(0.3, 0.6, "transferring");
  if (!reader.Transfer(file.document, progress->Start())) {
    throw invalidInput(
        request.sourceName +
        " holds nothing the kernel could turn into shapes; export the part as solids "
        "in one STEP file.");
  }
  collectWarnings(file);
  if (mendedColours > 0) {
    file.warnings.push_back(std::to_string(mendedColours) +
                            " colours were beyond their range and brought back into it");
  }
  for (const std::string& document : file.externalDocuments) {
    const std::string text = "the external document " + document + " was not opened";
    file.warnings.push_back(text);
    protocol::warning(request.sourceName + ": " + text);
  }
  refuseEmpty(file, request.sourceName);
  return file;
}

}  // namespace

StepFile readStep(const Request& request) {
  try {
    return readAndTransfer(request);
  } catch (const Standard_OutOfMemory&) {
    throw;
  } catch (const Standard_Failure& failure) {
    // The same file would do the same again.
    throw invalidInput(request.sourceName + " is damaged: the CAD kernel gave it up (" +
                       cleaned(failure.GetMessageString()).substr(0, 200) +
                       "); export it again from the CAD system.");
  }
}

}  // namespace stepworks
