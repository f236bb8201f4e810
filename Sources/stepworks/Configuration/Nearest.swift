/// Finds what somebody meant by a name that does not exist.
enum Nearest {
  /// Ends a sentence: `; did you mean worker.slots?`, or `.` when no name is near.
  static func hint(to name: String, among known: some Collection<String>) -> String {
    nearest(to: name, among: known).map { "; did you mean \($0)?" } ?? "."
  }

  /// - Returns: `nil` when none is near.
  static func nearest(to name: String, among known: some Collection<String>) -> String? {
    let nearest = known.map { (distance(name, $0), $0) }.min { $0 < $1 }
    guard let (distance, nearest) = nearest, distance <= max(2, name.count / 5) else { return nil }
    return nearest
  }

  /// Levenshtein's: insertions, deletions and replacements, whatever the case of the letters.
  static func distance(_ left: String, _ right: String) -> Int {
    let left = Array(left.lowercased())
    let right = Array(right.lowercased())
    var row = Array(0...right.count)
    for i in left.indices {
      var diagonal = row[0]
      row[0] = i + 1
      for j in right.indices {
        let replaced = diagonal + (left[i] == right[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
      }
    }
    return row[right.count]
  }
}
