import ArgumentParser

/// What option parsing alone lets through.
public enum Arguments {
  /// A number as an option gives it.
  ///
  /// - Throws: where it is none, or where it is so small that only 0 would be left of it: 0 has a meaning of its own.
  public static func number(_ text: String) throws -> Double {
    guard let value = Double(text) else { throw ValidationError("'\(text)' is not a number") }
    let isHexadecimal = text.lowercased().contains("0x")
    let digits = text.lowercased().prefix { $0 != (isHexadecimal ? "p" : "e") }
    guard value != 0 || !digits.contains(where: { $0.isHexDigit && $0 != "0" }) else {
      throw ValidationError("'\(text)' is too small for a number of 64 bits, whose smallest is 5e-324")
    }
    return value
  }

  /// Refuses empty paths, which a variable of the shell that was never set leaves behind.
  public static func refuseEmpty(_ paths: KeyValuePairs<String, String?>) throws {
    for (name, path) in paths where path?.isEmpty == true {
      throw ValidationError("\(name): the path is empty")
    }
  }
}
