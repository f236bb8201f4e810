#include "step_header.h"

#include <APIHeaderSection_MakeHeader.hxx>
#include <StepData_StepModel.hxx>
#include <TColStd_SequenceOfAsciiString.hxx>
#include <TCollection_HAsciiString.hxx>
#include <algorithm>
#include <set>

#include "text.h"

namespace stepworks {

namespace {

const char* const kNotStated = "the file does not state it";

void addText(Json& object, const char* key, const std::string& text) {
  if (text.empty()) {
    setUnknown(object, key, kNotStated);
  } else {
    object[key] = text;
  }
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    if (!line.empty()) text += (text.empty() ? "" : ", ") + line;
  }
  return text;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return text;
}

struct LengthUnit {
  const char* kernelName;
  const char* name;
  double millimetres;
};
constexpr LengthUnit kLengthUnits[] = {
    {"millimetre", "millimetre", 1}, {"centimetre", "centimetre", 10},
    {"decimetre", "decimetre", 100}, {"metre", "metre", 1000},
    {"kilometre", "kilometre", 1e6}, {"micrometre", "micrometre", 1e-3},
    {"inch", "inch", 25.4},          {"foot", "foot", 304.8},
    {"mile", "mile", 1609344},       {"mil", "mil", 0.0254},
    {"yard", "yard", 914.4}};

std::set<std::string> unitNames(const StepFile& file, bool ofLength) {
  TColStd_SequenceOfAsciiString lengths, angles, solidAngles;
  file.reader->ChangeReader().FileUnits(lengths, angles, solidAngles);
  const TColStd_SequenceOfAsciiString& chosen = ofLength ? lengths : angles;
  std::set<std::string> names;
  for (int i = 1; i <= chosen.Length(); ++i) names.insert(lower(cleaned(chosen(i).ToCString())));
  names.erase("");
  return names;
}

const LengthUnit* lengthUnit(const std::set<std::string>& names) {
  if (names.size() != 1) return nullptr;
  for (const LengthUnit& unit : kLengthUnits) {
    if (*names.begin() == unit.kernelName) return &unit;
  }
  return nullptr;
}

}  // namespace

Json headerJson(const StepFile& file) {
  const APIHeaderSection_MakeHeader header(file.reader->Reader().StepModel());
  Json json = Json::object();
  std::vector<std::string> authors, organisations, descriptions;
  if (header.HasFn()) {
    addText(json, "file_name", utf8(header.Name().get()));
    addText(json, "time_stamp", utf8(header.TimeStamp().get()));
    for (int i = 1; i <= header.NbAuthor(); ++i)
      authors.push_back(utf8(header.AuthorValue(i).get()));
    for (int i = 1; i <= header.NbOrganization(); ++i) {
      organisations.push_back(utf8(header.OrganizationValue(i).get()));
    }
    addText(json, "author", joined(authors));
    addText(json, "organisation", joined(organisations));
    addText(json, "preprocessor", utf8(header.PreprocessorVersion().get()));
    addText(json, "originating_system", utf8(header.OriginatingSystem().get()));
    addText(json, "authorisation", utf8(header.Authorisation().get()));
  } else {
    for (const char* key : {"file_name", "time_stamp", "author", "organisation", "preprocessor",
                            "originating_system", "authorisation"}) {
      setUnknown(json, key, "the file has no FILE_NAME");
    }
  }
  if (header.HasFd()) {
    for (int i = 1; i <= header.NbDescription(); ++i) {
      descriptions.push_back(utf8(header.DescriptionValue(i).get()));
    }
    addText(json, "implementation_level", utf8(header.ImplementationLevel().get()));
  } else {
    setUnknown(json, "implementation_level", "the file has no FILE_DESCRIPTION");
  }
  addText(json, "description", joined(descriptions));
  return json;
}

Json schemaJson(const StepFile& file) {
  const APIHeaderSection_MakeHeader header(file.reader->Reader().StepModel());
  std::vector<std::string> identifiers;
  for (int i = 1; header.HasFs() && i <= header.NbSchemaIdentifiers(); ++i) {
    identifiers.push_back(utf8(header.SchemaIdentifiersValue(i).get()));
  }
  Json json = Json::object();
  const std::string identifier = joined(identifiers);
  addText(json, "identifier", identifier);
  const std::string text = lower(identifier);
  const auto holds = [&](const char* part) { return text.find(part) != std::string::npos; };
  const char* name =
      holds("managed_model_based_3d_engineering") || holds("ap242") ? "AP242"
      : holds("automotive_design") || holds("ap214")                ? "AP214"
      : holds("config_control_design") || holds("ap203") || holds("configuration_control_3d_design")
          ? "AP203"
      : holds("structural_analysis_design") || holds("ap209") ? "AP209"
      : holds("integrated_cnc") || holds("ap238")             ? "AP238"
                                                              : "";
  if (*name == '\0') {
    setUnknown(json, "name", "the identifier is none of AP203, AP209, AP214, AP238 and AP242");
  } else {
    json["name"] = name;
  }
  return json;
}

Json unitsJson(const StepFile& file) {
  const std::set<std::string> lengths = unitNames(file, true), angles = unitNames(file, false);
  const LengthUnit* unit = lengthUnit(lengths);
  Json json = Json::object();
  json["length_declared"] = !lengths.empty();
  if (unit != nullptr) {
    json["length"] = unit->name;
    json["mm_per_unit"] = unit->millimetres;
  } else if (lengths.empty()) {
    setUnknown(json, "length", "the file declares no length unit; millimetres were assumed");
    setUnknown(json, "mm_per_unit", "the file declares no length unit; millimetres were assumed");
  } else {
    json["length"] = joined({lengths.begin(), lengths.end()});
    setUnknown(json, "mm_per_unit",
               lengths.size() > 1
                   ? "the file mixes length units; each was honoured where it is used"
                   : "the unit is not in this tool's list; the kernel converted it");
  }
  if (angles.empty()) {
    setUnknown(json, "angle", "the file declares no angle unit; radians were assumed");
  } else {
    json["angle"] = joined({angles.begin(), angles.end()});
  }
  return json;
}

}  // namespace stepworks
