#include "measure_unit.h"

#include <StepBasic_ConversionBasedUnit.hxx>
#include <StepBasic_ConversionBasedUnitAndLengthUnit.hxx>
#include <StepBasic_DerivedUnit.hxx>
#include <StepBasic_DerivedUnitElement.hxx>
#include <StepBasic_HArray1OfDerivedUnitElement.hxx>
#include <StepBasic_HArray1OfNamedUnit.hxx>
#include <StepBasic_NamedUnit.hxx>
#include <StepBasic_SiUnit.hxx>
#include <StepBasic_SiUnitAndLengthUnit.hxx>
#include <StepGeom_GeomRepContextAndGlobUnitAssCtxAndGlobUncertaintyAssCtx.hxx>
#include <StepGeom_GeometricRepresentationContextAndGlobalUnitAssignedContext.hxx>
#include <StepRepr_GlobalUnitAssignedContext.hxx>
#include <TCollection_HAsciiString.hxx>
#include <algorithm>
#include <cstdio>
#include <iterator>

#include "text.h"

namespace stepworks {

namespace {

/// In the order of StepBasic_SiPrefix.
constexpr const char* kPrefixes[] = {"exa",   "peta", "tera", "giga",  "mega",  "kilo",
                                     "hecto", "deca", "deci", "centi", "milli", "micro",
                                     "nano",  "pico", "femto", "atto"};
/// In the order of StepBasic_SiUnitName.
constexpr const char* kNames[] = {
    "metre",     "gram",   "second",    "ampere",         "kelvin", "mole",  "candela",
    "radian",    "steradian", "hertz",  "newton",         "pascal", "joule", "watt",
    "coulomb",   "volt",   "farad",     "ohm",            "siemens", "weber", "tesla",
    "henry",     "degree Celsius", "lumen", "lux",        "becquerel", "gray", "sievert"};

std::string namedUnit(const Handle(StepBasic_NamedUnit)& unit) {
  const auto si = Handle(StepBasic_SiUnit)::DownCast(unit);
  const auto conversion = Handle(StepBasic_ConversionBasedUnit)::DownCast(unit);
  if (!conversion.IsNull()) {
    std::string name = utf8(conversion->Name().get());
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
      return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    });
    return name;
  }
  if (si.IsNull()) return "";
  const auto name = static_cast<size_t>(si->Name());
  const auto prefix = static_cast<size_t>(si->Prefix());
  if (name >= std::size(kNames)) return "";
  if (!si->HasPrefix()) return kNames[name];
  return prefix < std::size(kPrefixes) ? std::string(kPrefixes[prefix]) + kNames[name] : "";
}

std::string derivedUnit(const StepBasic_DerivedUnit& unit) {
  if (unit.Elements().IsNull()) return "";
  std::string product;
  for (Standard_Integer i = 1; i <= unit.NbElements(); ++i) {
    const Handle(StepBasic_DerivedUnitElement) element = unit.ElementsValue(i);
    const std::string name = element.IsNull() ? "" : namedUnit(element->Unit());
    if (name.empty()) return "";
    product += (product.empty() ? "" : "*") + name;
    if (element->Exponent() == 1) continue;
    char exponent[32];
    std::snprintf(exponent, sizeof exponent, "^%g", element->Exponent());
    product += exponent;
  }
  return product;
}

}  // namespace

std::string unitName(const StepBasic_Unit& unit) {
  if (unit.IsNull()) return "";
  if (!unit.DerivedUnit().IsNull()) return derivedUnit(*unit.DerivedUnit());
  return namedUnit(unit.NamedUnit());
}

std::string lengthUnitName(const Handle(StepRepr_RepresentationContext)& context) {
  using Exact = StepGeom_GeomRepContextAndGlobUnitAssCtxAndGlobUncertaintyAssCtx;
  using Plain = StepGeom_GeometricRepresentationContextAndGlobalUnitAssignedContext;
  Handle(StepRepr_GlobalUnitAssignedContext) units =
      Handle(StepRepr_GlobalUnitAssignedContext)::DownCast(context);
  const Handle(Exact) exact = Handle(Exact)::DownCast(context);
  const Handle(Plain) plain = Handle(Plain)::DownCast(context);
  if (!exact.IsNull()) units = exact->GlobalUnitAssignedContext();
  if (!plain.IsNull()) units = plain->GlobalUnitAssignedContext();
  if (units.IsNull() || units->Units().IsNull()) return "";
  for (Standard_Integer i = 1; i <= units->NbUnits(); ++i) {
    const Handle(StepBasic_NamedUnit) unit = units->UnitsValue(i);
    if (unit.IsNull()) continue;
    if (unit->IsKind(STANDARD_TYPE(StepBasic_SiUnitAndLengthUnit)) ||
        unit->IsKind(STANDARD_TYPE(StepBasic_ConversionBasedUnitAndLengthUnit))) {
      return namedUnit(unit);
    }
  }
  return "";
}

}  // namespace stepworks
