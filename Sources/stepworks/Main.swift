import ArgumentParser
import Foundation
import Telemetry

/// The root of the command line.
struct Stepworks: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stepworks",
    abstract: "Turns STEP files into product media: jobs in one SQLite database, run by worker daemons.",
    discussion: """
      The database is --database PATH or STEPWORKS_DATABASE, by default ./stepworks.db. Everything else is set in a \
      configuration file, by STEPWORKS_… variables or by flags: stepworks config shows what holds and where it comes \
      from. Results go to standard output, everything else to standard error.

      EXAMPLES
        stepworks migrate                            make the database
        stepworks worker                             run jobs until SIGTERM
        stepworks enqueue export_glb part.step       add a job
        stepworks enqueue export_glb part.step --wait
        stepworks jobs --state failed                what went wrong
        stepworks job 12                             and why
        stepworks retry 12                           once more
        stepworks artifacts --since 1d               what was made
        stepworks queues set cad --max 4             more or less at once
        stepworks top                                watch it all, live
        stepworks events --follow                    what happens, a line each
        stepworks stats --step export_glb            how long it takes
        stepworks why-rebuilt 12                     what made earlier results useless
        stepworks stale --rebuild                    make again what is out of date

      \(ExitStatus.table)

      Shell completion: stepworks --generate-completion-script bash|zsh|fish
      """,
    version: Version.current,
    subcommands: subcommands)

  private static let subcommands: [any ParsableCommand.Type] = [
    WorkerCommand.self,
    MigrateCommand.self,
    EnqueueCommand.self,
    WaitCommand.self,
    StepsCommand.self,
    TopCommand.self,
    JobsCommand.self,
    JobCommand.self,
    CancelCommand.self,
    RetryCommand.self,
    ArtifactsCommand.self,
    TenantsCommand.self,
    QueuesCommand.self,
    EventsCommand.self,
    StatsCommand.self,
    WhyRebuiltCommand.self,
    StaleCommand.self,
    ConfigCommand.self,
    DoctorCommand.self,
  ]
}

@main
enum Main {
  static func main() async {
    do {
      var command = try Stepworks.parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      finish(error)
    }
  }

  /// Says what went wrong, or the help that was asked for, and ends the process.
  private static func finish(_ error: any Error) -> Never {
    if let code = error as? ExitCode { exit(code.rawValue) }
    let status = Stepworks.exitCode(for: error)
    // Of its own errors ArgumentParser knows the text: help, version, completion scripts, usage.
    if status == .success {
      Terminal.print(Stepworks.fullMessage(for: error))
      exit(ExitStatus.done.rawValue)
    }
    if status == .validationFailure {
      Terminal.tell("stepworks: \(sentence(Stepworks.message(for: error)))")
      Terminal.tell(usage(of: error))
      exit(ExitStatus.usage.rawValue)
    }
    let failure = CommandFailure(error)
    // Where journald reads standard error it is told that this is an error: journalctl -p err.
    Terminal.tell("\(LogFormat.automatic == .journald ? "<3>" : "")stepworks: \(failure)")
    exit(failure.status.rawValue)
  }

  /// ArgumentParser leaves out the full stop.
  private static func sentence(_ text: String) -> String {
    text.last?.isPunctuation == true && text.last != "'" ? text : text + "."
  }

  /// The usage lines and the pointer to --help.
  private static func usage(of error: any Error) -> String {
    let lines = Stepworks.fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false)
    return lines.drop { !$0.hasPrefix("Usage:") }.joined(separator: "\n")
  }
}
