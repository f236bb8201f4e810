#pragma once

#include <TDF_Label.hxx>
#include <map>
#include <string>

#include "step_reader.h"

namespace stepworks {

/// What PRODUCT and its formation say; the kernel's document does not keep it.
struct StepIdentity {
  std::string id;
  std::string description;
  std::string version;
};

/// Finds a product's identity by its label.
class StepIdentities {
 public:
  explicit StepIdentities(const StepFile& file);

  /// Null when the label is no product of the file, or when several products share its name and
  /// nothing else tells them apart.
  const StepIdentity* find(const TDF_Label& label) const;

 private:
  std::map<std::string, StepIdentity> byLabel_;
  std::map<std::string, StepIdentity> byName_;  ///< only names that one product has
};

/// A label's address in the document, "0:1:1:2".
std::string labelEntry(const TDF_Label& label);

}  // namespace stepworks
