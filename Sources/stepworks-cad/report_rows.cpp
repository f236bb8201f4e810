#include "report_rows.h"

#include <algorithm>
#include <cstdio>
#include <functional>

namespace stepworks {

namespace {

const char* inWords(const std::string& side) {
  return side == "declared" ? "the file's declared value"
         : side == "brep"   ? "the B-rep"
         : side == "mesh"   ? "the mesh"
                            : "the GLB";
}

std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

}  // namespace

ReportRow ReportRows::row(const char* quantity, const char* unit, const std::string& subject,
                          const Json& of) {
  ReportRow row;
  row.quantity = quantity;
  row.unit = unit;
  row.subject = subject;
  row.json = {{"quantity", quantity}};
  row.json.update(of);
  row.json["unit"] = unit;
  return row;
}

void ReportRows::compare(ReportRow& row, const char* one, const char* other, double difference,
                         double tolerance, double magnitude) {
  const bool deviates = !(difference <= tolerance);
  const bool isTooCoarse = !deviates && tolerance > 0 && tolerance >= magnitude;
  row.comparisons.push_back(
      {{"between", {one, other}},
       {"difference", difference},
       {"tolerance", tolerance},
       {"verdict", deviates ? badVerdict_ : isTooCoarse ? "not_comparable" : "ok"}});
  if (isTooCoarse) {
    row.isTooCoarse = true;
    row.comparisons.back()["reason"] = "the tolerance is not smaller than the " + row.quantity +
                                       " itself; a finer mesh can be compared";
  }
  if (!deviates) return;
  row.deviates = true;
  declaredDeviates_ = declaredDeviates_ || std::string(one) == "declared";
  const std::string unit = row.unit == "count" ? "" : " " + row.unit;
  found_.emplace_back(difference / std::max(tolerance, 1e-300),
                      "the " + row.quantity + " of " + row.subject + " differs between " +
                          inWords(one) + " and " + inWords(other) + " by " + rounded(difference) +
                          unit + " (tolerance " + rounded(tolerance) + unit + ")");
}

void ReportRows::add(ReportRow row) {
  const bool isKnown = !row.comparisons.empty();
  row.json["comparisons"] = std::move(row.comparisons);
  const bool isJudged = isKnown && !row.isTooCoarse;
  row.json["verdict"] = row.deviates ? badVerdict_ : isJudged ? "ok" : "not_comparable";
  const bool isUnanswered = !isKnown && row.json["declared"] != nullptr;
  if (!row.deviates && (isUnanswered || row.isTooCoarse)) ++notComparable_;
  checks_.push_back(std::move(row.json));
}

std::vector<std::string> ReportRows::sentences() const {
  auto sorted = found_;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  std::vector<std::string> sentences;
  for (auto& [excess, sentence] : sorted) sentences.push_back(std::move(sentence));
  return sentences;
}

}  // namespace stepworks
