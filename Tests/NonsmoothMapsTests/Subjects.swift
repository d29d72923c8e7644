import LinAlg
import NonsmoothMaps

/// A penalty of `Subjects.count` coordinates with parameters of the size of its arguments.
struct Subject<Element: Scalar> {
  var name: String
  var penalty: any ProximalMap<Element>
  var parameters: Vector<Element>
}

enum Subjects {
  static let count = 9

  static func all<T: Scalar>(_ type: T.Type) -> [Subject<T>] {
    let three = Groups(sizes: [3, 1, 5])
    let scattered = Groups([[8, 0, 4], [2], [1, 3, 5, 7], [6]], weights: [1, 2, 0.5, 1])
    let shared = SharedStrengths([0, 1, 0, 1], count: 2)
    let halves = SharedStrengths([0, 0, 0, 0, 1, 1, 1, 1, 1], count: 2)
    let lower = Vector<T>((0..<9).map { $0 % 3 == 0 ? -T.infinity : -T($0) / 8 })
    return [
      Subject(name: "l1", penalty: L1Norm<T>(), parameters: [1]),
      Subject(name: "l1 shared", penalty: L1Norm<T>(halves), parameters: [1, 0.5]),
      Subject(name: "group", penalty: GroupLasso<T>(three), parameters: [0.75]),
      Subject(name: "group scattered", penalty: GroupLasso<T>(scattered, strengths: shared), parameters: [0.5, 1.25]),
      Subject(
        name: "groups of 1", penalty: GroupLasso<T>(Groups(sizes: Array(repeating: 1, count: 9))), parameters: [1]),
      Subject(name: "sparse group", penalty: SparseGroupLasso<T>(three), parameters: [0.5, 0.5]),
      Subject(
        name: "sparse group shared",
        penalty: SparseGroupLasso<T>(scattered, coordinateStrengths: halves, groupStrengths: shared),
        parameters: [0.5, 0.25, 0.5, 0.25]),
      Subject(name: "box above", penalty: Box<T>(lower: .fixed(0), upper: .parameters()), parameters: [0.5]),
      Subject(
        name: "box parameters", penalty: Box<T>(lower: .parameters(), upper: .parameters(halves)),
        parameters: [-0.5, 0.25, 1]),
      Subject(name: "nonnegative", penalty: Box<T>.nonNegative, parameters: []),
      Subject(name: "simplex", penalty: Simplex<T>(), parameters: [1]),
      Subject(name: "l1 ball", penalty: L1Ball<T>(), parameters: [2]),
      Subject(name: "fixed group", penalty: FixedParameters(GroupLasso<T>(three), [0]), parameters: []),
      Subject(name: "fixed simplex", penalty: FixedParameters(Simplex<T>(), [1]), parameters: []),
      Subject(name: "box lower each", penalty: Box<T>(lower: .fixedEach(lower), upper: .parameters()), parameters: [1]),
    ]
  }

  /// Whether it is homogeneous: prox(c u; c λ) = c prox(u; λ), as all are without constants of their own.
  static func scales(_ name: String) -> Bool { !name.hasPrefix("fixed") && name != "box lower each" }
}

/// A small deterministic source of numbers (splitmix64).
struct Numbers {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// In (−1, 1).
  mutating func unit<T: Scalar>() -> T { T(Int(next() >> 44) - (1 << 19)) / T(1 << 19) }
  mutating func vector<T: Scalar>(_ n: Int, scale: T = 1) -> Vector<T> { Vector((0..<n).map { _ in scale * unit() }) }

  /// Entries from −1, −½, −0, 0, ¼, ½, 1: ties, zeros and kinks.
  mutating func ties<T: Scalar>(_ n: Int, scale: T) -> Vector<T> {
    let values: [T] = [-1, -0.5, -0.0, 0, 0.25, 0.5, 1]
    return Vector((0..<n).map { _ in scale * values[Int(next() % 7)] })
  }
}
