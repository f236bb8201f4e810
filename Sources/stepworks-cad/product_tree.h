#pragma once

#include <TDF_Label.hxx>
#include <TopoDS_Shape.hxx>
#include <XCAFPrs_Style.hxx>
#include <gp_Trsf.hxx>
#include <string>
#include <vector>

#include "step_reader.h"

namespace stepworks {

/// A part or an assembly as designed: once, however often it is built in.
struct Product {
  std::string id;           ///< "product-1", … in the order of first occurrence
  std::string name;         ///< never empty
  std::string stepId;       ///< PRODUCT.id of the file; empty when unknown
  std::string description;  ///< PRODUCT.description; empty when unknown
  std::string version;      ///< PRODUCT_DEFINITION_FORMATION.id; empty when unknown
  TDF_Label label;
  std::vector<TDF_Label> pieces;  ///< of a part with several representations, else empty
  TopoDS_Shape shape;             ///< in the product's own coordinates, mm
  bool isNamed = true;            ///< false: the file gives no name, `name` was made up
  bool isAssembly = false;
  size_t occurrences = 0;
};

/// One place a product is built in.
struct Occurrence {
  std::string pathId;   ///< "1.4.2": child numbers from the root; the same for the same file
  std::string name;     ///< never empty: the product's name where the file gives none
  size_t product = 0;   ///< index into ProductTree::products
  gp_Trsf placement;    ///< relative to the parent occurrence, mm
  gp_Trsf world;        ///< relative to the file's origin, mm
  XCAFPrs_Style style;  ///< colours inherited down to here
  size_t depth = 0;     ///< 0 for a root
  std::vector<size_t> children;
};

/// The assembly structure; parents stand before their children.
struct ProductTree {
  std::vector<Product> products;
  std::vector<Occurrence> occurrences;
  std::vector<size_t> roots;

  size_t maxDepth() const;
  size_t partCount() const;  ///< products that are not assemblies
  size_t partOccurrenceCount() const;
};

ProductTree buildProductTree(const StepFile& file);

/// All parts in place, as one shape; for measuring the whole.
TopoDS_Shape wholeModel(const ProductTree& tree);

}  // namespace stepworks
