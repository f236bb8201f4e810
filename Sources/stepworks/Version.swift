/// Of this program: shown by `--version`, in `workers.version` and in `stepworks_build_info`.
enum Version {
  static let current = "0.1.0"
}
