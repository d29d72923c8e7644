import Datasets
import LinAlg

/// The two classes of a classifier, as the data call them.
struct ClassLabels: Equatable {
  /// Of −1, then of 1.
  let names: [String]
  private let values: [Double?]

  /// Whether the data have −1 and 1 themselves.
  var isPlain: Bool { values == [-1, 1] }

  /// In one line.
  var description: String { "-1 is '\(names[0])', 1 is '\(names[1])'" }

  /// Classes by their names, in this order.
  init(_ names: [String]) {
    self.names = names
    values = names.map { Double($0) }
  }

  /// The classes that targets take: in the order of numbers, or of words.
  ///
  /// - Throws: ``DatasetError`` where there are not two. One class alone is refused here too, since nothing can be learned from it.
  init(of targets: Targets, path: String) throws(DatasetError) {
    let found: [String]
    switch targets {
    case .numbers(let y):
      if y.allSatisfy({ abs($0) == 1 }), Set(y).count == 2 {
        found = ["-1", "1"]
      } else {
        found = Set(y).sorted().map { Self.name($0) }
      }
    case .words(let words): found = Set(words).sorted()
    }
    if found.count == 1 {
      throw .invalid(path: path, reason: "all training targets are \(found[0]); expected rows of both classes")
    }
    guard found.count == 2 else {
      let some = found.prefix(4).joined(separator: ", ")
      throw .invalid(
        path: path,
        reason:
          "the training targets take \(found.count) values (\(some)\(found.count > 4 ? ", …" : "")); expected the labels -1 and 1, or two classes"
      )
    }
    self.init(found)
  }

  private static func name(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
  }

  /// −1 or 1 for every target.
  ///
  /// - Throws: ``DatasetError`` that names the first one of another class.
  func signs(of targets: Targets, _ part: String, path: String) throws(DatasetError) -> Vector<Double> {
    func other(_ i: Int, _ name: String) -> DatasetError {
      .invalid(path: path, reason: "\(part) target \(i) is \(name); expected the labels \(names[0]) and \(names[1])")
    }
    switch targets {
    case .numbers(let y):
      if let i = y.indices.first(where: { !values.contains(y[$0]) }) { throw other(i, Self.name(y[i])) }
      return Vector(count: y.count) { y[$0] == values[0] ? -1 : 1 }
    case .words(let words):
      if let i = words.firstIndex(where: { !names.contains($0) }) { throw other(i, "'\(words[i].prefix(40))'") }
      return Vector(count: words.count) { words[$0] == names[0] ? -1 : 1 }
    }
  }
}

/// A line that says what −1 and 1 stand for, with the break before it; nothing where the data say so themselves.
func classNote(_ classes: [String]?) -> String {
  guard let classes = classes.map({ ClassLabels($0) }), !classes.isPlain else { return "" }
  return "\nclasses: \(classes.description)"
}
