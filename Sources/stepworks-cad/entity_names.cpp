#include "entity_names.h"

#include <algorithm>

namespace stepworks {

namespace {

constexpr uint64_t kMaxNumber = INT32_MAX;

bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

std::string EntityNameScanner::scan(const char* bytes, size_t count) {
  for (size_t i = 0; i < count && problem_.empty(); ++i) {
    step(bytes[i]);
    previous_ = bytes[i];
  }
  return problem_;
}

void EntityNameScanner::step(char c) {
  if (state_ == comment) {
    if (previous_ == '*' && c == '/') state_ = beforeComment_;
    return;
  }
  if (state_ == string) {
    if (c == '\'') state_ = inside;  // a doubled quote opens it again
    return;
  }
  if (previous_ == '/' && c == '*') {
    beforeComment_ = state_;
    state_ = comment;
    return;
  }
  const bool isDigit = c >= '0' && c <= '9';
  if (c == ';') {
    state_ = statementStart;
  } else if (c == '\'') {
    state_ = string;
  } else if (state_ == statementStart && c == '#') {
    state_ = name;
    number_ = 0;
  } else if (state_ == name && isDigit) {
    number_ = std::min(number_ * 10 + static_cast<uint64_t>(c - '0'), kMaxNumber + 1);
  } else if ((state_ == name || state_ == afterName) && c == '=') {
    finishName();
    state_ = inside;
  } else if (state_ == name && isSpace(c)) {
    state_ = afterName;
  } else if (!isSpace(c) && c != '/') {
    state_ = inside;
  }
}

void EntityNameScanner::finishName() {
  if (number_ == 0 || number_ > kMaxNumber) {
    problem_ = "an entity has a number that is not from 1 to 2147483647";
    return;
  }
  auto& page = seen_[static_cast<uint32_t>(number_ / 4096)];
  const size_t bit = number_ % 4096;
  if (page[bit]) problem_ = "two entities have the number #" + std::to_string(number_);
  page[bit] = true;
}

}  // namespace stepworks
