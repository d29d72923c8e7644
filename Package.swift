// swift-tools-version: 6.3
import PackageDescription

/// Settings of every Swift target. No `unsafeFlags`: a package that has them cannot be depended on.
let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
  name: "ImplicitDiff",
  platforms: [.macOS(.v15)],
  products: [
    .library(
      name: "ImplicitDiff",
      targets: ["LinAlg", "RandomStreams", "NonsmoothMaps", "ImplicitDiff", "Tracing", "Models", "Bilevel", "Datasets"]),
    .library(name: "LinAlg", targets: ["LinAlg"]),
    .library(name: "Sharding", targets: ["Sharding"]),
    .executable(name: "implicit-diff", targets: ["implicit-diff"]),
    .executable(name: "implicit-diff-bench", targets: ["implicit-diff-bench"]),
  ],
  traits: [
    .trait(name: "MPI", description: "Rows over the ranks of an MPI program (Open MPI); without it there is one rank."),
    .default(enabledTraits: []),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/ordo-one/TextTable", from: "0.0.2"),
  ],
  targets: [
    // MARK: - Linear algebra
    .systemLibrary(
      name: "CLapack", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev", "liblapacke-dev", "pkg-config"]), .brew(["openblas"])]),
    .target(name: "CKernels"),
    .target(
      name: "LinAlg",
      dependencies: ["CLapack", "CKernels", .product(name: "RealModule", package: "swift-numerics")],
      swiftSettings: swift),
    .target(name: "RandomStreams", swiftSettings: swift),

    // MARK: - The subject
    .target(name: "NonsmoothMaps", dependencies: ["LinAlg", "CKernels"], swiftSettings: swift),
    .target(name: "ImplicitDiff", dependencies: ["LinAlg", "NonsmoothMaps", "RandomStreams"], swiftSettings: swift),
    .target(
      name: "Tracing",
      dependencies: [
        "LinAlg", "NonsmoothMaps", "ImplicitDiff", "Models", .product(name: "RealModule", package: "swift-numerics"),
      ], swiftSettings: swift),
    .target(
      name: "Models",
      dependencies: [
        "LinAlg", "CKernels", "NonsmoothMaps", "ImplicitDiff", "RandomStreams",
        .product(name: "RealModule", package: "swift-numerics"),
      ], swiftSettings: swift),
    .target(
      name: "Bilevel",
      dependencies: [
        "LinAlg", "NonsmoothMaps", "ImplicitDiff", "Models", "RandomStreams",
        .product(name: "RealModule", package: "swift-numerics"),
      ], swiftSettings: swift),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev", "pkg-config"]), .brew(["zlib"])]),
    .target(name: "Datasets", dependencies: ["LinAlg", "RandomStreams", "CZlib"], swiftSettings: swift),

    // MARK: - Past one machine
    .systemLibrary(
      name: "COpenMPI", pkgConfig: "ompi-c",
      providers: [.apt(["libopenmpi-dev", "openmpi-bin", "pkg-config"]), .brew(["open-mpi"])]),
    .target(
      name: "CMPI", dependencies: [.target(name: "COpenMPI", condition: .when(traits: ["MPI"]))],
      cSettings: [.define("WITH_MPI", .when(traits: ["MPI"]))]),
    .target(name: "Sharding", dependencies: ["CMPI", "LinAlg", "Datasets"], swiftSettings: swift),

    // MARK: - Executables
    .target(name: "CProcessStart"),
    .target(
      name: "CommandSupport",
      dependencies: [
        "CProcessStart", "LinAlg", "ImplicitDiff", "Datasets", "Sharding",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: swift),
    .executableTarget(
      name: "implicit-diff",
      dependencies: [
        "CommandSupport", "LinAlg", "NonsmoothMaps", "ImplicitDiff", "Models", "Bilevel", "Datasets", "RandomStreams",
        "Sharding",
        .product(name: "TextTable", package: "TextTable"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: swift),
    .target(
      name: "Reliability", dependencies: ["LinAlg", "NonsmoothMaps", "ImplicitDiff", "Models", "RandomStreams"],
      path: "Benchmarks/Reliability", swiftSettings: swift),
    .executableTarget(
      name: "implicit-diff-bench",
      dependencies: [
        "CommandSupport", "Reliability", "LinAlg", "NonsmoothMaps", "ImplicitDiff", "Tracing", "Models", "Datasets",
        "RandomStreams", "Sharding",
        .product(name: "TextTable", package: "TextTable"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Benchmarks/implicit-diff-bench", swiftSettings: swift),

    // MARK: - Tests
    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    .target(
      name: "TestSupport", dependencies: ["LinAlg", "Datasets", "CAllocationCounter", "RandomStreams"],
      path: "Tests/TestSupport",
      swiftSettings: swift),
    .testTarget(
      name: "LinAlgTests",
      dependencies: [
        "LinAlg", "RandomStreams", "TestSupport", .product(name: "RealModule", package: "swift-numerics"),
      ], swiftSettings: swift),
    .executableTarget(
      name: "sharding-cases",
      dependencies: [
        "CMPI", "Sharding", "Bilevel", "Models", "NonsmoothMaps", "Datasets", "ImplicitDiff", "LinAlg",
      ], path: "Tests/ShardingCases", swiftSettings: swift),
    .testTarget(
      name: "ShardingTests", dependencies: ["sharding-cases", "implicit-diff", "Datasets", "LinAlg", "TestSupport"],
      swiftSettings: swift),
    .testTarget(name: "RandomStreamsTests", dependencies: ["RandomStreams", "TestSupport"], swiftSettings: swift),
    .testTarget(
      name: "DatasetsTests", dependencies: ["Datasets", "LinAlg", "RandomStreams", "TestSupport"], swiftSettings: swift),
    .testTarget(
      name: "ImplicitDiffTests", dependencies: ["ImplicitDiff", "LinAlg", "Models", "TestSupport"], swiftSettings: swift
    ),
    .testTarget(
      name: "ModelsTests",
      dependencies: [
        "Models", "NonsmoothMaps", "Datasets", "ImplicitDiff", "LinAlg", "RandomStreams", "Reliability", "TestSupport",
        .product(name: "RealModule", package: "swift-numerics"),
      ], swiftSettings: swift),
    .testTarget(
      name: "BilevelTests",
      dependencies: [
        "Bilevel", "Models", "NonsmoothMaps", "Datasets", "ImplicitDiff", "LinAlg", "RandomStreams", "TestSupport",
        .product(name: "RealModule", package: "swift-numerics"),
      ], swiftSettings: swift),
    .testTarget(
      name: "NonsmoothMapsTests",
      dependencies: [
        "NonsmoothMaps", "ImplicitDiff", "LinAlg", .product(name: "RealModule", package: "swift-numerics"),
      ], swiftSettings: swift),
    .testTarget(
      name: "TracingTests",
      dependencies: [
        "Tracing", "Models", "NonsmoothMaps", "Datasets", "ImplicitDiff", "LinAlg", "RandomStreams", "Reliability",
        "TestSupport",
      ], swiftSettings: swift),
    .testTarget(
      name: "DocumentationTests",
      dependencies: [
        "Bilevel", "Tracing", "NonsmoothMaps", "Models", "Datasets", "ImplicitDiff", "LinAlg", "RandomStreams",
        "TestSupport",
        .product(name: "RealModule", package: "swift-numerics"),
      ],
      swiftSettings: swift),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "implicit-diff", "implicit-diff-bench", "CommandSupport", "Datasets", "ImplicitDiff", "Models", "LinAlg",
        "TestSupport",
      ],
      swiftSettings: swift),
  ]
)
