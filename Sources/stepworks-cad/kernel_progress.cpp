#include "kernel_progress.h"

#include "protocol.h"

namespace stepworks {

void KernelProgress::Show(const Message_ProgressScope&, Standard_Boolean) {
  protocol::progress(from_ + (to_ - from_) * GetPosition(), message_);
}

}  // namespace stepworks
