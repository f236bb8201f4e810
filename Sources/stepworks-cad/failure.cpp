#include "failure.h"

#include <sysexits.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace stepworks {

Failure::Failure(std::string errorClass, int exitCode, std::string sentence)
    : errorClass(std::move(errorClass)), exitCode(exitCode), sentence(std::move(sentence)) {}

Failure badRequest(const std::string& sentence) { return {"invalid_input", EX_USAGE, sentence}; }

Failure invalidInput(const std::string& sentence) {
  return {"invalid_input", EX_DATAERR, sentence};
}

Failure missingInput(const std::string& sentence) {
  return {"missing_input", EX_NOINPUT, sentence};
}

Failure ownFault(const std::string& sentence) { return {"tool_failed", EX_SOFTWARE, sentence}; }

Failure invalidOutput(const std::string& sentence) {
  return {"invalid_output", EX_SOFTWARE, sentence};
}

Failure outOfMemory(const std::string& sentence) {
  return {"out_of_memory", EX_SOFTWARE, sentence};
}

Failure cannotWrite(const std::string& path, int errnoValue) {
  const std::string why = std::strerror(errnoValue);
  switch (errnoValue) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return {"no_space", EX_IOERR,
              path + " could not be written (" + why + "); free space and run the job again."};
    case EIO:
      return {"tool_failed", EX_IOERR,
              path + " could not be written (" + why + "); check the disk."};
    default:
      return {"tool_failed", EX_CANTCREAT,
              path + " could not be created (" + why +
                  "); check the permissions of the attempt directory."};
  }
}

}  // namespace stepworks
