import Foundation
import Glibc
import SystemPackage
import Testing

@testable import ToolExecution

/// Where cgroups can be made. Directories with the kernel's file names stand for hierarchies that this machine may not
/// have.
@Suite struct CgroupPlacementTests {
  private let fixture: ToolFixture

  init() throws { fixture = try ToolFixture() }

  private func hierarchy(_ files: [String: String]) throws -> FilePath {
    let path = fixture.directory.appending("cgroup")
    for (name, text) in files.merging(["cgroup.events": "populated 1\n"], uniquingKeysWith: { $1 }) {
      let file = path.appending(name)
      try FileManager.default.createDirectory(
        atPath: file.removingLastComponent().string, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(fileURLWithPath: file.string))
    }
    return path
  }

  private func reason(_ cgroups: ToolCgroups) -> String {
    if case .none(let reason) = cgroups { reason } else { "\(cgroups)" }
  }

  @Test func `Cgroups that are switched off are not looked for`() {
    #expect(ToolCgroups.prepare(.off) == .off)
    #expect(ToolCgroups.off.parent == nil)
  }

  @Test func `A directory that is none, and one that is no cgroup, are named`() throws {
    let gone = fixture.directory.appending("gone")
    #expect(
      reason(.prepare(.at(gone))) == "The cgroup \(gone) is not an existing directory; give one or leave it to auto.")
    let plain = fixture.directory
    #expect(
      reason(.prepare(.at(plain))) == "\(plain) is no cgroup that can limit memory; give one or leave it to auto.")
  }

  @Test func `A memory hierarchy of version 1 is used as it is`() throws {
    let path = try hierarchy(["memory.limit_in_bytes": "1", "cgroup.procs": "1\n"])
    #expect(ToolCgroups.prepare(.at(path)) == .legacy(parent: path))
  }

  @Test func `A cgroup that already hands on memory is used as it is`() throws {
    let path = try hierarchy([
      "cgroup.controllers": "cpu memory pids\n", "cgroup.subtree_control": "memory\n", "cgroup.procs": "",
    ])
    #expect(ToolCgroups.prepare(.at(path)) == .unified(parent: path))
  }

  @Test func `A cgroup without the memory controller says so`() throws {
    let path = try hierarchy(["cgroup.controllers": "cpu pids\n", "cgroup.procs": ""])
    #expect(reason(.prepare(.at(path))) == "The cgroup \(path) has no memory controller.")
  }

  @Test func `A cgroup that holds only this process is divided, with this process in a leaf`() throws {
    let path = try hierarchy([
      "cgroup.controllers": "memory\n", "cgroup.subtree_control": "", "cgroup.procs": "\(getpid())\n",
      "stepworks-worker/cgroup.procs": "",
    ])
    #expect(ToolCgroups.inspect(.at(path)) == .unified(parent: path))
    #expect(fixture.text(of: "cgroup/cgroup.subtree_control") == "")
    #expect(ToolCgroups.prepare(.at(path)) == .unified(parent: path))
    #expect(fixture.text(of: "cgroup/cgroup.subtree_control") == "+memory")
    #expect(fixture.text(of: "cgroup/stepworks-worker/cgroup.procs") == "\(getpid())")
  }

  @Test func `A cgroup that holds other processes is not touched`() throws {
    let path = try hierarchy([
      "cgroup.controllers": "memory\n", "cgroup.subtree_control": "", "cgroup.procs": "1\n\(getpid())\n",
    ])
    #expect(reason(.prepare(.at(path))).hasPrefix("The cgroup \(path) holds other processes than this worker"))
    #expect(!fixture.exists("cgroup/stepworks-worker"))
  }

  @Test func `The root of all cgroups is divided with its processes where they are`() throws {
    let path = try hierarchy([
      "cgroup.controllers": "memory\n", "cgroup.subtree_control": "", "cgroup.procs": "1\n\(getpid())\n",
    ])
    try FileManager.default.removeItem(atPath: path.appending("cgroup.events").string)
    #expect(ToolCgroups.prepare(.at(path)) == .unified(parent: path))
    #expect(fixture.text(of: "cgroup/cgroup.subtree_control") == "+memory")
    #expect(!fixture.exists("cgroup/stepworks-worker"))
  }

  @Test func `The automatic placement is the cgroup of this process, and one that exists`() throws {
    let cgroups = ToolCgroups.inspect(.automatic)
    let parent = try #require(cgroups.parent, "\(cgroups)")
    let own = try #require(FileManager.default.contents(atPath: "/proc/self/cgroup"))
    let paths = String(decoding: own, as: UTF8.self).split(separator: "\n").compactMap { $0.split(separator: ":").last }
    #expect(paths.contains { parent.string.hasSuffix($0) })
    #expect(FileManager.default.fileExists(atPath: parent.appending("cgroup.procs").string))
  }
}
