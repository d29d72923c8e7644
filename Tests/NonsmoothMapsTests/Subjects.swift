import LinAlg
import NonsmoothMaps

/// A penalty of `count` coordinates with parameters of the size of its arguments.
struct Subject<Element: Scalar> {
  var name: String
  var penalty: any ProximalMap<Element>
  var parameters: Vector<Element>
  var count = Subjects.count
}

enum Subjects {
  static let count = 9

  static func all<T: Scalar>(_ type: T.Type) -> [Subject<T>] {
    let three = Groups(sizes: [3, 1, 5])
    let scattered = Groups([[8, 0, 4], [2], [1, 3, 5, 7], [6]], weights: [1, 2, 0.5, 1])
    let shared = SharedStrengths([0, 1, 0, 1], count: 2)
    let halves = SharedStrengths([0, 0, 0, 0, 1, 1, 1, 1, 1], count: 2)
    let lower = Vector<T>(count: count) { j in j % 3 == 0 ? -T.infinity : T(-j) / 8 }
    var all: [Subject<T>] = []
    func add(_ name: String, _ penalty: any ProximalMap<T>, _ parameters: [Double]) {
      all.append(Subject(name: name, penalty: penalty, parameters: Vector<T>(converting: Vector<Double>(parameters))))
    }
    add("l1", L1Norm<T>(), [1])
    add("l1 shared", L1Norm<T>(halves), [1, 0.5])
    let factors: [Double] = [1, 0, 0.5, 2, 1, 0, 1, 1, 0.25]
    add("l1 factors", L1Norm<T>(.single(factors: factors)), [1])
    add(
      "l1 shared factors", L1Norm<T>(SharedStrengths([0, 0, 0, 0, 1, 1, 1, 1, 1], count: 2, factors: factors)),
      [1, 0.5])
    add("group", GroupLasso<T>(three), [0.75])
    add("group scattered", GroupLasso<T>(scattered, strengths: shared), [0.5, 1.25])
    add("groups of 1", GroupLasso<T>(Groups(sizes: Array(repeating: 1, count: 9))), [1])
    add("sparse group", SparseGroupLasso<T>(three), [0.5, 0.5])
    let both = SparseGroupLasso<T>(scattered, coordinateStrengths: halves, groupStrengths: shared)
    add("sparse group shared", both, [0.5, 0.25, 0.5, 0.25])
    let free = SparseGroupLasso<T>(
      Groups(sizes: [3, 1, 5], weights: [1, 0, 0.5]),
      coordinateStrengths: .single(factors: [1, 0, 0.5, 0, 1, 0, 1, 1, 0.25]))
    add("sparse group factors", free, [0.5, 0.5])
    add("sparse group, coordinates alone", SparseGroupLasso<T>(three), [0.5, 0])
    add("box above", Box<T>(lower: .fixed(0), upper: .parameters()), [0.5])
    add("box parameters", Box<T>(lower: .parameters(), upper: .parameters(halves)), [-0.5, 0.25, 1])
    add("box lower each", Box<T>(lower: .fixedEach(lower), upper: .parameters()), [1])
    add("nonnegative", Box<T>.nonNegative, [])
    add("simplex", Simplex<T>(), [1])
    add("l1 ball", L1Ball<T>(), [2])
    add("fixed group", FixedParameters(GroupLasso<T>(three), [0]), [])
    add("fixed simplex", FixedParameters(Simplex<T>(), [1]), [])
    return all + shelf(T.self) + matrices(T.self) + nonconvex(T.self)
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
