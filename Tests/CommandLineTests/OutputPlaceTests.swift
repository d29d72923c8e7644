import Foundation
import TestSupport
import Testing

/// Where outputs go, however they are spelled and whatever the system allows.
@Suite struct OutputPlaceTests {
  let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private func arguments(_ extra: [String]) -> [String] {
    ["hypergradient", ReferenceCase.root + "/elastic-net-diabetes", "--lambda1", "2", "--lambda2", "0.1"] + extra
  }

  @Test func oneFileUnderTwoSpellingsIsRefused() throws {
    let path = directory.file("o.npy")
    let other = directory.path + "/./o.npy"
    let result = try Tool.implicitDiff.run(arguments(["--json", path, "--save", other]))
    #expect(result.code == 64, "\(result.errors)")
    #expect(result.errors.contains("--save and --json name the same file"))
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test(arguments: ["--budget", "--steps", "--lambda1"])
  func aNegativeNumberIsNamedWithItsRange(_ option: String) throws {
    var values = ["--budget": "1", "--steps": "1"]
    values[option] = "-1"
    let result = try Tool.implicitDiff.run(["poison", directory.path] + values.flatMap { [$0.key, $0.value] })
    #expect(result.code == 64)
    #expect(result.errors.contains(option) && !result.errors.contains("Missing value"), "\(result.errors)")
  }

  private func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: directory.file(name), withDestinationPath: target)
  }

  private func isLink(_ name: String) throws -> Bool {
    try FileManager.default.attributesOfItem(atPath: directory.file(name))[.type] as? FileAttributeType
      == .typeSymbolicLink
  }

  /// A link stays, and its end is replaced, or made where nothing was there.
  @Test func linksAreFollowed() throws {
    try FileManager.default.createDirectory(atPath: directory.file("folder"), withIntermediateDirectories: true)
    _ = try directory.write([1, 2, 3], "folder/old.json")
    try link("second", to: "folder/old.json")
    try link("first", to: directory.file("second"))
    try link("dangling", to: "folder/new.npy")
    let result = try Tool.implicitDiff.run(
      arguments(["--json", directory.file("first"), "--save", directory.file("dangling")]))
    #expect(result.code == 0, "\(result.errors)")
    #expect(try isLink("first") && isLink("second") && isLink("dangling"))
    #expect(try Report.decode(String(decoding: directory.bytes("folder/old.json"), as: UTF8.self)).converged)
    #expect(try directory.bytes("folder/new.npy").starts(with: [0x93]))
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.file("folder")).count == 2)
    #expect(try directory.names == ["dangling", "first", "folder", "second"])
    // A link to nothing and the file it would make are one file.
    try link("to-later", to: "later")
    let twice = try Tool.implicitDiff.run(
      arguments(["--json", directory.file("to-later"), "--save", directory.file("later")]))
    #expect(twice.code == 64 && twice.errors.contains("the same file"), "\(twice.errors)")
  }

  @Test func linksInACircleAreRefused() throws {
    try link("a", to: "b")
    try link("b", to: "a")
    let result = try Tool.implicitDiff.run(arguments(["--json", directory.file("a")]))
    #expect(result.code == 73 && result.output.isEmpty && result.errorLines.count == 1)
    #expect(result.errors.contains("/a: is a symbolic link that leads in a circle"), "\(result.errors)")
    #expect(try directory.names == ["a", "b"] && isLink("a") && isLink("b"))
  }

  /// What is replaced keeps its bits, whatever the mask says; what is new gets those that the mask leaves.
  @Test(arguments: [("022", 0o644), ("077", 0o600)])
  func permissions(_ mask: String, _ new: Int) throws {
    for (name, bits) in [("private", 0o600), ("shared", 0o664)] {
      _ = try directory.write([1], name)
      try FileManager.default.setAttributes([.posixPermissions: bits], ofItemAtPath: directory.file(name))
      let result = try Tool.implicitDiff.shell(
        "umask \(mask); exec \"$0\" \"$@\"",
        arguments(["--json", directory.file(name), "--save", directory.file("new-" + name)]))
      #expect(result.code == 0, "\(result.errors)")
      func found(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: directory.file(name))[.posixPermissions] as? Int
      }
      #expect(try found(name) == bits && found("new-" + name) == new)
    }
  }
}
