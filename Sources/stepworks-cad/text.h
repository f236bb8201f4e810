#pragma once

#include <string>

class TCollection_AsciiString;
class TCollection_ExtendedString;
class TCollection_HAsciiString;
class TDF_Label;

namespace stepworks {

/// A name as a person reads it: UTF-8, control characters (files hold raw CR and LF inside names)
/// turned into single spaces, trimmed.
std::string cleaned(const std::string& text);
std::string utf8(const TCollection_ExtendedString& text);
std::string utf8(const TCollection_HAsciiString* text);

/// The name on a document label; empty where the file gave none.
std::string labelName(const TDF_Label& label);

/// True when every byte sequence is well-formed UTF-8.
bool isUtf8(const std::string& text);

/// The last component of a path, for sentences; never the whole path of a host.
std::string fileName(const std::string& path);

/// A base name for outputs made from a source's file name: no separator, no control character, no
/// leading dot, at most 100 bytes cut at a character; "model" when nothing remains.
std::string safeStem(const std::string& path);

}  // namespace stepworks
