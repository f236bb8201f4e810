#include "kernel_messages.h"

#include <Message.hxx>
#include <Message_Messenger.hxx>
#include <Message_Printer.hxx>
#include <Message_PrinterOStream.hxx>
#include <TCollection_AsciiString.hxx>
#include <cstdio>

#include "text.h"

namespace stepworks {

namespace {

constexpr int kMaxLines = 200;
std::string complaint;
bool foundDanglingReference = false;

class StandardErrorPrinter : public Message_Printer {
 protected:
  void send(const TCollection_AsciiString& text, const Message_Gravity gravity) const override {
    if (gravity < Message_Warning) return;
    if (gravity >= Message_Alarm && complaint.empty()) complaint = cleaned(text.ToCString());
    if (text.Search("Unresolved Reference") > 0) foundDanglingReference = true;
    if (lines >= kMaxLines) return;
    ++lines;
    std::fprintf(stderr, "%s\n", text.ToCString());
  }

 private:
  mutable int lines = 0;
};

}  // namespace

void redirectKernelMessages() {
  const Handle(Message_Messenger)& messenger = Message::DefaultMessenger();
  messenger->RemovePrinters(STANDARD_TYPE(Message_PrinterOStream));
  messenger->AddPrinter(new StandardErrorPrinter());
}

bool kernelFoundDanglingReference() { return foundDanglingReference; }

std::string firstKernelComplaint() { return complaint; }

}  // namespace stepworks
