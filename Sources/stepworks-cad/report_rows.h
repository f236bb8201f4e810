#pragma once

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "json.h"

namespace stepworks {

/// One quantity of one subject, as each side knows it: {"quantity", "of", "unit", "declared",
/// "brep", "mesh", "glb", "comparisons": [{"between", "difference", "tolerance", "verdict"}],
/// "verdict"}. A verdict is "ok", that of a deviation, or "not_comparable" with a reason. A value that
/// is not known is null and has its reason beside it.
struct ReportRow {
  std::string quantity, unit;
  std::string subject;  ///< for sentences
  Json json, comparisons = Json::array();
  bool deviates = false;
  bool isTooCoarse = false;  ///< a tolerance allows any value

  /// Sets a side's value and returns whether it is known.
  template <typename Value>
  bool put(const char* side, const std::optional<Value>& value, const std::string& reason) {
    if (value) {
      json[side] = *value;
    } else {
      setUnknown(json, side, reason);
    }
    return value.has_value();
  }
};

/// Collects rows and what deviates in them.
class ReportRows {
 public:
  /// `badVerdict`: what a deviation is called, "warning" or "failed".
  explicit ReportRows(const char* badVerdict) : badVerdict_(badVerdict) {}

  /// `of` tells whose quantity it is: {"of": "whole"} or {"of": "part", "name", "product_id"}.
  static ReportRow row(const char* quantity, const char* unit, const std::string& subject,
                       const Json& of);

  /// Sides are "declared", "brep", "mesh" and "glb". A difference that is no number deviates.
  /// `magnitude`: of the quantity itself, in its unit; a tolerance that is not below it proves
  /// nothing, and the verdict says so. Counts are exact and have none.
  void compare(ReportRow& row, const char* one, const char* other, double difference,
               double tolerance, double magnitude = std::numeric_limits<double>::infinity());
  void add(ReportRow row);
  /// A row that is judged elsewhere.
  void addJudged(Json row) { checks_.push_back(std::move(row)); }

  const Json& checks() const { return checks_; }
  /// Rows that could not be judged: declared values the model has no counterpart of, and
  /// tolerances that are not below the quantity.
  size_t notComparable() const { return notComparable_; }
  /// True when a declared value deviates from the B-rep: the file contradicts itself.
  bool declaredDeviates() const { return declaredDeviates_; }
  /// One for each deviation, the worst first.
  std::vector<std::string> sentences() const;

 private:
  const char* badVerdict_;
  Json checks_ = Json::array();
  size_t notComparable_ = 0;
  bool declaredDeviates_ = false;
  std::vector<std::pair<double, std::string>> found_;  // by how far beyond the tolerance
};

}  // namespace stepworks
