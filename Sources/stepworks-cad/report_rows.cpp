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
                         double tolerance) {
  const bool deviates = !(difference <= tolerance);
  row.comparisons.push_back({{"between", {one, other}},
                             {"difference", difference},
                             {"tolerance", tolerance},
                             {"verdict", deviates ? badVerdict_ : "ok"}});
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
  row.json["verdict"] = row.deviates ? badVerdict_ : isKnown ? "ok" : "not_comparable";
  if (!isKnown && row.json["declared"] != nullptr) ++notComparable_;
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
