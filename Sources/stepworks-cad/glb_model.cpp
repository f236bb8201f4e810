#include "glb_model.h"

#include <Quantity_ColorRGBA.hxx>
#include <array>
#include <set>
#include <tuple>

namespace stepworks {

namespace {

using MaterialKey = std::tuple<bool, float, float, float, float, bool>;

class Builder {
 public:
  Builder(const ProductTree& tree, const std::vector<Counts>& counts)
      : tree_(tree), counts_(counts) {}

  GlbModel build() {
    for (const Occurrence& occurrence : tree_.occurrences) {
      const bool isAssembly = tree_.products[occurrence.product].isAssembly;
      model_.meshOfOccurrence.push_back(isAssembly ? -1 : meshOf(occurrence));
    }
    return std::move(model_);
  }

 private:
  size_t materialOf(const RWMesh_FaceIterator& face, bool isDoubleSided) {
    Material material;
    material.isDoubleSided = isDoubleSided;
    material.hasColour = face.HasFaceColor();
    if (material.hasColour) {
      const Quantity_ColorRGBA& colour = face.FaceColor();
      material.red = static_cast<float>(colour.GetRGB().Red());
      material.green = static_cast<float>(colour.GetRGB().Green());
      material.blue = static_cast<float>(colour.GetRGB().Blue());
      material.alpha = colour.Alpha();
    }
    const MaterialKey key{material.hasColour, material.red,   material.green,
                          material.blue,      material.alpha, material.isDoubleSided};
    if (material.hasColour) {
      colours_.insert({material.red, material.green, material.blue, material.alpha});
      model_.colours = colours_.size();
    }
    const auto [found, isNew] = materials_.try_emplace(key, model_.materials.size());
    if (isNew) model_.materials.push_back(material);
    return found->second;
  }

  int meshOf(const Occurrence& occurrence) {
    const XCAFPrs_Style& style = occurrence.style;
    std::array<float, 4> colour{-1, -1, -1, -1};
    if (style.IsSetColorSurf()) {
      const Quantity_ColorRGBA& surface = style.GetColorSurfRGBA();
      colour = {static_cast<float>(surface.GetRGB().Red()),
                static_cast<float>(surface.GetRGB().Green()),
                static_cast<float>(surface.GetRGB().Blue()), surface.Alpha()};
    }
    const auto [found, isNew] = meshes_.try_emplace({occurrence.product, colour}, -1);
    if (isNew) found->second = addMesh(occurrence);
    return found->second;
  }

  int addMesh(const Occurrence& occurrence) {
    const Product& product = tree_.products[occurrence.product];
    const bool isDoubleSided = !counts_[occurrence.product].isClosed();
    Mesh mesh;
    mesh.product = occurrence.product;
    std::map<size_t, size_t> primitiveOf;  // by material
    for (RWMesh_FaceIterator face(product.label, TopLoc_Location(), true, occurrence.style);
         face.More(); face.Next()) {
      if (face.IsEmptyMesh()) continue;
      ++mesh.faces;
      mesh.colouredFaces += face.HasFaceColor() ? 1 : 0;
      const size_t material = materialOf(face, isDoubleSided);
      const auto [found, isNew] = primitiveOf.try_emplace(material, mesh.primitives.size());
      if (isNew) mesh.primitives.emplace_back().material = material;
      Primitive& primitive = mesh.primitives[found->second];
      const size_t before = primitive.triangleCount();
      model_.leftOutTriangles += appendFace(face, primitive);
      if (face.HasFaceColor()) model_.colouredTriangles += primitive.triangleCount() - before;
    }
    // An empty primitive is not legal glTF.
    std::vector<Primitive> filled;
    for (Primitive& primitive : mesh.primitives) {
      if (!primitive.indices.empty()) filled.push_back(std::move(primitive));
    }
    mesh.primitives = std::move(filled);
    if (mesh.primitives.empty()) return -1;
    model_.meshes.push_back(std::move(mesh));
    return static_cast<int>(model_.meshes.size()) - 1;
  }

  const ProductTree& tree_;
  const std::vector<Counts>& counts_;
  GlbModel model_;
  std::map<MaterialKey, size_t> materials_;
  std::set<std::array<float, 4>> colours_;
  std::map<std::pair<size_t, std::array<float, 4>>, int> meshes_;
};

/// Drops materials that only empty primitives named, so that the file holds nothing unused.
void dropUnusedMaterials(GlbModel& model) {
  std::vector<int> newIndex(model.materials.size(), -1);
  std::vector<Material> used;
  for (Mesh& mesh : model.meshes) {
    for (Primitive& primitive : mesh.primitives) {
      int& index = newIndex[primitive.material];
      if (index < 0) {
        index = static_cast<int>(used.size());
        used.push_back(model.materials[primitive.material]);
      }
      primitive.material = static_cast<size_t>(index);
    }
  }
  model.materials = std::move(used);
}

}  // namespace

GlbModel buildGlbModel(const ProductTree& tree, const std::vector<Counts>& counts) {
  GlbModel model = Builder(tree, counts).build();
  dropUnusedMaterials(model);
  return model;
}

}  // namespace stepworks
