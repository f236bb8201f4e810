#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace stepworks {

/// Keys keep the order they were added in, so that documents read well and bytes are repeatable.
using Json = nlohmann::ordered_json;

/// Serialises with any byte that is not UTF-8 replaced by U+FFFD instead of throwing.
inline std::string dump(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

/// Records that a value is unknown: null, with the reason beside it. Never a made-up 0.
inline void setUnknown(Json& object, const std::string& key, const std::string& reason) {
  object[key] = nullptr;
  object[key + "_reason"] = reason;
}

}  // namespace stepworks
