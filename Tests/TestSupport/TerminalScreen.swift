/// What a terminal shows: as much of one as our programs use. What it does not know it tells, so that no test passes on
/// a sequence that nobody understood.
package struct TerminalScreen {
  private var cells: [[Character]]
  private var row = 0
  private var column = 0
  private var columns: Int
  private var sequence: String?
  private var unread: [UInt8] = []
  /// On the other page, which full-screen programs use.
  package private(set) var isAlternate = false
  package private(set) var isCursorHidden = false
  package private(set) var unknown: [String] = []
  /// How often the whole page was erased.
  package private(set) var erasures = 0

  package init(columns: Int, rows: Int) {
    self.columns = columns
    cells = Array(repeating: Array(repeating: " ", count: columns), count: rows)
  }

  /// Lines without the spaces at their ends.
  package var lines: [String] {
    cells.map { line in
      var text = String(line)
      while text.last == " " { text.removeLast() }
      return text
    }
  }

  package var text: String { lines.joined(separator: "\n") }

  package func contains(_ text: String) -> Bool { lines.contains { $0.contains(text) } }

  package mutating func resize(columns: Int, rows: Int) {
    self.columns = columns
    cells = (0..<rows).map { row in
      let line = row < cells.count ? cells[row] : []
      return Array(line.prefix(columns)) + Array(repeating: " ", count: max(0, columns - line.count))
    }
    row = min(row, rows - 1)
    column = min(column, columns - 1)
  }

  package mutating func feed(_ bytes: some Sequence<UInt8>) {
    unread += bytes
    // What is cut off inside of a character waits for its rest.
    var whole = unread.count
    while whole > 0, unread.count - whole < 4, String(validating: unread[..<whole], as: UTF8.self) == nil { whole -= 1 }
    let text = String(decoding: unread[..<whole], as: UTF8.self)
    unread.removeFirst(whole)
    for scalar in text.unicodeScalars { feed(scalar) }
  }

  private mutating func feed(_ scalar: Unicode.Scalar) {
    if var begun = sequence {
      begun.unicodeScalars.append(scalar)
      let isOver = begun.count > 2 && (0x40...0x7E).contains(scalar.value)
      sequence = isOver ? nil : begun
      if isOver { perform(begun) }
      return
    }
    switch scalar {
    case "\u{1B}": sequence = "\u{1B}"
    case "\r": column = 0
    case "\n": lineFeed()
    case "\u{7}", "\u{8}", "\t": break
    default:
      guard column < columns else { return }
      cells[row][column] = Character(scalar)
      column += 1
    }
  }

  private mutating func lineFeed() {
    if row < cells.count - 1 {
      row += 1
      return
    }
    cells.removeFirst()
    cells.append(Array(repeating: " ", count: columns))
  }

  /// From the cursor on, which stands on the last column when that was written.
  private mutating func eraseLine() {
    let first = min(column, columns - 1)
    cells[row].replaceSubrange(first..., with: repeatElement(" ", count: columns - first))
  }

  private mutating func perform(_ sequence: String) {
    switch sequence.dropFirst(2) {
    case "?1049h": isAlternate = true
    case "?1049l": isAlternate = false
    case "?25l": isCursorHidden = true
    case "?25h": isCursorHidden = false
    case "?7l", "?7h", "?2026h", "?2026l": break
    case "2J":
      erasures += 1
      cells = cells.map { $0.map { _ in " " } }
    case "J":
      eraseLine()
      for below in (row + 1)..<max(row + 1, cells.count) { cells[below] = cells[below].map { _ in " " } }
    case "K": eraseLine()
    case let move where move.hasSuffix("H"):
      let numbers = move.dropLast().split(separator: ";").map { Int($0) ?? 1 }
      row = min(cells.count - 1, (numbers.first ?? 1) - 1)
      column = numbers.count > 1 ? numbers[1] - 1 : 0
    case let move where move.hasSuffix("A"): row = max(0, row - (Int(move.dropLast()) ?? 1))
    case let style where style.hasSuffix("m"): break
    default: unknown.append(String(sequence.dropFirst()))
    }
  }
}
