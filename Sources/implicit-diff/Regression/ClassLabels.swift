import Datasets
import LinAlg

/// The classes of a classifier, as the data call them.
struct ClassLabels: Equatable {
  /// How they are numbered.
  enum Coding {
    /// Two classes, −1 and 1.
    case signs
    /// Two or more, counted from 0.
    case indices
  }

  /// In the order of their numbers.
  let names: [String]
  let coding: Coding
  private let values: [Double?]

  /// Whether the data have −1 and 1 themselves.
  var isPlain: Bool { coding == .signs && values == [-1, 1] }

  /// In one line.
  var description: String {
    switch coding {
    case .signs: "-1 is '\(names[0])', 1 is '\(names[1])'"
    case .indices: names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
    }
  }

  /// Classes by their names, in this order.
  init(_ names: [String], _ coding: Coding) {
    self.names = names
    self.coding = coding
    values = names.map { Double($0) }
  }

  /// More would be numbers that somebody took for classes.
  private static var mostClasses: Int { 1000 }

  /// The classes that targets take: in the order of numbers, or of words.
  ///
  /// - Throws: ``DatasetError`` where there are not as many as the coding allows. One class alone is refused here too, since nothing can be learned from it.
  init(of targets: Targets, _ coding: Coding, path: String) throws(DatasetError) {
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
      throw .invalid(
        path: path,
        reason:
          "all training targets are \(found[0]); expected rows of \(coding == .signs ? "both" : "two or more") classes")
    }
    let expected =
      coding == .signs
      ? "the labels -1 and 1, or two classes; more are for --model multinomial" : "at most \(Self.mostClasses) classes"
    guard found.count == 2 || (coding == .indices && found.count <= Self.mostClasses) else {
      let some = found.prefix(4).joined(separator: ", ")
      throw .invalid(
        path: path,
        reason:
          "the training targets take \(found.count) values (\(some)\(found.count > 4 ? ", …" : "")); expected \(expected)"
      )
    }
    self.init(found, coding)
  }

  private static func name(_ value: Double) -> String {
    value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
  }

  /// The number of class k.
  private func number(_ k: Int) -> Double { coding == .signs ? (k == 0 ? -1 : 1) : Double(k) }

  /// −1 or 1, or the class counted from 0, for every target.
  ///
  /// - Throws: ``DatasetError`` that names the first one of another class.
  func numbers(of targets: Targets, _ part: String, path: String) throws(DatasetError) -> Vector<Double> {
    func other(_ i: Int, _ name: String) -> DatasetError {
      let known =
        names.count == 2
        ? "the labels \(names[0]) and \(names[1])"
        : "one of the labels \(names.prefix(6).joined(separator: ", "))\(names.count > 6 ? ", …" : "")"
      return .invalid(path: path, reason: "\(part) target \(i) is \(name); expected \(known)")
    }
    switch targets {
    case .numbers(let y):
      var known: [Double: Int] = [:]
      for (k, value) in values.enumerated() { if let value { known[value] = k } }
      if let i = y.indices.first(where: { known[y[$0]] == nil }) { throw other(i, Self.name(y[i])) }
      return Vector(count: y.count) { number(known[y[$0]] ?? 0) }
    case .words(let words):
      let known = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
      if let i = words.firstIndex(where: { known[$0] == nil }) { throw other(i, "'\(words[i].prefix(40))'") }
      return Vector(count: words.count) { number(known[words[$0]] ?? 0) }
    }
  }
}

/// A line that says what the classes are, with the break before it; nothing where the data are labelled −1 and 1 themselves.
func classNote(_ classes: [String]?, _ model: String) -> String {
  guard let names = classes, let coding = TuneModel(rawValue: model)?.coding else { return "" }
  let classes = ClassLabels(names, coding)
  return classes.isPlain ? "" : "\nclasses: \(classes.description)"
}
