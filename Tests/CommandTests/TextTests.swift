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

  // As tmux and other terminals have it.
  @Test(arguments: [
    ("漢字", 4), ("é", 1), ("✅", 2), ("⏰", 2), ("🟢", 2), ("🫠", 2), ("🇩🇪", 2), ("👩‍👩‍👧", 2), ("한글", 4), ("ᄒ\u{1161}ᆫ", 2),
    ("क्षि", 3), ("नमस्ते", 4), ("…█①", 3), ("ｱ", 1), ("a\u{200B}b", 2),
  ])
  func `Text takes the columns that terminals give it`(_ text: String, _ columns: Int) {
    #expect(TextWidth.columns(of: text) == columns)
  }

  @Test func `A long list has a line for each of its first members, a short one stays in its line`() {
    let paths = (1...7).map { JSONValue.string("/var/lib/stepworks/artifacts/frame_\($0).png") }
    #expect(
      Outline(.object(["frames": .array(paths), "sizes": .array([.integer(1), .integer(2)])])).lines == [
        "frames", "  /var/lib/stepworks/artifacts/frame_1.png", "  /var/lib/stepworks/artifacts/frame_2.png",
        "  /var/lib/stepworks/artifacts/frame_3.png", "  /var/lib/stepworks/artifacts/frame_4.png",
        "  /var/lib/stepworks/artifacts/frame_5.png", "  … 2 more; --json shows all", "sizes   [1,2]",
      ])
  }

  @Test(arguments: [
    (0, "0s"), (59, "59s"), (60, "1m"), (100, "1m 40s"), (599, "9m 59s"), (754, "12m"), (3600, "1h"), (6900, "1h 55m"),
    (50_400, "14h"), (183_600, "2d 3h"),
  ])
  func `A span of time has two units where one says too little`(_ seconds: Int, _ expected: String) {
    #expect(HumanTime.span(.seconds(seconds)) == expected)
  }

  @Test func `Sentences in one line have a comma between them, and the last its full stop`() {
    #expect(Job.line(["in 4s: It did not work.", nil, "40s left"]) == "in 4s: It did not work, 40s left")
    #expect(Job.line(["It did not work.", ""]) == "It did not work.")
  }

  @Test func `Only what is done is a hundred percent`() {
    #expect(ProgressBar.percent(0.999) == "99 %" && ProgressBar.percent(1) == "100 %")
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
    (ColourChoice.auto, true, ["TERM": "xterm"], true), (.auto, false, ["TERM": "xterm"], false),
    (.auto, true, ["TERM": "dumb"], false), (.auto, true, [:], false), (.auto, true, ["TERM": ""], false),
    (.auto, true, ["TERM": "xterm", "NO_COLOR": "1"], false), (.auto, true, ["TERM": "xterm", "NO_COLOR": ""], true),
    (.auto, false, ["CLICOLOR_FORCE": "1"], true), (.auto, false, ["CLICOLOR_FORCE": "0"], false),
    (.auto, false, ["CLICOLOR_FORCE": "1", "NO_COLOR": "1"], false),
    (.auto, true, ["TERM": "xterm", "CLICOLOR": "0"], false),
    (.always, false, ["NO_COLOR": "1"], true), (.never, true, ["CLICOLOR_FORCE": "1"], false),
  ])
  func `Colours are where they are wanted`(
    _ choice: ColourChoice, _ isTerminal: Bool, _ environment: [String: String], _ expected: Bool
  ) {
    #expect(choice.isColoured(isTerminal: isTerminal, environment: environment) == expected)
  }
}
