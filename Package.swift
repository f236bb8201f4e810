// swift-tools-version: 6.2
import Foundation
import PackageDescription

// The same strictness everywhere: a dependency that is not declared, an import that is wider than
// it must be, or a warning is a build error.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

// Targets in the order of the flow: row → lease → step → tool → artifact → settlement → telemetry.
var targets: [Target] = [
  .target(name: "Jobs", swiftSettings: strict),
  .target(
    name: "Queueing",
    dependencies: [
      "Jobs",
      .product(name: "GRDB", package: "GRDB.swift"),
      .product(name: "GRDBSQLite", package: "GRDB.swift"),
      .product(name: "Atomics", package: "swift-atomics"),
    ],
    swiftSettings: strict),
  .target(
    name: "ToolExecution",
    dependencies: [
      .product(name: "Subprocess", package: "swift-subprocess"),
      .product(name: "SystemPackage", package: "swift-system"),
    ],
    swiftSettings: strict),
  .target(
    name: "Artifacts",
    dependencies: [
      "Jobs",
      .product(name: "Crypto", package: "swift-crypto"),
      .product(name: "SystemPackage", package: "swift-system"),
    ],
    swiftSettings: strict),
  .target(
    name: "Steps",
    dependencies: [
      "Jobs", "ToolExecution", "Artifacts",
      .product(name: "SystemPackage", package: "swift-system"),
    ],
    swiftSettings: strict),
  .target(
    name: "Workers",
    dependencies: [
      "Jobs", "Queueing", "ToolExecution",
      .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
      .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    ],
    swiftSettings: strict),
  .target(
    name: "Telemetry",
    dependencies: [
      "Jobs",
      .product(name: "CoreMetrics", package: "swift-metrics"),
      .product(name: "Histogram", package: "hdrhistogram-swift"),
      .product(name: "Logging", package: "swift-log"),
    ],
    swiftSettings: strict),
  .target(
    name: "OperatorAPI",
    dependencies: [
      "Jobs", "Queueing", "Telemetry",
      .product(name: "Hummingbird", package: "hummingbird"),
      .product(name: "Logging", package: "swift-log"),
      .product(name: "NIOCore", package: "swift-nio"),
      .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    ],
    swiftSettings: strict),
  .executableTarget(
    name: "stepworks",
    dependencies: [
      "Jobs", "Queueing", "ToolExecution", "Artifacts", "Steps", "Workers", "Telemetry",
      "OperatorAPI",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
      .product(name: "AsyncAlgorithms", package: "swift-async-algorithms"),
      .product(name: "Configuration", package: "swift-configuration"),
      .product(name: "CoreMetrics", package: "swift-metrics"),
      .product(name: "Logging", package: "swift-log"),
      .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      .product(name: "SystemPackage", package: "swift-system"),
      .product(name: "UnixSignals", package: "swift-service-lifecycle"),
    ],
    swiftSettings: strict),
  // Linked statically: SwiftPM would link the Swift runtime into this C program, one starts per tool run, and nothing
  // that a tool preloads may reach it.
  .executableTarget(
    name: "stepworks-supervisor",
    cSettings: [.define("_GNU_SOURCE"), .treatAllWarnings(as: .error)],
    linkerSettings: [.unsafeFlags(["-static-executable", "-nostartfiles"])]),

  .executableTarget(
    name: "queue-benchmark", dependencies: ["Jobs", "Queueing"], path: "Benchmarks/queue/queue-benchmark",
    swiftSettings: strict),
  // Counts what a program asks of malloc; linked into nothing but the benchmark.
  .target(
    name: "MallocCount", path: "Benchmarks/latency/MallocCount", cSettings: [.treatAllWarnings(as: .error)]),
  .executableTarget(
    name: "latency-benchmark",
    dependencies: [
      "Jobs", "MallocCount", "Telemetry", .product(name: "Histogram", package: "hdrhistogram-swift"),
    ],
    path: "Benchmarks/latency/latency-benchmark", swiftSettings: strict),

  .target(name: "TestSupport", dependencies: ["Jobs"], path: "Tests/TestSupport", swiftSettings: strict),
  .testTarget(name: "JobsTests", dependencies: ["Jobs"], swiftSettings: strict),
  .testTarget(name: "QueueingTests", dependencies: ["Jobs", "Queueing", "TestSupport"], swiftSettings: strict),
  .testTarget(
    name: "ToolExecutionTests",
    dependencies: [
      "ToolExecution", "stepworks-supervisor", .product(name: "SystemPackage", package: "swift-system"),
    ],
    swiftSettings: strict),
  .testTarget(
    name: "ArtifactsTests",
    dependencies: ["Jobs", "Artifacts", .product(name: "SystemPackage", package: "swift-system"), "TestSupport"],
    swiftSettings: strict),
  .testTarget(
    name: "StepsTests",
    dependencies: [
      "Jobs", "ToolExecution", "Artifacts", "Steps", "stepworks-supervisor",
      .product(name: "SystemPackage", package: "swift-system"),
    ],
    swiftSettings: strict),
  .testTarget(
    name: "TelemetryTests",
    dependencies: [
      "Jobs", "Queueing", "Telemetry", "OperatorAPI", "TestSupport",
      .product(name: "CoreMetrics", package: "swift-metrics"),
      .product(name: "Logging", package: "swift-log"),
      .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    ],
    swiftSettings: strict),
  .testTarget(
    name: "CommandTests",
    dependencies: [
      "Jobs", "Queueing", "ToolExecution", "Artifacts", "stepworks", "Telemetry", "TestSupport",
      .product(name: "Logging", package: "swift-log"),
      .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      .product(name: "SystemPackage", package: "swift-system"),
    ],
    swiftSettings: strict),
  .testTarget(
    name: "WorkersTests",
    dependencies: [
      "Jobs", "Queueing", "ToolExecution", "Workers", "TestSupport", "stepworks-supervisor",
      .product(name: "Logging", package: "swift-log"),
      .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      .product(name: "SystemPackage", package: "swift-system"),
    ],
    swiftSettings: strict),
]

// The CAD tool is C++ on Debian's OpenCASCADE, which scripts/setup installs. Without it, everything else builds with
// STEPWORKS_WITHOUT_CAD=1: a variable and not a look at the disk, because SwiftPM caches what a manifest says.
if ProcessInfo.processInfo.environment["STEPWORKS_WITHOUT_CAD"] == nil {
  targets += [
    .executableTarget(
      name: "stepworks-cad",
      cxxSettings: [.unsafeFlags(["-isystem", "/usr/include/opencascade"]), .treatAllWarnings(as: .error)],
      linkerSettings: [
        "TKXDESTEP", "TKSTEP", "TKSTEPAttr", "TKSTEPBase", "TKXSBase", "TKRWMesh", "TKXCAF", "TKVCAF", "TKMesh",
        "TKPrim", "TKBO", "TKBool", "TKFillet", "TKShHealing", "TKGeomAlgo", "TKGeomBase", "TKLCAF", "TKCDF",
        "TKTopAlgo", "TKBRep", "TKG3d", "TKG2d", "TKMath", "TKernel", "meshoptimizer", "m",
      ].map { .linkedLibrary($0) }),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "Jobs", "Queueing", "Telemetry", "TestSupport", "stepworks", "stepworks-supervisor", "stepworks-cad",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["Systemd/box", "read_histograms.py"], swiftSettings: strict),
  ]
}

let package = Package(
  name: "stepworks",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "stepworks", targets: ["stepworks"]),
    .executable(name: "stepworks-supervisor", targets: ["stepworks-supervisor"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-async-algorithms", from: "1.1.4"),
    .package(url: "https://github.com/apple/swift-atomics", from: "1.3.0"),
    // One trait a package at most: two or more are recompiled at random after each re-plan.
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: ["YAML"]),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: targets,
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx17
)
