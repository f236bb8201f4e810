#include "text.h"

#include <TCollection_AsciiString.hxx>
#include <TCollection_ExtendedString.hxx>
#include <TCollection_HAsciiString.hxx>
#include <TDF_Label.hxx>
#include <TDataStd_Name.hxx>

namespace stepworks {

std::string cleaned(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte != 0x7f) {
      out.push_back(c);
    } else if (!out.empty() && out.back() != ' ') {
      out.push_back(' ');
    }
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string utf8(const TCollection_ExtendedString& text) {
  const TCollection_AsciiString bytes(text);
  return cleaned(std::string(bytes.ToCString(), static_cast<size_t>(bytes.Length())));
}

std::string utf8(const TCollection_HAsciiString* text) {
  if (text == nullptr) return "";
  std::string bytes(text->ToCString(), static_cast<size_t>(text->Length()));
  if (isUtf8(bytes)) return cleaned(bytes);
  // Header strings come undecoded; what is not UTF-8 is Latin-1 in practice.
  std::string converted;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      converted.push_back(c);
    } else {
      converted.push_back(static_cast<char>(0xc0 | (byte >> 6)));
      converted.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return cleaned(converted);
}

std::string labelName(const TDF_Label& label) {
  Handle(TDataStd_Name) name;
  if (label.IsNull() || !label.FindAttribute(TDataStd_Name::GetID(), name)) return "";
  const std::string text = utf8(name->Get());
  // The kernel's own stand-in for "no name": "=>[0:1:1:2]".
  return text.rfind("=>[", 0) == 0 ? "" : text;
}

bool isUtf8(const std::string& text) {
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const size_t length = c < 0x80         ? 1
                          : (c >> 5) == 6  ? 2
                          : (c >> 4) == 14 ? 3
                          : (c >> 3) == 30 ? 4
                                           : 0;
    if (length == 0 || i + length > text.size() || c == 0xc0 || c == 0xc1) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

std::string fileName(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return path;
  const size_t slash = path.find_last_of('/', end);
  return path.substr(slash == std::string::npos ? 0 : slash + 1,
                     end - (slash == std::string::npos ? 0 : slash + 1) + 1);
}

std::string safeStem(const std::string& path) {
  constexpr size_t kMaxBytes = 100;
  std::string stem = fileName(path);
  const size_t dot = stem.rfind('.');
  if (dot != std::string::npos && dot > 0) stem.resize(dot);
  if (!isUtf8(stem)) stem.clear();
  std::string out;
  for (const char c : stem) {
    const auto byte = static_cast<unsigned char>(c);
    const bool bad = byte < 0x20 || byte == 0x7f || c == '/' || c == '\\' || c == ':';
    out.push_back(bad ? '_' : c);
  }
  out.erase(0, out.find_first_not_of(". "));
  if (out.size() > kMaxBytes) {
    size_t cut = kMaxBytes;
    while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xc0) == 0x80) --cut;
    out.resize(cut);
  }
  return out.empty() ? "model" : out;
}

}  // namespace stepworks
