import Jobs
import Testing

@testable import stepworks

/// How text is fitted to a terminal.
struct TextTests {
  @Test(arguments: [
    ("bearing.step", 20, "bearing.step"), ("an-extraordinarily-long-name-rev-B.step", 24, "an-extraordinar…v-B.step"),
    ("漢字漢字漢字漢字.step", 12, "漢字漢字…tep"), ("abcdef", 4, "abc…"), ("abcdef", 0, ""),
  ])
  func `A name that is too long keeps its beginning and its end`(_ name: String, _ width: Int, _ expected: String) {
    let cut = TextWidth.truncatedInside(name, to: width)
    #expect(cut == expected)
    #expect(TextWidth.columns(of: cut) <= width)
  }

  @Test func `A sentence is wrapped at spaces, a word that is too long inside of it`() {
    #expect(TextWidth.wrapped("The tool gave up.", to: 8) == ["The tool", "gave up."])
    #expect(TextWidth.wrapped("  /a/very/long/path", to: 10) == ["  /a/very/", "long/path"])
    #expect(TextWidth.wrapped("漢字漢字", to: 5) == ["漢字", "漢字"])
    #expect(TextWidth.wrapped("", to: 5) == [""])
  }

  @Test func `A narrow terminal costs a table its least important columns first`() {
    var table = Table([.number("ID"), .text("STEP"), .number("AGE", rank: 1), .text("SOURCE", rank: 2), .text("NOTE")])
    table.rows = [["1", "export_glb", "3m", "bearing.step", "took 4.2 s"]]
    #expect(table.lines(width: nil, colour: false)[1] == " 1  export_glb   3m  bearing.step  took 4.2 s")
    #expect(table.lines(width: 44, colour: false)[1] == " 1  export_glb   3m  took 4.2 s")
    #expect(table.lines(width: 30, colour: false)[1] == " 1  export_glb  took 4.2 s")
    #expect(table.lines(width: 24, colour: false)[1] == " 1  export_glb  took 4.…")
  }

  @Test func `A long name is narrowed before a column is left out for it`() {
    var table = Table([.number("ID"), .text("SOURCE", atMost: 40, rank: 2), .number("AGE", rank: 1), .text("NOTE")])
    table.rows = [["1", "an-extraordinarily-long-name-of-a-part-rev-B.step", "3m", "took 4.2 s"]]
    #expect(
      table.lines(width: nil, colour: false)[1]
        == " 1  an-extraordinarily-long-…part-rev-B.step   3m  took 4.2 s")
    #expect(table.lines(width: 45, colour: false)[1] == " 1  an-extraordinar…v-B.step   3m  took 4.2 s")
    #expect(table.lines(width: 34, colour: false)[1] == " 1   3m  took 4.2 s")
  }

  @Test(arguments: [
    (ColourChoice.auto, true, [:], true), (.auto, false, [:], false), (.auto, true, ["TERM": "dumb"], false),
    (.auto, true, ["NO_COLOR": "1"], false), (.auto, true, ["NO_COLOR": ""], true),
    (.auto, false, ["CLICOLOR_FORCE": "1"], true), (.auto, false, ["CLICOLOR_FORCE": "0"], false),
    (.auto, false, ["CLICOLOR_FORCE": "1", "NO_COLOR": "1"], false), (.auto, true, ["CLICOLOR": "0"], false),
    (.always, false, ["NO_COLOR": "1"], true), (.never, true, ["CLICOLOR_FORCE": "1"], false),
  ])
  func `Colours are where they are wanted`(
    _ choice: ColourChoice, _ isTerminal: Bool, _ environment: [String: String], _ expected: Bool
  ) {
    #expect(choice.isColoured(isTerminal: isTerminal, environment: environment) == expected)
  }
}
