import Foundation
import Testing

/// scripts/install on a machine of its own.
@Suite("scripts/install", .serialized, .enabled(if: SystemdBox.isWanted, SystemdBox.whyNot), .timeLimit(.minutes(2)))
struct InstallationScriptTests {
  private let box: SystemdBox

  init() throws { box = try SystemdBox(installed: false) }

  /// Everything it could leave behind.
  private func files() throws -> String {
    try box.shell(
      """
      find /opt /etc/systemd/system /etc/sysusers.d /etc/tmpfiles.d /etc/stepworks /usr/local /var/lib/stepworks -not -path '/opt/swift/*' \
        2>/dev/null | sort; true
      """)
  }

  @Test func `A second run has nothing to do, and an uninstallation with --purge leaves nothing`() throws {
    try box.shell("mkdir -p /etc/sysusers.d /etc/tmpfiles.d /usr/local/share/bash-completion/completions")
    let before = try files()
    let first = try box.succeed(SystemdBox.installation)
    #expect(first.contains("systemctl enable --now stepworks.target stepworks-worker@cad stepworks-worker@default\n"))
    #expect(!first.contains("\u{1B}"))
    let installed = try files()
    #expect(installed.contains("/opt/stepworks/bin/stepworks-supervisor"))
    let second = try box.succeed(SystemdBox.installation)
    #expect(second.contains("Nothing to do"))
    #expect(!second.contains("systemctl"))
    #expect(try files() == installed)
    try box.shell("bash -n /usr/local/share/bash-completion/completions/stepworks")
    // Not the file of whatever directory the caller is in.
    let config = try box.shell("cd /tmp; echo 'no configuration' > stepworks.yaml; stepworks config")
    #expect(config.contains(SystemdBox.database))

    try box.succeed(["\(SystemdBox.sources)/scripts/install", "--uninstall", "--purge"])
    #expect(try files() == before)
    #expect(try box.run(["id", "stepworks"]).status != 0)
    let again = try box.succeed(["\(SystemdBox.sources)/scripts/install", "--uninstall", "--purge"])
    #expect(again.contains("Nothing to do"))
  }

  @Test func `What somebody has changed survives upgrade and uninstallation, and so do the data`() throws {
    try box.succeed(SystemdBox.installation)
    try box.systemctl("enable", "--now", "stepworks.target", "stepworks-worker@default")
    try box.shell("sed -i 's/slots: 64/slots: 7/' /etc/stepworks/stepworks.yaml")
    try box.shell("echo older >> /opt/stepworks/share/doc/operating.md")
    let upgrade = try box.succeed(SystemdBox.installation)
    #expect(upgrade.contains("systemctl restart stepworks-worker@default.service"))
    #expect(try box.shell("grep -c 'slots: 7' /etc/stepworks/stepworks.yaml") == "1")

    let end = try box.succeed(["\(SystemdBox.sources)/scripts/install", "--uninstall"])
    #expect(end.contains("Stopping stepworks-worker@default.service"))
    #expect(try box.systemctl("list-units", "--all", "--plain", "--no-legend", "stepworks*") == "")
    #expect(try box.run(["test", "-e", "/run/lock/stepworks"]).status != 0)
    #expect(end.contains("Kept, with the user stepworks: /etc/stepworks /var/lib/stepworks."))
    #expect(try box.shell("ls /etc/stepworks") == "stepworks.yaml")
    #expect(try box.run(["ls", "/opt/stepworks"]).status != 0)
    #expect(try box.run(["test", "-s", SystemdBox.database]).status == 0)
    #expect(try box.run(["systemctl", "cat", "stepworks-worker@default"]).status != 0)
  }

  @Test func `Other programs are placed while no worker runs, and those that ran run again`() throws {
    try box.succeed(SystemdBox.installation)
    try box.systemctl("start", "stepworks-worker@default")
    let main = try box.systemctl("show", "-P", "MainPID", "stepworks-worker@default")
    // An older tool.
    try box.shell("cd /opt/stepworks/bin; cp stepworks-cad older; echo >> older; mv older stepworks-cad")
    let refusal = try box.run(SystemdBox.installation + ["--no-restart"])
    #expect(refusal.status == 75)
    #expect(refusal.errors.contains("stepworks-worker@default.service run; stop them, or leave out --no-restart."))
    #expect(try box.systemctl("show", "-P", "MainPID", "stepworks-worker@default") == main)

    let upgrade = try box.succeed(SystemdBox.installation)
    let steps = [
      "Stopping stepworks-worker@default", "/opt/stepworks/bin/stepworks-cad", "Starting stepworks-worker@default",
    ]
    let places = steps.compactMap { upgrade.range(of: $0)?.lowerBound }
    #expect(places.count == 3 && places == places.sorted(), "\(upgrade)")
    #expect(try box.systemctl("show", "-P", "ActiveState", "stepworks-worker@default") == "active")
    #expect(try box.systemctl("show", "-P", "MainPID", "stepworks-worker@default") != main)
    #expect(
      try box.systemctl("list-units", "--plain", "--no-legend", "stepworks-worker@*").split(separator: "\n").count == 1)
  }

  @Test func `A program that does not run replaces none that does, and the workers do not notice`() throws {
    try box.succeed(SystemdBox.installation)
    try box.systemctl("start", "stepworks-worker@default")
    let main = try box.systemctl("show", "-P", "MainPID", "stepworks-worker@default")
    try box.shell(
      """
      mkdir /srv/broken; cp /opt/stepworks/bin/stepworks{,-supervisor} /srv/broken
      printf '#!/bin/sh\nexit 1\n' > /srv/broken/stepworks-cad; chmod 755 /srv/broken/stepworks-cad
      """)
    let result = try box.run([
      "\(SystemdBox.sources)/scripts/install", "--binaries", "/srv/broken", "--without", "usd", "--without", "render",
    ])
    #expect(result.status == 69)
    #expect(result.errors.contains("stepworks-cad.new does not run for the user stepworks: it says nothing."))
    #expect(try box.shell("ls /opt/stepworks/bin") == "stepworks\nstepworks-cad\nstepworks-supervisor")
    try box.succeed(["/opt/stepworks/bin/stepworks-cad", "--version"])
    #expect(try box.systemctl("show", "-P", "MainPID", "stepworks-worker@default") == main)
  }

  @Test func `An uninstallation ends workers that can't start, and names the members of the group that it leaves`()
    throws
  {
    try box.succeed(SystemdBox.installation)
    try box.shell("useradd -G stepworks producer")
    // Not a reason to give up: it is tried again and again.
    try box.shell("printf 'STEPWORKS_STATUS_HOST=203.0.113.1\n' >> /etc/stepworks/cad.env")
    _ = try box.run(["systemctl", "start", "stepworks-worker@cad"])
    #expect(try box.systemctl("show", "-P", "ActiveState", "stepworks-worker@cad") == "activating")
    let end = try box.succeed(["\(SystemdBox.sources)/scripts/install", "--uninstall", "--purge"])
    #expect(end.contains("Kept: the group stepworks, for it has members (producer)."))
    #expect(try box.systemctl("list-units", "--all", "--plain", "--no-legend", "stepworks*") == "")
  }

  @Test func `It installs under another prefix, and the unit runs from there`() throws {
    try box.succeed(SystemdBox.installation + ["--prefix", "/opt/media/stepworks"])
    try box.systemctl("start", "stepworks-worker@default")
    let main = try box.systemctl("show", "-P", "MainPID", "stepworks-worker@default")
    #expect(try box.shell("readlink /proc/\(main)/exe") == "/opt/media/stepworks/bin/stepworks")
    let end = try box.succeed(["\(SystemdBox.sources)/scripts/install", "--uninstall"])
    #expect(end.contains("removed /opt/media/stepworks/bin/stepworks"))
  }

  @Test func `It builds as the user whose tree it is, and leaves no file of root there`() throws {
    try box.shell(
      """
      useradd -m -d /srv/builder builder; cd /srv/builder; mkdir tree programs
      cp -r \(SystemdBox.sources)/{scripts,config,systemd,docs} tree
      cp \(Products.program("").path)/stepworks{,-supervisor,-cad} programs
      cat > /usr/local/bin/swift <<'END'
      #!/bin/sh
      echo "$@" >> log
      case "$*" in *--show-bin-path*) echo /srv/builder/programs ;; esac
      END
      chmod 755 /usr/local/bin/swift; chown -R builder: tree
      """)
    try box.succeed(["/srv/builder/tree/scripts/install", "--without", "usd", "--without", "render"])
    #expect(try box.shell("find /srv/builder/tree -user root") == "")
    let builds = try box.shell("cat /srv/builder/tree/log").split(separator: "\n")
    #expect(builds.first == "build -c release --static-swift-stdlib --product stepworks")
    #expect(builds.last == "build -c release --show-bin-path")
    try box.succeed(["/opt/stepworks/bin/stepworks", "--version"])
  }

  @Test func `What it cannot do it refuses with a sentence and the status for it`() throws {
    let script = "\(SystemdBox.sources)/scripts/install"
    for (arguments, status, words) in [
      (["--prefix"], 64, "--prefix needs a value"),
      (["--prefix", "relative"], 64, "must be an absolute path"),
      (["--prefix", "/usr"], 64, "a directory of Stepworks' own"),
      (["--without", "cad"], 64, "--without takes usd or render"),
      (["--purge"], 64, "--purge goes with --uninstall"),
      (["--force"], 64, "there is no option --force"),
      (["--binaries", "/nonexistent"], 66, "there is no /nonexistent/stepworks"),
    ] {
      let result = try box.run([script] + arguments)
      #expect(result.status == Int32(status), "\(arguments)")
      #expect(result.errors.hasPrefix("install: ") && result.errors.contains(words), "\(result.errors)")
    }
    let result = try box.run(["setpriv", "--reuid", "65534", "--clear-groups", script])
    #expect(result.status == 77)
    #expect(result.errors.contains("this needs root"))
    #expect(try box.succeed([script, "--help"]).hasPrefix("usage: "))
  }
}
