import ArgumentParser
import Jobs
import Queueing

struct TenantsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tenants",
    abstract: "List the tenants and the room that their artifacts take; add one, or set its limit.",
    discussion: """
      EXAMPLES
        stepworks tenants
        stepworks tenants add acme --max-artifact-bytes 50GB
        stepworks tenants set acme --max-artifact-bytes none
      """,
    subcommands: [TenantsListCommand.self, TenantsAddCommand.self, TenantsSetCommand.self],
    defaultSubcommand: TenantsListCommand.self)
}

struct TenantsListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "List the tenants (the default).")

  @OptionGroup var shared: SharedOptions

  @Flag(help: "Print one JSON array.")
  var json = false

  func run() async throws {
    let tenants = try await shared.openQueue().tenants()
    if json { return Terminal.print(JSONValue.array(tenants.map(Documents.tenant)).text) }
    var table = Table([
      .text("TENANT"), .number("UNFINISHED"), .number("ARTIFACTS"), .number("SIZE"), .number("LIMIT"), .number("USED"),
    ])
    table.rows = tenants.map { tenant in
      let used = tenant.maxArtifactBytes.map { Double(tenant.artifactBytes) / Double($0) }
      return [
        "\(tenant.name)", "\(tenant.unfinishedJobs)", "\(tenant.artifacts)",
        "\(HumanTime.bytes(tenant.artifactBytes))", "\(tenant.maxArtifactBytes.map(HumanTime.bytes) ?? "-")",
        Table.Cell(
          used.map { "\(Int(($0 * 100).rounded(.down))) %" } ?? "-",
          style: used.flatMap { $0 >= 1 ? .red : $0 >= 0.9 ? .yellow : nil }),
      ]
    }
    table.print()
  }
}

struct TenantsAddCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Add a tenant.",
    discussion: """
      EXAMPLES
        stepworks tenants add acme
        stepworks tenants add acme --max-artifact-bytes 50GB
      """)

  @OptionGroup var shared: SharedOptions

  @Argument(help: "Its name, 1 to 100 characters.")
  var name: String

  @Option(help: ArgumentHelp("How much room its artifacts may take: 500MB, 10GB, 1TiB, none.", valueName: "size|none"))
  var maxArtifactBytes = ByteLimit(bytes: nil)

  @Flag(help: "Print the tenant as one JSON object.")
  var json = false

  func validate() throws {
    if !(1...100).contains(name.unicodeScalars.count) {
      throw ValidationError("The name of a tenant has 1 to 100 characters.")
    }
  }

  func run() async throws {
    let queue = try await shared.openQueue()
    try await queue.addTenant(name, maxArtifactBytes: maxArtifactBytes.bytes)
    try await TenantsSetCommand.report(name, in: queue, asJSON: json)
  }
}

struct TenantsSetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set",
    abstract: "Change the limit of a tenant.",
    discussion: """
      A job whose artifacts would exceed it fails with the class no_space, and none of its artifacts is recorded. What is \
      there already stays.

      EXAMPLES
        stepworks tenants set acme --max-artifact-bytes 10GB
        stepworks tenants set acme --max-artifact-bytes none
      """)

  @OptionGroup var shared: SharedOptions

  @Argument(help: "The tenant.")
  var name: String

  @Option(help: ArgumentHelp("How much room its artifacts may take: 500MB, 10GB, 1TiB, none.", valueName: "size|none"))
  var maxArtifactBytes: ByteLimit

  @Flag(help: "Print the tenant as one JSON object.")
  var json = false

  func run() async throws {
    let queue = try await shared.openQueue()
    try await queue.setQuota(of: name, maxArtifactBytes: maxArtifactBytes.bytes)
    try await Self.report(name, in: queue, asJSON: json)
  }

  static func report(_ name: String, in queue: JobQueue, asJSON: Bool) async throws {
    guard let tenant = try await queue.tenants().first(where: { $0.name == name }) else { return }
    if asJSON { return Terminal.print(Documents.tenant(tenant).text) }
    let limit = tenant.maxArtifactBytes.map { "of \(HumanTime.bytes($0))" } ?? "without a limit"
    Terminal.print("Tenant \(name): \(HumanTime.bytes(tenant.artifactBytes)) \(limit).")
  }
}

/// A size, or none.
struct ByteLimit: ExpressibleByArgument {
  /// `nil`: no limit.
  let bytes: Int64?

  init(bytes: Int64?) { self.bytes = bytes }

  init?(argument: String) {
    if argument == "none" {
      bytes = nil
    } else if let count = ByteCount.parse(argument) {
      bytes = count
    } else {
      return nil
    }
  }

  var defaultValueDescription: String { bytes.map(String.init) ?? "none" }
}
