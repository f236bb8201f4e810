#include "product_tree.h"

#include <BRep_Builder.hxx>
#include <TDF_LabelSequence.hxx>
#include <TopoDS_Compound.hxx>
#include <XCAFDoc_ShapeTool.hxx>
#include <XCAFPrs_DocumentExplorer.hxx>
#include <algorithm>
#include <map>

#include "step_identity.h"
#include "text.h"

namespace stepworks {

namespace {

/// A part whose file gives it several representations (a solid and its wire frame, say) comes as an
/// assembly of nameless shapes that are no products. It is one part, made of these pieces; nothing
/// is returned for a true assembly.
std::vector<TDF_Label> partPieces(const TDF_Label& label, const StepIdentities& identities) {
  std::vector<TDF_Label> pieces;
  TDF_LabelSequence components;
  if (!XCAFDoc_ShapeTool::GetComponents(label, components)) return {};
  for (Standard_Integer i = 1; i <= components.Length(); ++i) {
    TDF_Label referred;
    if (!XCAFDoc_ShapeTool::GetReferredShape(components.Value(i), referred)) return {};
    if (XCAFDoc_ShapeTool::IsAssembly(referred) || identities.find(referred) != nullptr) return {};
    if (!labelName(referred).empty() || !labelName(components.Value(i)).empty()) return {};
    pieces.push_back(referred);
  }
  return pieces;
}

class TreeBuilder {
 public:
  explicit TreeBuilder(const StepFile& file) : file_(file), identities_(file) {}

  ProductTree build() {
    std::vector<size_t> ancestors;  // by depth
    XCAFPrs_DocumentExplorer explorer(file_.document, XCAFPrs_DocumentExplorerFlags_None);
    for (; explorer.More(); explorer.Next()) {
      const XCAFPrs_DocumentNode& node = explorer.Current();
      const auto depth = static_cast<size_t>(explorer.CurrentDepth());
      // Inside a part there are no occurrences.
      if (depth > 0 && depth > ancestors.size()) continue;
      ancestors.resize(depth);
      const bool isInsidePart =
          depth > 0 && !tree_.products[tree_.occurrences[ancestors[depth - 1]].product].isAssembly;
      if (isInsidePart) continue;
      const size_t index =
          add(node, depth, depth > 0 ? &tree_.occurrences[ancestors[depth - 1]] : nullptr);
      ancestors.push_back(index);
    }
    return std::move(tree_);
  }

 private:
  size_t add(const XCAFPrs_DocumentNode& node, size_t depth, Occurrence* parent) {
    const std::string owner = parent != nullptr ? tree_.products[parent->product].name : "";
    Occurrence occurrence;
    occurrence.product = findOrAddProduct(node, owner);
    Product& product = tree_.products[occurrence.product];
    ++product.occurrences;
    occurrence.name = labelName(node.Label);
    if (occurrence.name.empty()) occurrence.name = product.name;
    occurrence.placement = node.LocalTrsf.Transformation();
    occurrence.world = node.Location.Transformation();
    occurrence.style = node.Style;
    occurrence.depth = depth;
    const size_t index = tree_.occurrences.size();
    std::vector<size_t>& siblings = parent != nullptr ? parent->children : tree_.roots;
    siblings.push_back(index);
    occurrence.pathId =
        (parent != nullptr ? parent->pathId + "." : "") + std::to_string(siblings.size());
    tree_.occurrences.push_back(std::move(occurrence));
    return index;
  }

  /// `owner` is the name of the assembly above: geometry an assembly holds itself has no other.
  size_t findOrAddProduct(const XCAFPrs_DocumentNode& node, const std::string& owner) {
    const auto [found, isNew] =
        byLabel_.try_emplace(labelEntry(node.RefLabel), tree_.products.size());
    if (!isNew) return found->second;
    Product product;
    product.id = "product-" + std::to_string(tree_.products.size() + 1);
    product.name = labelName(node.RefLabel);
    if (const StepIdentity* identity = identities_.find(node.RefLabel)) {
      product.stepId = identity->id;
      product.description = identity->description;
      product.version = identity->version;
      if (product.name.empty()) product.name = identity->id;
    }
    if (product.name.empty()) product.name = labelName(node.Label);
    if (product.name.empty()) product.name = owner;
    product.isNamed = !product.name.empty();
    if (!product.isNamed) product.name = "Unnamed " + product.id;
    product.label = node.RefLabel;
    product.shape = XCAFDoc_ShapeTool::GetShape(node.RefLabel);
    if (node.IsAssembly) product.pieces = partPieces(node.RefLabel, identities_);
    product.isAssembly = node.IsAssembly && product.pieces.empty();
    tree_.products.push_back(product);
    return found->second;
  }

  const StepFile& file_;
  StepIdentities identities_;
  ProductTree tree_;
  std::map<std::string, size_t> byLabel_;
};

}  // namespace

ProductTree buildProductTree(const StepFile& file) { return TreeBuilder(file).build(); }

size_t ProductTree::maxDepth() const {
  size_t depth = 0;
  for (const Occurrence& occurrence : occurrences) depth = std::max(depth, occurrence.depth);
  return depth;
}

size_t ProductTree::partCount() const {
  size_t count = 0;
  for (const Product& product : products) count += product.isAssembly ? 0 : 1;
  return count;
}

size_t ProductTree::partOccurrenceCount() const {
  size_t count = 0;
  for (const Product& product : products) count += product.isAssembly ? 0 : product.occurrences;
  return count;
}

TopoDS_Shape wholeModel(const ProductTree& tree) {
  BRep_Builder builder;
  TopoDS_Compound compound;
  builder.MakeCompound(compound);
  for (const Occurrence& occurrence : tree.occurrences) {
    const Product& product = tree.products[occurrence.product];
    if (product.isAssembly || product.shape.IsNull()) continue;
    builder.Add(compound, product.shape.Located(TopLoc_Location(occurrence.world), Standard_False));
  }
  return compound;
}

}  // namespace stepworks
