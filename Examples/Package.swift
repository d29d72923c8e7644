// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "Examples",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "ImplicitDiff", path: "..")],
  targets: [
    .executableTarget(
      name: "ProjectedQuadratic", dependencies: [.product(name: "ImplicitDiff", package: "ImplicitDiff")],
      swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "TracedLoss", dependencies: [.product(name: "ImplicitDiff", package: "ImplicitDiff")],
      swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "Extensions", dependencies: [.product(name: "ImplicitDiff", package: "ImplicitDiff")],
      swiftSettings: [.swiftLanguageMode(.v6)]),
    .executableTarget(
      name: "Gallery", dependencies: [.product(name: "ImplicitDiff", package: "ImplicitDiff")],
      swiftSettings: [.swiftLanguageMode(.v6)]),
  ]
)
