#include "assembly_check.h"

#include <STEPConstruct_ExternRefs.hxx>
#include <Standard_Type.hxx>
#include <StepBasic_ProductDefinition.hxx>
#include <StepData_StepModel.hxx>
#include <StepRepr_NextAssemblyUsageOccurrence.hxx>
#include <TopoDS_Iterator.hxx>
#include <TopoDS_Shape.hxx>
#include <XSControl_WorkSession.hxx>
#include <algorithm>
#include <map>

#include "failure.h"
#include "text.h"

namespace stepworks {

namespace {

using Entity = const Standard_Transient*;

struct Node {
  std::vector<Entity> children;
  enum { unseen, open, done } state = unseen;
  double occurrences = 0;  ///< below and including this one; a double saturates instead of wrapping
  size_t nextChild = 0;
};

}  // namespace

size_t checkAssemblyGraph(const Handle(StepData_StepModel)& model, const std::string& name) {
  std::map<Entity, Node> graph;
  std::map<Entity, bool> isChild;
  std::vector<Entity> order;
  for (Standard_Integer i = 1; i <= model->NbEntities(); ++i) {
    const Handle(StepRepr_NextAssemblyUsageOccurrence) usage =
        Handle(StepRepr_NextAssemblyUsageOccurrence)::DownCast(model->Value(i));
    if (usage.IsNull()) continue;
    const Entity parent = usage->RelatingProductDefinition().get();
    const Entity child = usage->RelatedProductDefinition().get();
    if (parent == nullptr || child == nullptr) continue;
    if (graph.find(parent) == graph.end()) order.push_back(parent);
    graph[parent].children.push_back(child);
    graph[child];
    isChild[child] = true;
  }
  double total = 0;
  // An explicit stack: the nesting depth is the file's to choose.
  for (const Entity root : order) {
    std::vector<Entity> stack{root};
    while (!stack.empty()) {
      Node& node = graph[stack.back()];
      node.state = node.state == Node::done ? Node::done : Node::open;
      if (node.state == Node::done || node.nextChild == node.children.size()) {
        if (node.state == Node::open) {
          node.occurrences = 1;
          for (const Entity child : node.children) node.occurrences += graph[child].occurrences;
          node.state = Node::done;
        }
        stack.pop_back();
        continue;
      }
      const Entity child = node.children[node.nextChild++];
      const auto state = graph[child].state;
      if (state == Node::open) {
        throw invalidInput(name +
                           " holds an assembly that contains itself; repair the assembly and "
                           "export it again.");
      }
      if (state == Node::unseen) stack.push_back(child);
    }
    if (!isChild[root]) total += graph[root].occurrences;
  }
  if (total > kMaxOccurrences) {
    throw invalidInput(name + " unfolds to more than 1,000,000 parts; export a smaller assembly.");
  }
  return static_cast<size_t>(total);
}

std::vector<std::string> checkExternalDocuments(const Handle(XSControl_WorkSession)& session,
                                                const std::string& name) {
  std::vector<std::string> documents;
  STEPConstruct_ExternRefs references(session);
  if (!references.LoadExternRefs()) return documents;
  for (Standard_Integer i = 1; i <= references.NbExternRefs(); ++i) {
    const Standard_CString text = references.FileName(i);
    if (text == nullptr || *text == '\0') continue;
    const std::string document = cleaned(text);
    if (document.find_first_of("/\\") != std::string::npos) {
      throw invalidInput(name + " refers to another file by a path (" + document +
                         "), which is not opened; export the assembly as one file.");
    }
    if (std::find(documents.begin(), documents.end(), document) == documents.end()) {
      documents.push_back(document);
    }
  }
  return documents;
}

namespace {

double countFaces(const TopoDS_Shape& shape, std::map<Entity, double>& known) {
  if (shape.IsNull()) return 0;
  if (shape.ShapeType() == TopAbs_FACE) return 1;
  if (shape.ShapeType() > TopAbs_FACE) return 0;
  const auto found = known.find(shape.TShape().get());
  if (found != known.end()) return found->second;
  double faces = 0;
  for (TopoDS_Iterator it(shape); it.More(); it.Next()) faces += countFaces(it.Value(), known);
  return known[shape.TShape().get()] = faces;
}

}  // namespace

double drawnFaces(const TopoDS_Shape& shape) {
  std::map<Entity, double> known;
  return countFaces(shape, known);
}

}  // namespace stepworks
