/// `██████░░░░░░  42 %`
enum ProgressBar {
  /// - Parameters:
  ///   - progress: 0…1; what lies outside is taken for the end that it is near.
  ///   - width: of the bar alone, in columns.
  static func text(_ progress: Double, width: Int) -> String {
    let progress = min(1, max(0, progress))
    let filled = Int((Double(width) * progress).rounded(.down))
    return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
      + " \(TextWidth.padded(percent(progress), to: 5, right: true))"
  }

  /// `42 %`, rounded down: 100 % is what is done.
  static func percent(_ progress: Double) -> String { "\(Int((min(1, max(0, progress)) * 100).rounded(.down))) %" }
}
