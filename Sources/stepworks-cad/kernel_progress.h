#pragma once

#include <Message_ProgressIndicator.hxx>
#include <string>
#include <utility>

namespace stepworks {

/// Passes the kernel's progress on as the stretch `from`…`to` of the whole run.
class KernelProgress : public Message_ProgressIndicator {
 public:
  KernelProgress(double from, double to, std::string message)
      : from_(from), to_(to), message_(std::move(message)) {}

 protected:
  void Show(const Message_ProgressScope& scope, Standard_Boolean isForced) override;

 private:
  double from_;
  double to_;
  std::string message_;
};

}  // namespace stepworks
