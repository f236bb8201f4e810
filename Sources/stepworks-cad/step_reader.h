#pragma once

#include <STEPCAFControl_Reader.hxx>
#include <TDocStd_Application.hxx>
#include <TDocStd_Document.hxx>
#include <memory>
#include <string>
#include <vector>

#include "input_check.h"
#include "request.h"

namespace stepworks {

/// A STEP file in the kernel: its entities (`reader`) and the assembly made of them (`document`),
/// lengths in millimetres whatever the file's own unit.
struct StepFile {
  Handle(TDocStd_Application) application;
  Handle(TDocStd_Document) document;
  std::unique_ptr<STEPCAFControl_Reader> reader;
  InputFacts input;
  size_t declaredOccurrences = 0;  ///< in the assemblies its entities describe, roots counted
  std::vector<std::string> externalDocuments;  ///< named by the file, never opened
  std::vector<std::string> warnings;           ///< of reading and transfer, grouped, bounded
};

/// Reads and transfers the request's source; the first 60 % of the run's progress.
/// Throws Failure: what is not a sound STEP file with at least one face ends here.
StepFile readStep(const Request& request);

}  // namespace stepworks
