import ArgumentParser
import Jobs
import Queueing

struct CancelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Cancel jobs that have not finished.",
    discussion: """
      A waiting job is cancelled at once; of a running one the tool is ended first, and the job is cancelled when the \
      tool is proven dead. The jobs that it had asked for and nobody else waits for are cancelled with it.

      EXAMPLES
        stepworks cancel 12
        stepworks cancel 12 13 14
      """)

  @OptionGroup var shared: SharedOptions

  @Argument(help: ArgumentHelp("The jobs.", valueName: "id"))
  var ids: [JobID]

  @Flag(help: "Print one JSON array.")
  var json = false

  func run() async throws {
    let queue = try await shared.openQueue()
    var failures = Refusals()
    var states: [(id: JobID, state: JobState)] = []
    for id in ids {
      do {
        states.append((id, try await queue.cancel(id)))
      } catch {
        failures.add(error)
      }
    }
    if json {
      Terminal.print(
        JSONValue.array(states.map { .object(["id": .integer($0.id), "state": .string($0.state.rawValue)]) }).text)
    } else {
      for (id, state) in states {
        Terminal.print(Self.sentence(id, state))
      }
    }
    try failures.throwFirst()
  }

  /// - Parameter state: right after the request.
  static func sentence(_ id: JobID, _ state: JobState) -> String {
    state == .cancelled ? "Job \(id) is cancelled." : "Job \(id) is being cancelled; its tool is ended first."
  }
}

/// What could not be done to some of several jobs: all are told, the first decides the exit status.
struct Refusals {
  private var failures: [CommandFailure] = []

  mutating func add(_ error: any Error) { failures.append(CommandFailure(error)) }

  func throwFirst() throws {
    guard let first = failures.first else { return }
    for other in failures.dropFirst() { Terminal.tell("stepworks: \(other)") }
    throw first
  }
}
