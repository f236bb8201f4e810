#include "shape_check.h"

#include <BRepCheck.hxx>
#include <BRepCheck_Analyzer.hxx>
#include <BRepCheck_ListIteratorOfListOfStatus.hxx>
#include <BRepCheck_ListOfStatus.hxx>
#include <BRepCheck_Result.hxx>
#include <Standard_Failure.hxx>
#include <TopExp.hxx>
#include <TopTools_IndexedMapOfShape.hxx>
#include <set>
#include <sstream>

#include "text.h"

namespace stepworks {

namespace {

const char* kindName(TopAbs_ShapeEnum kind) {
  switch (kind) {
    case TopAbs_SOLID:
      return "solid";
    case TopAbs_SHELL:
      return "shell";
    case TopAbs_FACE:
      return "face";
    case TopAbs_WIRE:
      return "wire";
    case TopAbs_EDGE:
      return "edge";
    default:
      return "vertex";
  }
}

/// Adds the names of what is wrong; true when anything is.
bool addStatuses(const BRepCheck_ListOfStatus& list, std::set<std::string>& names) {
  bool isFaulty = false;
  for (BRepCheck_ListIteratorOfListOfStatus it(list); it.More(); it.Next()) {
    if (it.Value() == BRepCheck_NoError) continue;
    isFaulty = true;
    std::ostringstream text;
    BRepCheck::Print(it.Value(), text);
    std::string name = cleaned(text.str());
    if (name.rfind("BRepCheck_", 0) == 0) name.erase(0, 10);
    names.insert(name);
  }
  return isFaulty;
}

}  // namespace

Json checkShape(const TopoDS_Shape& shape) {
  Json result;
  try {
    const BRepCheck_Analyzer analyzer(shape);
    result["valid"] = static_cast<bool>(analyzer.IsValid());
    if (analyzer.IsValid()) return result;
    result["faults"] = Json::array();
    for (const TopAbs_ShapeEnum kind :
         {TopAbs_SOLID, TopAbs_SHELL, TopAbs_FACE, TopAbs_WIRE, TopAbs_EDGE, TopAbs_VERTEX}) {
      TopTools_IndexedMapOfShape map;
      TopExp::MapShapes(shape, kind, map);
      size_t faulty = 0;
      std::set<std::string> statuses;
      for (Standard_Integer i = 1; i <= map.Extent(); ++i) {
        const Handle(BRepCheck_Result)& check = analyzer.Result(map(i));
        if (check.IsNull()) continue;
        bool isFaulty = addStatuses(check->Status(), statuses);
        for (check->InitContextIterator(); check->MoreShapeInContext();
             check->NextShapeInContext()) {
          isFaulty = addStatuses(check->StatusOnShape(), statuses) || isFaulty;
        }
        faulty += isFaulty ? 1 : 0;
      }
      if (faulty > 0) {
        result["faults"].push_back(
            {{"kind", kindName(kind)}, {"shapes", faulty}, {"status", statuses}});
      }
    }
  } catch (const Standard_Failure& failure) {
    result = Json::object();
    setUnknown(result, "valid", std::string("the kernel failed: ") + failure.GetMessageString());
  }
  return result;
}

}  // namespace stepworks
