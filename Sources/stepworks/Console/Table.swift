import Jobs

/// Rows under a header, aligned; where the terminal is too narrow the least important columns are left out, and the last
/// one is cut.
struct Table {
  struct Column {
    let title: String
    let isNumber: Bool
    /// In columns of the terminal: what is longer is cut in its middle, for names differ at both ends.
    var limit: Int?
    /// The greatest is the first to go where there is no room; 0 stays.
    var rank = 0

    static func text(_ title: String, atMost limit: Int? = nil, rank: Int = 0) -> Column {
      Column(title: title, isNumber: false, limit: limit, rank: rank)
    }
    static func number(_ title: String, rank: Int = 0) -> Column { Column(title: title, isNumber: true, rank: rank) }
  }

  /// The last column is cut to this before others are left out for it.
  private static let leastLast = 12
  /// So are names.
  private static let leastName = 16

  struct Cell: ExpressibleByStringInterpolation {
    private(set) var text: String
    var style: Style?

    func truncated(to limit: Int?) -> Cell {
      var cell = self
      if let limit { cell.text = TextWidth.truncatedInside(text, to: limit) }
      return cell
    }

    init(_ text: String, style: Style? = nil) {
      // A line break in a message must not break the table.
      self.text = text.split(whereSeparator: \.isNewline).joined(separator: " ").visible
      self.style = style
    }

    init(stringLiteral value: String) { self.init(value) }
  }

  private(set) var columns: [Column]
  var rows: [[Cell]] = []

  init(_ columns: [Column]) { self.columns = columns }

  /// Less those columns that have nothing in any row, but for the last one.
  var withoutEmptyColumns: Table {
    let kept = columns.indices.filter { index in
      index == columns.count - 1 || rows.contains { !$0[index].text.isEmpty }
    }
    var table = Table(kept.map { columns[$0] })
    table.rows = rows.map { row in kept.map { row[$0] } }
    return table
  }

  /// - Parameter width: of the terminal; `nil`: nothing is cut.
  func lines(width: Int?, colour: Bool) -> [String] {
    let rows = rows.map { row in zip(columns, row).map { $1.truncated(to: $0.limit) } }
    var widths = columns.map { TextWidth.columns(of: $0.title) }
    for row in rows {
      for (index, cell) in row.enumerated() { widths[index] = max(widths[index], TextWidth.columns(of: cell.text)) }
    }
    let header = columns.map { Cell($0.title, style: .bold) }
    let shown = width.map { fit(&widths, to: $0) } ?? Array(columns.indices)
    return ([header] + rows).map { line($0, shown, widths, width: width, colour: colour) }
  }

  /// Narrows columns of names, and where that is not enough leaves out others.
  /// - Returns: the columns that there is room for.
  private func fit(_ widths: inout [Int], to width: Int) -> [Int] {
    var shown = Array(columns.indices)
    func excess() -> Int {
      shown.map { $0 == columns.count - 1 ? min(widths[$0], Self.leastLast) : widths[$0] }.reduce(0, +)
        + 2 * (shown.count - 1) - width
    }
    func spare(_ index: Int) -> Int { columns[index].limit == nil ? 0 : max(0, widths[index] - Self.leastName) }
    while excess() > shown.map(spare).reduce(0, +), let least = shown.max(by: { columns[$0].rank < columns[$1].rank }),
      columns[least].rank > 0
    {
      shown.removeAll { $0 == least }
    }
    for index in shown { widths[index] -= min(spare(index), max(0, excess())) }
    return shown
  }

  private func line(_ cells: [Cell], _ shown: [Int], _ widths: [Int], width: Int?, colour: Bool) -> String {
    var line = ""
    var used = 0
    for index in shown {
      let cell = cells[index]
      let isLast = index == shown.last
      var text = cell.text
      if isLast, let width { text = TextWidth.truncated(text, to: max(8, width - used)) }
      if !isLast || columns[index].isNumber {
        if columns[index].limit != nil { text = TextWidth.truncatedInside(text, to: widths[index]) }
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
  case reverse = "7"

  func applied(to text: String) -> String { "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" }

  /// What stands after the escape character in what ``applied(to:)`` writes.
  static let sequences = ["[0m"] + allCases.map { "[\($0.rawValue)m" }
}
