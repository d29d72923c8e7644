public import ArgumentParser
import Foundation

extension Console {
  /// Parses the command line and runs the command; whatever goes wrong becomes one line on standard error and an exit
  /// code.
  ///
  /// In place of `ParsableCommand.main()`, which adds the whole usage to each mistake.
  public static func run(_ command: any ParsableCommand.Type) -> Never {
    do {
      var parsed = try command.parseAsRoot()
      try parsed.run()
    } catch {
      let code = command.exitCode(for: error)
      // Help and versions are no mistakes, and an ExitCode has been explained where it was thrown.
      if code.isSuccess || error is ExitCode { command.exit(withError: error) }
      let line = command.message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
      Self.error(code == .validationFailure ? "\(line) (see --help)" : line)
      command.exit(withError: code)
    }
    command.exit()
  }
}
