import ArgumentParser
import Queueing
import Steps

struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Make the database, or bring it to this version's schema.",
    discussion: """
      Safe to run at any time and any number of times. It also publishes the steps this version knows, so that \
      producers can insert jobs before the first worker runs, and gives new queues their starting limits.

      EXAMPLES
        stepworks migrate --database /var/lib/stepworks/stepworks.db
        STEPWORKS_DATABASE=./stepworks.db stepworks migrate
      """)

  @OptionGroup var shared: SharedOptions

  func run() async throws {
    let settings = try await shared.settings()
    // A new schema may rewrite what is there: minutes on a database of gigabytes.
    let progress = WorkProgress("bringing \(settings.database.path) up to date")
    defer { progress.finish() }
    let queue = try settings.openQueue(.createOrMigrate)
    try await queue.publish(StepCatalog.definitions)
    try await queue.ensureQueues(settings.queues)
    progress.finish()
    Terminal.print("\(settings.database.path) is ready; it knows \(StepCatalog.definitions.count) steps.")
  }
}
