import Foundation
import Glibc
import SystemPackage
import Testing

@testable import Artifacts

final class PlacementTests {
  private let root: FilePath
  private var target: FilePath { root.appending("target") }

  init() throws {
    root = FilePath(NSTemporaryDirectory()).appending("placement-\(UUID().uuidString)")
    try Files.makeDirectory(root)
  }

  deinit { try? FileManager.default.removeItem(atPath: root.string) }

  private func file(_ place: String, _ text: String) throws -> PlacedFile {
    let path = root.appending("store-\(UUID().uuidString)")
    try Files.write(text, to: path)
    return PlacedFile(path: path, sha256: FileDigest.sha256(of: text), bytes: Int64(text.utf8.count), place: place)
  }

  private func read(_ place: String) throws -> String {
    try String(contentsOfFile: target.appending(place).string, encoding: .utf8)
  }

  private func inode(_ path: FilePath) -> ino_t {
    var status = stat()
    return lstat(path.string, &status) == 0 ? status.st_ino : 0
  }

  @discardableResult
  private func place(_ files: [PlacedFile], isLinked: Bool = false) throws -> [String] {
    let placement = try Placement(into: target, as: "test")
    for file in files { try placement.stage(file, isLinked: isLinked) }
    try placement.publish(files.map(\.place))
    try placement.discard()
    return try Files.list(target).sorted()
  }

  @Test func `Files stand where they belong, and nothing else is left`() throws {
    let files = [try file("x/y/a.txt", "alpha"), try file("b.txt", "beta")]
    #expect(try place(files) == ["b.txt", "x"])
    #expect(try read("x/y/a.txt") == "alpha")
    #expect(try read("b.txt") == "beta")
    #expect(inode(files[0].path) != inode(target.appending("x/y/a.txt")))
  }

  @Test func `A linked file is the file itself`() throws {
    let file = try file("a.txt", "alpha")
    try place([file], isLinked: true)
    #expect(inode(file.path) == inode(target.appending("a.txt")))
  }

  @Test func `A file that is not what it must be goes nowhere`() throws {
    let placement = try Placement(into: target, as: "test")
    var damaged = try file("a.txt", "alpha")
    damaged.sha256 = FileDigest.sha256(of: "beta")
    #expect(throws: StoreFault(path: damaged.path, kind: .damaged)) { try placement.stage(damaged) }
    var missing = try file("b.txt", "beta")
    missing.path = root.appending("nowhere")
    for isLinked in [false, true] {
      #expect(throws: StoreFault(path: missing.path, kind: .missing)) {
        try placement.stage(missing, isLinked: isLinked)
      }
    }
    try placement.discard()
    #expect(try Files.list(target) == [])
  }

  @Test func `Until the last rename nothing shows, and files of a fresh directory appear at once`() throws {
    let placement = try Placement(into: target, as: "test")
    for name in ["a", "b", "c"] { try placement.stage(try file("new/\(name)", name)) }
    try placement.stage("list", at: "new/list.json")
    #expect(try Files.list(target).allSatisfy { $0.hasPrefix(".") })
    let drafts = inode(target.appending(".stepworks-test/new"))
    try placement.publish(["new/a", "new/b", "new/c"], last: "new/list.json")
    // The directory itself was renamed.
    #expect(inode(target.appending("new")) == drafts)
    #expect(try Files.list(target.appending("new")).sorted() == ["a", "b", "c", "list.json"])
  }

  @Test func `What is there is replaced, what is beside it stays`() throws {
    try place([try file("x/a.txt", "old"), try file("x/b.txt", "kept")])
    let reader = try FileDescriptor.open(target.appending("x/a.txt"), .readOnly)
    defer { try? reader.close() }
    try place([try file("x/a.txt", "new")])
    #expect(try read("x/a.txt") == "new")
    #expect(try read("x/b.txt") == "kept")
    // Who had it open goes on reading the old one.
    var buffer = [UInt8](repeating: 0, count: 8)
    let count = try buffer.withUnsafeMutableBytes { try reader.read(into: $0) }
    #expect(String(decoding: buffer[..<count], as: UTF8.self) == "old")
  }

  @Test func `A place says what is there`() throws {
    try place([try file("x/a.txt", "alpha")])
    #expect(try Placement.standing(of: try file("x/a.txt", "alpha"), in: target) == .same)
    #expect(try Placement.standing(of: try file("x/a.txt", "other"), in: target) == .another)
    #expect(try Placement.standing(of: try file("x/b.txt", "alpha"), in: target) == .nothing)
    #expect(try Placement.standing(of: try file("q/r/b.txt", "alpha"), in: target) == .nothing)
    #expect(throws: PlacementError.self) { try Placement.standing(of: try file("x", "alpha"), in: target) }
    #expect(throws: PlacementError.self) { try Placement.standing(of: try file("x/a.txt/b", "alpha"), in: target) }
  }

  @Test func `No link leads out of the directory`() throws {
    let outside = root.appending("outside")
    try Files.makeDirectory(outside)
    try Files.makeDirectory(target)
    try FileManager.default.createSymbolicLink(
      atPath: target.appending("x").string, withDestinationPath: outside.string)
    let file = try file("x/a.txt", "alpha")
    #expect(throws: PlacementError.self) { try Placement.standing(of: file, in: target) }
    #expect(throws: PlacementError.self) { try place([file]) }
    #expect(try Files.list(outside) == [])
  }

  @Test func `A link at the place itself is replaced, not followed`() throws {
    let victim = root.appending("victim")
    try Files.write("precious", to: victim)
    try Files.makeDirectory(target)
    try FileManager.default.createSymbolicLink(
      atPath: target.appending("a.txt").string, withDestinationPath: victim.string)
    try place([try file("a.txt", "alpha")])
    #expect(try read("a.txt") == "alpha")
    #expect(try String(contentsOfFile: victim.string, encoding: .utf8) == "precious")
  }

  @Test func `What an earlier try has left is removed`() throws {
    let dead = try Placement(into: target, as: "test")
    try dead.stage(try file("a.txt", "half"))
    #expect(try place([try file("b.txt", "beta")]) == ["b.txt"])
  }
}
