import Glibc
package import SystemPackage

/// The commented file with every key and its default: what `config/stepworks.yaml` holds.
package enum SettingsFile {
  /// Where the file is looked for when neither --config nor STEPWORKS_CONFIG names one; the first that exists is read.
  package static let usualPaths = usualPaths(executable: executable)

  /// Where it is looked for, in words.
  package static let whereItIsLookedFor =
    "/etc/stepworks/stepworks.yaml; a stepworks that scripts/install has not installed first looks for "
    + "./config/stepworks.yaml and ./stepworks.yaml"

  /// An installed program takes no file from where its caller happens to be: such a file names programs, and whoever
  /// wrote it would have them run by anybody who passes.
  /// - Parameter executable: of this process, links resolved. Installed is what has the configuration as shipped in
  ///   `../share/config`.
  package static func usualPaths(executable: FilePath) -> [String] {
    let shipped = executable.removingLastComponent().removingLastComponent().appending("share/config/stepworks.yaml")
    let installed = "/etc/stepworks/stepworks.yaml"
    return access(shipped.string, F_OK) == 0 ? [installed] : ["./config/stepworks.yaml", "./stepworks.yaml", installed]
  }

  private static var executable: FilePath {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = readlink("/proc/self/exe", &bytes, bytes.count - 1)
    return FilePath(String(decoding: bytes.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  package static var text: String {
    var text = """
      # The configuration of Stepworks: every key with its default.
      #
      # Read from --config PATH, else STEPWORKS_CONFIG, else /etc/stepworks/stepworks.yaml;
      # a stepworks that scripts/install has not installed first looks for ./config/stepworks.yaml and ./stepworks.yaml.
      # An environment variable (named beside each key) wins over this file, a flag wins over both.
      # An unknown key or a value out of its range is an error; nothing is ignored in silence.
      # Relative paths start at the working directory of the process.

      """
    var section = ""
    for key in SettingKey.all {
      if key.components[0] != section {
        section = key.components[0]
        text += "\n"
        if section == "queues" { text += queuesComment }
        text += "\(section):\n"
      }
      for line in wrapped(key.summary, at: 112) { text += "  # \(line)\n" }
      text += "  # \(key.expectation.prefix(1).uppercased() + key.expectation.dropFirst()); \(key.environmentName)\n"
      text += "  \(key.components[1]): \(key.defaultText)\n"
    }
    return text
  }

  private static let queuesComment = """
    # Starting limits, over all workers together: they apply to queues that have no row in worker_configs yet.
    # Afterwards: stepworks queues set NAME --max N. Any queue name may stand here.

    """

  private static func wrapped(_ text: String, at width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}
