#include "failure.h"
#include "metadata_document.h"

namespace stepworks {

namespace {

class MetadataChecker {
 public:
  explicit MetadataChecker(const std::string& path) : path_(path) {}

  void run(const std::string& bytes, const ProductTree& tree) const {
    const Json document = Json::parse(bytes, nullptr, false);
    require(document.is_object(), "it is no JSON object");
    for (const char* key :
         {"format", "generator", "source", "header", "schema", "units", "totals", "products",
          "tree", "layers", "materials", "pmi", "properties", "warnings"}) {
      require(document.contains(key), std::string("the key ") + key + " is missing");
    }
    require(document["products"].size() == tree.products.size(), "a product is missing");
    size_t occurrences = 0;
    for (const Json& root : document["tree"]) occurrences += countOccurrences(root);
    require(occurrences == tree.occurrences.size(), "an occurrence is missing");
    checkReasons(document);
  }

 private:
  void require(bool condition, const std::string& what) const {
    if (!condition)
      throw invalidOutput(path_ + " failed its check: " + what + "; report this with the source.");
  }

  static size_t countOccurrences(const Json& node) {
    size_t count = 1;
    if (node.contains("children")) {
      for (const Json& child : node["children"]) count += countOccurrences(child);
    }
    return count;
  }

  /// No null without its reason. A number that is not finite is written as null and found here too.
  void checkReasons(const Json& value) const {
    if (value.is_array()) {
      for (const Json& element : value) {
        require(!element.is_null(), "a number in a list is not finite");
        checkReasons(element);
      }
    }
    if (!value.is_object()) return;
    for (const auto& [key, element] : value.items()) {
      if (element.is_null()) {
        const bool hasReason = value.contains(key + "_reason") &&
                               value[key + "_reason"].is_string() &&
                               !value[key + "_reason"].get<std::string>().empty();
        require(hasReason, key + " is unknown without a reason");
      }
      checkReasons(element);
    }
  }

  const std::string& path_;
};

}  // namespace

void checkMetadata(const std::string& bytes, const std::string& path, const ProductTree& tree) {
  MetadataChecker(path).run(bytes, tree);
}

}  // namespace stepworks
