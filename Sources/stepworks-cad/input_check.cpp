#include "input_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "entity_names.h"
#include "failure.h"

namespace stepworks {

namespace {

constexpr size_t kHeadBytes = 4096;
constexpr size_t kTailBytes = 64 * 1024;
/// The kernel counts with 32-bit integers; far above anything measured.
constexpr off_t kMaxBytes = off_t{2} * 1024 * 1024 * 1024;
constexpr const char* kByteOrderMark = "\xEF\xBB\xBF";

bool startsWith(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

/// Position of the first byte that is neither white space nor inside a `/* */` comment.
size_t firstContent(const std::string& text) {
  size_t at = 0;
  while (at < text.size()) {
    if (std::strchr(" \t\r\n\f\v", text[at]) != nullptr && text[at] != '\0') {
      ++at;
    } else if (text.compare(at, 2, "/*") == 0) {
      const size_t end = text.find("*/", at + 2);
      if (end == std::string::npos) return text.size();
      at = end + 2;
    } else {
      break;
    }
  }
  return at;
}

/// What a file that is not STEP looks like; empty when nothing is recognised.
std::string lookalike(const std::string& head) {
  const size_t at = firstContent(head);
  std::string lower = head.substr(at, 600);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  if (startsWith(head, "PK\x03\x04")) return "a ZIP archive (unpack it first)";
  if (startsWith(head, "\x1f\x8b")) return "a gzip archive (unpack it first)";
  if (startsWith(head, "7z\xBC\xAF")) return "a 7z archive (unpack it first)";
  if (startsWith(head, "Rar!")) return "a RAR archive (unpack it first)";
  if (startsWith(head, "%PDF")) return "a PDF file";
  if (startsWith(head, "\xFF\xD8\xFF")) return "a JPEG picture";
  if (startsWith(head, "\x89PNG")) return "a PNG picture";
  if (startsWith(head, "glTF")) return "a GLB file";
  if (startsWith(head, "\xD0\xCF\x11\xE0")) return "an Office or native CAD document";
  if (startsWith(head, "\xFF\xFE") || startsWith(head, "\xFE\xFF")) return "UTF-16 text";
  if (startsWith(lower, "<!doctype html") || startsWith(lower, "<html")) return "an HTML page";
  if (startsWith(lower, "<?xml")) return "an XML file";
  if (startsWith(lower, "dbrep_drawable") || startsWith(lower, "casca"))
    return "an OpenCASCADE BREP file";
  if (startsWith(lower, "solid") && lower.find("facet") != std::string::npos) return "an STL file";
  if (head.size() > 84) {
    uint32_t triangles = 0;
    std::memcpy(&triangles, head.data() + 80, sizeof triangles);
    if (triangles > 0 && triangles < 100000000 && head.find('\0') < 400 &&
        head.find("ISO-10303") == std::string::npos && startsWith(lower, "binary stl")) {
      return "a binary STL file";
    }
  }
  // IGES: fixed 80-column records, the section letter in column 73.
  if (head.size() > 80 && head[72] == 'S' && head.compare(73, 7, "      1") == 0)
    return "an IGES file";
  if (startsWith(lower, "{") || startsWith(lower, "[")) return "a JSON file";
  if (lower.find("iso-10303-21") != std::string::npos)
    return "a STEP file with text in front of it";
  return "";
}

std::string readAt(int file, off_t offset, size_t bytes, const std::string& name) {
  std::string text(bytes, '\0');
  size_t done = 0;
  while (done < bytes) {
    const ssize_t n = pread(file, &text[done], bytes - done, offset + static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      throw missingInput(name + " cannot be read (" + std::strerror(errno) + "); check the disk.");
    }
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  text.resize(done);
  return text;
}

void checkContent(const std::string& head, const std::string& tail, const std::string& name) {
  const size_t at = firstContent(head);
  if (!startsWith(head.substr(at), "ISO-10303-21;")) {
    const std::string kind = lookalike(head);
    const bool binary = head.find('\0') != std::string::npos;
    throw invalidInput(name + " is not a STEP file: " +
                       (!kind.empty() ? "it looks like " + kind
                        : binary      ? "it holds binary data"
                                      : "it does not begin with \"ISO-10303-21;\"") +
                       "; export the part as STEP (AP203, AP214 or AP242).");
  }
  if (tail.find("END-ISO-10303-21") == std::string::npos) {
    throw invalidInput(
        name +
        " is cut off: its last line \"END-ISO-10303-21;\" is missing; upload or export "
        "it again.");
  }
}

/// Finds numbers of 1e100 and more outside strings, over the blocks of a file.
class NumberScanner {
 public:
  /// True once such a number has been seen.
  bool scan(const char* bytes, size_t count) {
    for (size_t i = 0; i < count && !found_; ++i) step(bytes[i]);
    return found_;
  }

 private:
  void step(char c) {
    const bool isDigit = c >= '0' && c <= '9';
    if (isInString_) {
      isInString_ = c != '\'';
    } else if (c == '\'') {
      isInString_ = true;
      state_ = none;
    } else if (state_ == exponent || state_ == afterSign) {
      if (isDigit) {
        if (digits_ > 0 || c != '0') ++digits_;
        state_ = afterSign;
        found_ = digits_ >= 3;
      } else {
        state_ = state_ == exponent && c == '+' ? afterSign : none;
      }
    } else if (state_ == number && (c == 'E' || c == 'e')) {
      state_ = exponent;
      digits_ = 0;
    } else if (isDigit) {
      // A digit inside a keyword (EDGE2E300) starts no number.
      if (state_ == none) state_ = number;
    } else if (c != '.' || state_ != number) {
      const bool isWord = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '#';
      state_ = isWord || (state_ == word && c == '.') ? word : none;
    }
  }

  enum { none, word, number, exponent, afterSign } state_ = none;
  int digits_ = 0;
  bool isInString_ = false;
  bool found_ = false;
};

/// One pass over the whole file for what the kernel does not survive.
void refuseDeadlyContent(int file, off_t size, const std::string& name) {
  constexpr off_t kBlockBytes = 1024 * 1024;
  NumberScanner numbers;
  EntityNameScanner names;
  for (off_t at = 0; at < size; at += kBlockBytes) {
    const std::string block = readAt(file, at, kBlockBytes, name);
    if (numbers.scan(block.data(), block.size())) {
      throw invalidInput(
          name +
          " holds a number that is no credible length (1E100 or more); export it again "
          "from the CAD system.");
    }
    const std::string problem = names.scan(block.data(), block.size());
    if (!problem.empty()) {
      throw invalidInput(name + " is damaged: " + problem +
                         "; export it again from the CAD system.");
    }
  }
}

}  // namespace

InputFacts checkInput(const std::string& path, const std::string& name) {
  // O_NONBLOCK: a named pipe must not hang the run before it is seen to be one.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    const int why = errno;
    if (why == EACCES) {
      throw missingInput(name + " is not readable by this service; give it read permission.");
    }
    if (why == ENOENT || why == ENOTDIR) {
      throw missingInput(name + " does not exist; check the path.");
    }
    throw missingInput(name + " cannot be opened (" + std::strerror(why) + "); check the path.");
  }
  struct Closer {
    int file;
    ~Closer() { close(file); }
  } closer{file};
  struct stat status = {};
  if (fstat(file, &status) != 0) throw missingInput(name + " cannot be examined.");
  if (S_ISDIR(status.st_mode)) {
    throw missingInput(name + " is a directory; give the path of a STEP file.");
  }
  if (!S_ISREG(status.st_mode)) {
    throw missingInput(name + " is not a regular file; give the path of a STEP file.");
  }
  if (status.st_size == 0)
    throw invalidInput(name + " is empty (0 bytes); upload or export it again.");
  if (status.st_size > kMaxBytes) {
    throw invalidInput(name + " is larger than 2 GiB; split the assembly and export it again.");
  }
  InputFacts facts;
  facts.bytes = static_cast<uint64_t>(status.st_size);
  std::string head = readAt(file, 0, kHeadBytes, name);
  facts.hasByteOrderMark = startsWith(head, kByteOrderMark);
  if (facts.hasByteOrderMark) head.erase(0, 3);
  const off_t tailAt = std::max<off_t>(0, status.st_size - static_cast<off_t>(kTailBytes));
  checkContent(head, readAt(file, tailAt, kTailBytes, name), name);
  refuseDeadlyContent(file, status.st_size, name);
  return facts;
}

}  // namespace stepworks
