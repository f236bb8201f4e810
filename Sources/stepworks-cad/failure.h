#pragma once

#include <exception>
#include <string>

namespace stepworks {

/// A run that ended without a result. `errorClass` is one of the classes the job processor decides
/// by (`invalid_input`, `missing_input`, `no_space`, …), `exitCode` follows sysexits, `sentence`
/// names the file, what is wrong and what to do next.
class Failure : public std::exception {
 public:
  Failure(std::string errorClass, int exitCode, std::string sentence);
  const char* what() const noexcept override { return sentence.c_str(); }

  std::string errorClass;
  int exitCode;
  std::string sentence;
};

/// The request itself is wrong (EX_USAGE 64).
Failure badRequest(const std::string& sentence);
/// The source can be opened but not used; retrying cannot help (EX_DATAERR 65).
Failure invalidInput(const std::string& sentence);
/// The source is not there or cannot be opened (EX_NOINPUT 66).
Failure missingInput(const std::string& sentence);
/// The tool's or the kernel's own fault (EX_SOFTWARE 70).
Failure ownFault(const std::string& sentence);
/// The tool's own check refused what it had written (EX_SOFTWARE 70).
Failure invalidOutput(const std::string& sentence);
/// The memory limit was reached (EX_SOFTWARE 70).
Failure outOfMemory(const std::string& sentence);
/// An output could not be written: `errnoValue` tells a full disk (74, `no_space`) from a file that
/// cannot be created (73).
Failure cannotWrite(const std::string& path, int errnoValue);

}  // namespace stepworks
