#include "document_tools.h"

#include <TColStd_HSequenceOfExtendedString.hxx>
#include <TCollection_HAsciiString.hxx>
#include <TDF_LabelSequence.hxx>
#include <TDataStd_TreeNode.hxx>
#include <XCAFDoc.hxx>
#include <XCAFDoc_DimTolTool.hxx>
#include <XCAFDoc_DocumentTool.hxx>
#include <XCAFDoc_LayerTool.hxx>
#include <XCAFDoc_Material.hxx>
#include <XCAFDoc_MaterialTool.hxx>
#include <XCAFDoc_NotesTool.hxx>
#include <XCAFDoc_ViewTool.hxx>
#include <cmath>

#include "text.h"

namespace stepworks {

namespace {

Json materialJson(const Handle(XCAFDoc_Material)& material) {
  Json json = {{"name", utf8(material->GetName().get())},
               {"description", utf8(material->GetDescription().get())}};
  // The unit of a declared density is what the file's author meant; its name is passed on.
  if (std::isfinite(material->GetDensity()) && material->GetDensity() > 0) {
    json["density_as_declared"] = material->GetDensity();
    json["density_name"] = utf8(material->GetDensName().get());
  } else {
    setUnknown(json, "density_as_declared", "the file does not state it");
  }
  return json;
}

}  // namespace

Json layersJson(const StepFile& file) {
  const Handle(XCAFDoc_LayerTool) tool = XCAFDoc_DocumentTool::LayerTool(file.document->Main());
  TDF_LabelSequence labels;
  tool->GetLayerLabels(labels);
  Json list = Json::array();
  for (Standard_Integer i = 1; i <= labels.Length(); ++i) {
    TCollection_ExtendedString name;
    TDF_LabelSequence shapes;
    if (!tool->GetLayer(labels.Value(i), name)) continue;
    tool->GetShapesOfLayer(labels.Value(i), shapes);
    list.push_back({{"name", utf8(name)}, {"shapes", shapes.Length()}});
  }
  return list;
}

Json layersOf(const StepFile& file, const Product& product) {
  const Handle(XCAFDoc_LayerTool) tool = XCAFDoc_DocumentTool::LayerTool(file.document->Main());
  Handle(TColStd_HSequenceOfExtendedString) names;
  Json list = Json::array();
  if (!tool->GetLayers(product.label, names) || names.IsNull()) return list;
  for (Standard_Integer i = 1; i <= names->Length(); ++i) list.push_back(utf8(names->Value(i)));
  return list;
}

Json materialsJson(const StepFile& file) {
  const Handle(XCAFDoc_MaterialTool) tool =
      XCAFDoc_DocumentTool::MaterialTool(file.document->Main());
  TDF_LabelSequence labels;
  tool->GetMaterialLabels(labels);
  Json list = Json::array();
  for (Standard_Integer i = 1; i <= labels.Length(); ++i) {
    Handle(XCAFDoc_Material) material;
    if (labels.Value(i).FindAttribute(XCAFDoc_Material::GetID(), material)) {
      list.push_back(materialJson(material));
    }
  }
  return list;
}

void addMaterialOf(Json& json, const Product& product) {
  Handle(TDataStd_TreeNode) node;
  Handle(XCAFDoc_Material) material;
  if (product.label.FindAttribute(XCAFDoc::MaterialRefGUID(), node) && node->HasFather() &&
      node->Father()->Label().FindAttribute(XCAFDoc_Material::GetID(), material)) {
    json["material"] = materialJson(material);
  } else {
    setUnknown(json, "material", "the file names no material for it");
  }
}

Json pmiJson(const StepFile& file) {
  const Handle(XCAFDoc_DimTolTool) tool = XCAFDoc_DocumentTool::DimTolTool(file.document->Main());
  TDF_LabelSequence dimensions, tolerances, datums, views, notes;
  tool->GetDimensionLabels(dimensions);
  tool->GetGeomToleranceLabels(tolerances);
  tool->GetDatumLabels(datums);
  XCAFDoc_DocumentTool::ViewTool(file.document->Main())->GetViewLabels(views);
  XCAFDoc_DocumentTool::NotesTool(file.document->Main())->GetNotes(notes);
  return {{"dimensions", dimensions.Length()},
          {"geometric_tolerances", tolerances.Length()},
          {"datums", datums.Length()},
          {"saved_views", views.Length()},
          {"notes", notes.Length()}};
}

}  // namespace stepworks
