/// The commented file with every key and its default: what `config/stepworks.yaml` holds.
package enum SettingsFile {
  /// Where the file is looked for when neither --config nor STEPWORKS_CONFIG names one; the first that exists is read.
  package static let usualPaths = ["./config/stepworks.yaml", "./stepworks.yaml", "/etc/stepworks/stepworks.yaml"]

  package static var text: String {
    var text = """
      # The configuration of Stepworks: every key with its default.
      #
      # Read from --config PATH, else STEPWORKS_CONFIG, else the first of these that exists:
      # \(usualPaths.joined(separator: ", ")).
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
