import ArgumentParser

/// When to use colours.
enum ColourChoice: String, ExpressibleByArgument, CaseIterable {
  /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb` or missing; anywhere if `CLICOLOR_FORCE` is set.
  case auto
  case always
  case never

  /// - Parameter isTerminal: whether what is written to is one.
  func isColoured(isTerminal: Bool, environment: [String: String]) -> Bool {
    switch self {
    case .always: return true
    case .never: return false
    case .auto:
      // https://no-color.org, https://bixense.com/clicolors
      func isSet(_ name: String) -> Bool { !(environment[name] ?? "").isEmpty }
      if isSet("NO_COLOR") { return false }
      if isSet("CLICOLOR_FORCE"), environment["CLICOLOR_FORCE"] != "0" { return true }
      return isTerminal && Terminal.isCapable(environment) && environment["CLICOLOR"] != "0"
    }
  }
}
