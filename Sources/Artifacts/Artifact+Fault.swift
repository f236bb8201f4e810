import Glibc
package import Jobs
import SystemPackage

extension Artifact {
  /// Reads the file and compares it with what was published.
  /// - Returns: what is wrong with it, one sentence; `nil` when it is the file that was published.
  package func fault() async -> String? {
    do {
      let digest = try await BlockingIO.run { [path] in try FileDigest(of: FilePath(path), followSymlinks: false) }
      if digest.sha256 == sha256 { return nil }
      if digest.bytes != bytes {
        return "\(path) is damaged: it has \(digest.bytes) bytes, and \(bytes) were published."
      }
      return
        "\(path) is damaged: its content is another (SHA-256 \(digest.sha256.prefix(12))…) than what was published (\(sha256.prefix(12))…)."
    } catch let error as StoreError where error.errno == .noSuchFileOrDirectory {
      return "\(path) is missing."
    } catch let error as StoreError {
      return "\(path) can't be read (\(error.errno.description))."
    } catch {
      return "\(path) can't be read (\(error))."
    }
  }

  /// Marks the file as used now, so that a collection of garbage by age leaves it alone while a job takes it over.
  package func touch() {
    // A store that can't be written is found out by the next publication.
    _ = utimensat(AT_FDCWD, path, nil, AT_SYMLINK_NOFOLLOW)
  }
}
