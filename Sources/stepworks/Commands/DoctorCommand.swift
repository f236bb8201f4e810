import ArgumentParser
import Jobs

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look at everything a worker needs on this machine, and say what is missing.",
    discussion: """
      It reads the configuration, opens the database, asks every tool for its version, looks for GPUs and asks Blender \
      whether EEVEE can run. It changes nothing.

      EXIT STATUS
        0   a worker can serve every step (there may be warnings)
        69  something a step needs is not to be had
        78  the configuration is wrong

      EXAMPLES
        stepworks doctor
        stepworks doctor --json | jq '.[] | select(.status != "ok")'
      """)

  @OptionGroup var shared: SharedOptions

  @Flag(help: "Print one JSON array.")
  var json = false

  func run() async throws {
    let settings = try await shared.settings()
    // Blender alone takes seconds to start.
    let progress = WorkProgress("looking at", isQuiet: json)
    let findings = await Examination(settings: settings) { progress.turn(to: $0) }.findings()
    progress.finish()
    if json {
      Terminal.print(
        JSONValue.array(
          findings.map { finding in
            .object([
              "subject": .string(finding.subject), "status": .string(finding.status.rawValue),
              "detail": .string(finding.detail),
            ])
          }
        ).text)
    } else {
      var table = Table([.text("WHAT"), .text("STATUS"), .text("DETAIL")])
      table.rows = findings.map { finding in
        [
          "\(finding.subject)", Table.Cell(finding.status.rawValue, style: finding.status.style),
          Table.Cell(finding.detail),
        ]
      }
      table.print(isCut: false)
    }
    if findings.contains(where: { $0.status == .missing }) { throw ExitCode(ExitStatus.unavailable.rawValue) }
  }
}

extension Examination.Status {
  fileprivate var style: Style {
    switch self {
    case .ok: .green
    case .warning: .yellow
    case .missing: .red
    }
  }
}
