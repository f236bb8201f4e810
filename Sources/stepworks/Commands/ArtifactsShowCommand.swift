import ArgumentParser
import Artifacts
import Jobs
import Queueing
import SystemPackage

struct ArtifactsShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show all there is to know about one artifact.",
    discussion: """
      It is named by its id, by the path of its file or of a copy of it, or by the first digits of its digest.

      EXAMPLES
        stepworks artifacts show 12
        stepworks artifacts show media/bearing.glb
        stepworks artifacts show 2cf24dba --json | jq .provenance
      """)

  @OptionGroup var shared: SharedOptions

  @Argument(help: ArgumentHelp("The artifact.", valueName: "id|path|digest"))
  var name: String

  @Flag(help: "Print one JSON object.")
  var json = false

  func run() async throws {
    let queue = try await shared.openQueue()
    let stored = try await ArtifactLookup(queue: queue).find(name)
    let others = try await queue.storedArtifacts(digestPrefix: stored.artifact.sha256).filter { $0.id != stored.id }
    let file = FileStatus.exists(FilePath(stored.artifact.path)) ? "there" : "missing"
    if json {
      var document = Documents.storedArtifact(stored).objectValue ?? [:]
      document["file"] = .string(file)
      document["same_content"] = .array(
        others.map { .object(["id": .integer($0.id), "job": .integer($0.jobID), "path": .string($0.artifact.path)]) })
      return Terminal.print(JSONValue.object(document).text)
    }
    for line in lines(stored, others, file, now: WallClock.system.now()) { Terminal.print(line) }
  }

  private func lines(_ stored: StoredArtifact, _ others: [StoredArtifact], _ file: String, now: Timestamp) -> [String] {
    let artifact = stored.artifact
    let fields: [(String, String?)] = [
      ("role", artifact.role), ("view", stored.view), ("frame", stored.frame.map(String.init)),
      ("made by", "job \(stored.jobID), \(stored.step)"), ("tenant", stored.tenant == "default" ? nil : stored.tenant),
      ("source", stored.source),
      ("created", "\(stored.createdAt.iso8601) (\(HumanTime.age(stored.createdAt.duration(to: now))) ago)"),
      ("media type", artifact.mediaType), ("size", "\(HumanTime.bytes(artifact.bytes)) (\(artifact.bytes) bytes)"),
      ("sha256", artifact.sha256), ("derivation key", artifact.derivationKey), ("path", artifact.path),
      ("file", file == "there" ? file : "missing; enqueue its job again, which makes it anew"),
    ]
    var lines = ["artifact \(stored.id)"]
    lines += fields.compactMap { name, value in value.map { "  \(TextWidth.padded(name, to: 14))  \($0)" } }
    if !others.isEmpty {
      lines += ["", "same content"]
      lines += others.map { other in
        let name = other.artifact.path == artifact.path ? "the same file" : other.artifact.path
        return "  artifact \(other.id)  job \(other.jobID)  \(name)"
      }
    }
    return lines + ["", "provenance"] + Outline(artifact.provenance).lines.map { "  \($0)" }
  }
}
