#pragma once

#include <Standard_Handle.hxx>
#include <string>

class Standard_Transient;

namespace stepworks {

/// What the kernel would crash on when it links or translates an entity that it has read without a
/// complaint: a list without elements, an edge made of an edge like itself. In words; empty when
/// there is nothing. None of it is legal, so no sound file is refused.
std::string deadlyFault(const Handle(Standard_Transient)& entity);

}  // namespace stepworks
