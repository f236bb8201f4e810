#include "request.h"

#include <sys/stat.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

#include "failure.h"
#include "text.h"

namespace stepworks {

namespace {

constexpr off_t kMaxRequestBytes = 1024 * 1024;

std::string inQuotes(const std::string& text) { return "\"" + cleaned(text) + "\""; }

std::string readText(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) {
    throw missingInput("The request " + fileName(path) + " cannot be opened (" +
                       std::strerror(errno) + "); give the path of a JSON file.");
  }
  if (!S_ISREG(status.st_mode)) {
    throw missingInput("The request " + fileName(path) + " is not a file; give a JSON file.");
  }
  if (status.st_size > kMaxRequestBytes) {
    throw badRequest("The request " + fileName(path) + " is larger than 1 MiB; it is no request.");
  }
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) throw missingInput("The request " + fileName(path) + " cannot be read.");
  return text.str();
}

/// Refuses keys nobody reads: a typing error must not silently mean a default.
void refuseUnknown(const Json& object, const std::vector<std::string>& known,
                   const std::string& where) {
  for (const auto& [key, value] : object.items()) {
    bool found = false;
    for (const std::string& name : known) found = found || name == key;
    if (found) continue;
    std::string list;
    for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
    throw badRequest("The key " + inQuotes(key) + " in " + where + " is not known; use " + list +
                     ".");
  }
}

std::string text(const Json& object, const std::string& key) {
  if (!object.contains(key)) return "";
  if (!object[key].is_string()) throw badRequest("The key \"" + key + "\" must be a string.");
  std::string value = object[key].get<std::string>();
  if (value.find('\0') != std::string::npos) {
    throw badRequest("The key \"" + key + "\" holds a zero byte; remove it.");
  }
  return value;
}

std::optional<double> number(const Json& object, const std::string& key, double low, double high) {
  if (!object.contains(key) || object[key].is_null()) return std::nullopt;
  const bool isNumber = object[key].is_number();
  const double value = isNumber ? object[key].get<double>() : NAN;
  if (!(value >= low && value <= high)) {
    throw badRequest("The parameter \"" + key + "\" must be a number from " + dump(Json(low)) +
                     " to " + dump(Json(high)) + "; it is " + cleaned(dump(object[key])) + ".");
  }
  return value;
}

std::optional<uint64_t> count(const Json& object, const std::string& key) {
  if (!object.contains(key) || object[key].is_null()) return std::nullopt;
  if (!object[key].is_number_unsigned() || object[key].get<uint64_t>() == 0) {
    throw badRequest("The parameter \"" + key + "\" must be a whole number above 0; it is " +
                     cleaned(dump(object[key])) + ".");
  }
  return object[key].get<uint64_t>();
}

/// One of `words`; the first where the parameter is not given.
std::string choice(const Json& object, const std::string& key,
                   const std::vector<std::string>& words) {
  if (!object.contains(key)) return words.front();
  const std::string value = text(object, key);
  std::string list;
  for (const std::string& word : words) {
    if (word == value) return value;
    list += (list.empty() ? "" : word == words.back() ? " or " : ", ") + word;
  }
  throw badRequest("The " + key + " " + inQuotes(value) + " is not known; use " + list + ".");
}

std::string outputName(const Json& object, const std::string& source) {
  if (!object.contains("name")) return safeStem(source);
  const std::string name = text(object, "name");
  const bool bad = name.empty() || name.size() > 100 || name[0] == '.' ||
                   name.find('/') != std::string::npos || cleaned(name) != name;
  if (bad) {
    throw badRequest(
        "The name " + inQuotes(name) +
        " cannot be a file name; give 1 to 100 bytes without \"/\", control characters "
        "or a leading dot.");
  }
  return name;
}

std::string digest(const Json& object, const std::string& key) {
  const std::string value = text(object, key);
  if (value.empty()) return value;
  if (value.size() != 64 || value.find_first_not_of("0123456789abcdef") != std::string::npos) {
    throw badRequest("The key " + inQuotes(key) + " must be 64 lower-case hexadecimal digits.");
  }
  return value;
}

}  // namespace

Request readRequest(const std::string& path) {
  const Json root = Json::parse(readText(path), nullptr, false);
  if (root.is_discarded() || !root.is_object()) {
    throw badRequest("The request " + fileName(path) + " is not a JSON object.");
  }
  refuseUnknown(root,
                {"operation", "source", "name", "source_sha256", "input_semantic_sha256",
                 "derivation_key", "parameters"},
                "the request");

  Request request;
  const std::string operation = text(root, "operation");
  if (operation == "extract_metadata") {
    request.operation = Request::Operation::extractMetadata;
  } else if (operation == "export_glb") {
    request.operation = Request::Operation::exportGlb;
  } else {
    throw badRequest("The operation " + inQuotes(operation) +
                     " is not known; use extract_metadata or export_glb.");
  }
  request.source = text(root, "source");
  if (request.source.empty()) {
    throw badRequest("The key \"source\" is missing or empty; give the path of a STEP file.");
  }
  request.sourceName = cleaned(fileName(request.source));
  request.name = outputName(root, request.source);
  request.sourceSha256 = digest(root, "source_sha256");
  request.inputSemanticSha256 = digest(root, "input_semantic_sha256");
  request.derivationKey = digest(root, "derivation_key");

  const Json parameters = root.value("parameters", Json::object());
  if (!parameters.is_object()) throw badRequest("The key \"parameters\" must be an object.");
  if (request.operation == Request::Operation::extractMetadata) {
    refuseUnknown(parameters, {"density_kg_m3"}, "the parameters of extract_metadata");
    request.densityKgPerM3 = number(parameters, "density_kg_m3", 0.001, 100000);
    return request;
  }
  refuseUnknown(parameters,
                {"preset", "chord_mm", "angle_degrees", "triangle_budget", "byte_budget",
                 "on_deviation", "variant"},
                "the parameters of export_glb");
  request.preset = choice(parameters, "preset", {"production", "preview", "hero"});
  request.chordMm = number(parameters, "chord_mm", 0.0001, 1000);
  request.angleDegrees = number(parameters, "angle_degrees", 1, 90);
  request.triangleBudget = count(parameters, "triangle_budget");
  request.byteBudget = count(parameters, "byte_budget");
  request.wantsMeshopt = choice(parameters, "variant", {"none", "meshopt"}) == "meshopt";
  request.failsOnDeviation = choice(parameters, "on_deviation", {"warn", "fail"}) == "fail";
  return request;
}

}  // namespace stepworks
