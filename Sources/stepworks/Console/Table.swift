import Jobs

/// Rows under a header, aligned; the last column is cut where the terminal ends.
struct Table {
  struct Column {
    let title: String
    let isNumber: Bool
    /// In columns of the terminal: what is longer is cut.
    var limit: Int?

    static func text(_ title: String, atMost limit: Int? = nil) -> Column {
      Column(title: title, isNumber: false, limit: limit)
    }
    static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
  }

  struct Cell: ExpressibleByStringInterpolation {
    private(set) var text: String
    var style: Style?

    func truncated(to limit: Int?) -> Cell {
      var cell = self
      if let limit { cell.text = TextWidth.truncated(text, to: limit) }
      return cell
    }

    init(_ text: String, style: Style? = nil) {
      // A line break in a message must not break the table.
      self.text = text.split(whereSeparator: \.isNewline).joined(separator: " ").visible
      self.style = style
    }

    init(stringLiteral value: String) { self.init(value) }
  }

  let columns: [Column]
  var rows: [[Cell]] = []

  init(_ columns: [Column]) { self.columns = columns }

  /// - Parameter width: of the terminal; `nil`: nothing is cut.
  func lines(width: Int?, colour: Bool) -> [String] {
    let rows = rows.map { row in zip(columns, row).map { $1.truncated(to: $0.limit) } }
    var widths = columns.map { TextWidth.columns(of: $0.title) }
    for row in rows {
      for (index, cell) in row.enumerated() { widths[index] = max(widths[index], TextWidth.columns(of: cell.text)) }
    }
    let header = columns.map { Cell($0.title, style: .bold) }
    return ([header] + rows).map { line($0, widths, width: width, colour: colour) }
  }

  private func line(_ cells: [Cell], _ widths: [Int], width: Int?, colour: Bool) -> String {
    var line = ""
    var used = 0
    for (index, cell) in cells.enumerated() {
      let isLast = index == cells.count - 1
      var text = cell.text
      if isLast, let width { text = TextWidth.truncated(text, to: max(8, width - used)) }
      if !isLast || columns[index].isNumber {
        text = TextWidth.padded(text, to: widths[index], right: columns[index].isNumber)
      }
      line += colour ? cell.style?.applied(to: text) ?? text : text
      used += widths[index] + 2
      if !isLast { line += "  " }
    }
    while line.last == " " { line.removeLast() }
    return line
  }

  /// Prints it for the terminal at standard output.
  /// - Parameter isCut: whether lines end where the terminal does.
  func print(isCut: Bool = true) {
    let width = isCut ? Terminal.size(of: 1)?.columns : nil
    for line in lines(width: width, colour: Terminal.hasColour) { Terminal.print(line) }
  }
}

/// ANSI styles.
enum Style: String, CaseIterable {
  case bold = "1"
  case red = "31"
  case green = "32"
  case yellow = "33"
  case blue = "34"
  case faint = "2"

  func applied(to text: String) -> String { "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" }

  /// What stands after the escape character in what ``applied(to:)`` writes.
  static let sequences = ["[0m"] + allCases.map { "[\($0.rawValue)m" }
}
