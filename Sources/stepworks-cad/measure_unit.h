#pragma once

#include <StepBasic_Unit.hxx>
#include <StepRepr_RepresentationContext.hxx>
#include <string>

namespace stepworks {

/// A unit in words: "millimetre", "inch^3", "kilogram*metre^-3". Empty when the file states none, or
/// one this tool has no word for.
std::string unitName(const StepBasic_Unit& unit);

/// The unit of coordinates in a representation; empty when it is unknown.
std::string lengthUnitName(const Handle(StepRepr_RepresentationContext)& context);

}  // namespace stepworks
