#pragma once

#include <Standard_Version.hxx>

namespace stepworks {

inline constexpr const char* kToolName = "stepworks-cad";
inline constexpr const char* kToolVersion = "0.1.0";
inline constexpr const char* kKernelVersion = OCC_VERSION_COMPLETE;

}  // namespace stepworks
