#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace stepworks {

/// Watches the entity names (#12 = …) of a STEP file go by, over its blocks. The kernel crashes on a
/// name that is given twice, and on numbers beyond 32 bits.
class EntityNameScanner {
 public:
  /// Returns what is wrong with the first bad name, in words; empty while all are good.
  std::string scan(const char* bytes, size_t count);

 private:
  void step(char c);
  void finishName();

  enum { statementStart, name, afterName, inside, string, comment } state_ = inside;
  char previous_ = '\0';
  decltype(statementStart) beforeComment_ = inside;
  uint64_t number_ = 0;
  std::string problem_;
  /// Numbers seen, in pages: files count from 1 without large gaps.
  std::unordered_map<uint32_t, std::bitset<4096>> seen_;
};

}  // namespace stepworks
