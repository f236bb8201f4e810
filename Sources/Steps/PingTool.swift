import Artifacts
import Jobs
import SystemPackage
import ToolExecution

/// The process behind a `ping` that asks for one: a shell script that behaves as badly as it is told.
struct PingTool: Sendable {
  let environment: StepEnvironment
  let context: StepContext

  static func isAskedFor(in parameters: JSONValue) -> Bool {
    parameters["tool"]?.boolValue == true || parameters["exit_status"] != nil || parameters["crash_signal"] != nil
      || parameters["ignore_sigterm"]?.boolValue == true || (parameters["daemons"]?.integerValue ?? 0) > 0
  }

  /// Reads its orders from the environment. The daemons are children of children in sessions of their own and ignore
  /// SIGTERM: what a supervisor has to be able to end.
  private static let script = """
    [ "$PING_IGNORE_SIGTERM" = true ] && trap '' TERM
    count=0
    while [ "$count" -lt "$PING_DAEMONS" ]; do
      setsid sh -c "trap '' TERM; (while :; do sleep 3600; done) & exit 0" </dev/null >/dev/null 2>&1
      count=$((count + 1))
    done
    printf '{"phase":"work"}\\n'
    step=1
    while [ "$step" -le "$PING_STEPS" ]; do
      sleep "$PING_PAUSE"
      printf '{"progress":%s,"message":"step %s of %s"}\\n' \
        "$(awk "BEGIN { print $step / $PING_STEPS }")" "$step" "$PING_STEPS"
      step=$((step + 1))
    done
    [ -n "$PING_SIGNAL" ] && kill -s "$PING_SIGNAL" $$
    [ "$PING_EXIT" -ne 0 ] && exit "$PING_EXIT"
    printf '{"result":{}}\\n'
    """

  func run() async throws -> JSONValue {
    let attempt = try environment.store.openAttempt(context.job.token)
    defer { try? attempt.discard() }  // what is left is swept
    let parameters = context.parameters
    let steps = max(1, parameters["progress_steps"]?.integerValue ?? 1)
    var command = ToolCommand(
      executable: "/bin/sh", arguments: ["-c", Self.script, "ping"], workingDirectory: attempt.directory)
    command.environment["PING_IGNORE_SIGTERM"] = "\(parameters["ignore_sigterm"]?.boolValue ?? false)"
    command.environment["PING_DAEMONS"] = "\(parameters["daemons"]?.integerValue ?? 0)"
    command.environment["PING_STEPS"] = "\(steps)"
    command.environment["PING_PAUSE"] = "\((parameters["sleep_seconds"]?.numberValue ?? 0) / Double(steps))"
    command.environment["PING_SIGNAL"] = parameters["crash_signal"]?.stringValue ?? ""
    command.environment["PING_EXIT"] = "\(parameters["exit_status"]?.integerValue ?? 0)"
    return try await ToolRun(
      environment: environment, context: context, name: "ping", limits: environment.pingLimits,
      logDirectory: attempt.logDirectory
    ).run(command)
  }
}
