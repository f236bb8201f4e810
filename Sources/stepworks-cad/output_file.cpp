#include "output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "failure.h"

namespace stepworks {

void writeFile(const std::string& path, const std::string& bytes) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (file < 0) throw cannotWrite(path, errno);
  int problem = 0;
  for (size_t done = 0; done < bytes.size() && problem == 0;) {
    const ssize_t n = write(file, bytes.data() + done, bytes.size() - done);
    if (n >= 0) {
      done += static_cast<size_t>(n);
    } else if (errno != EINTR) {
      problem = errno;
    }
  }
  // Delayed allocation reports a full disk only here. EINVAL: not a file that can be synced.
  if (problem == 0 && fsync(file) != 0 && errno != EINVAL) problem = errno;
  if (close(file) != 0 && problem == 0) problem = errno;
  if (problem != 0) {
    unlink(path.c_str());
    throw cannotWrite(path, problem);
  }
}

std::string readBack(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  struct stat status = {};
  if (file < 0 || fstat(file, &status) != 0) {
    if (file >= 0) close(file);
    throw invalidOutput(path + " is gone after it was written; run the job again.");
  }
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = read(file, &bytes[done], bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<size_t>(n);
  }
  close(file);
  if (done != bytes.size()) {
    throw invalidOutput(path + " could not be read back after it was written; check the disk.");
  }
  return bytes;
}

}  // namespace stepworks
