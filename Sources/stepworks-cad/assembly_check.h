#pragma once

#include <Standard_Handle.hxx>
#include <string>
#include <vector>

class StepData_StepModel;
class XSControl_WorkSession;
class TopoDS_Shape;

namespace stepworks {

/// More occurrences than this are refused: a small file can name astronomically many by nesting.
inline constexpr double kMaxOccurrences = 1'000'000;
/// More drawn faces than this are refused, for the same reason.
inline constexpr double kMaxFaces = 20'000'000;

/// Refuses an assembly that contains itself, or that unfolds to more than kMaxOccurrences.
/// Works on the file's entities, before the kernel follows them. Returns how many occurrences the
/// file's assemblies unfold to, their roots counted; 0: it has none. Throws Failure (65).
size_t checkAssemblyGraph(const Handle(StepData_StepModel)& model, const std::string& name);

/// The names of other documents the file asks for. The kernel would open them, absolute paths too:
/// a name with a path separator is refused. Throws Failure (65).
std::vector<std::string> checkExternalDocuments(const Handle(XSControl_WorkSession)& session,
                                                const std::string& name);

/// Faces a shape draws, every repetition counted, without unfolding it.
double drawnFaces(const TopoDS_Shape& shape);

}  // namespace stepworks
