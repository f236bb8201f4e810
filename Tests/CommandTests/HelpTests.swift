import TestSupport
import Testing

struct HelpTests {
  @Test(arguments: [
    "migrate", "enqueue", "top", "jobs", "job", "cancel", "retry", "artifacts", "tenants", "queues", "events", "stats",
    "worker",
    "config",
  ])
  func `Every command is in the help and has examples`(_ command: String) throws {
    #expect(try Program.run([Workshop.program, "--help"]).output.contains("\n  \(command) "))
    let help = try Program.run([Workshop.program, command, "--help"])
    #expect(help.status == 0)
    #expect(help.output.contains("EXAMPLES\n"))
    #expect(help.output.contains("  stepworks \(command)") || help.output.contains("stepworks \(command) "))
  }

  @Test func `The help tells every exit status`() throws {
    let help = try Program.run([Workshop.program, "--help"]).output
    for status in [0, 1, 2, 64, 65, 66, 69, 70, 73, 74, 77, 78, 130] { #expect(help.contains("\n  \(status) ")) }
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `There is a completion script for each shell`(_ shell: String) throws {
    let result = try Program.run([Workshop.program, "--generate-completion-script", shell])
    #expect(result.status == 0)
    #expect(result.output.contains("enqueue"))
  }

  @Test func `The version is a number`() throws {
    let result = try Program.run([Workshop.program, "--version"])
    #expect(result.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
  }
}
