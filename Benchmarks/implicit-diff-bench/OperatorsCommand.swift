import ArgumentParser
import CommandSupport
import LinAlg
import NonsmoothMaps
import RandomStreams
import TextTable

struct OperatorsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operators",
    abstract: "Each proximal map against a copy and a sort of the same numbers.",
    discussion: """
      Times the value, the linearization and a product with D in memory that is used again, on one thread: medians, as multiples of the copy of a vector of \
      as many numbers, and the value as a multiple of its sort too. Functions of eigenvalues and of singular values are set \
      against the decomposition instead.
      """)

  @Option(help: "Entries of a vector.") var count = 1_000_000
  @Option(help: "The order of a matrix.") var order = 200
  @Option(help: "Only operators whose names contain this.") var only: String?
  @Option(help: ArgumentHelp("Write operators.json into this folder.", valueName: "DIR")) var out: String?
  @Flag(help: "Shorter measurements.") var quick = false

  func validate() throws {
    if count < 8 || order < 2 { throw ValidationError("--count must be at least 8 and --order at least 2.") }
  }

  struct Row: Encodable {
    var `operator`: String
    var milliseconds: Double
    /// Multiples of a copy, and of a sort; of the decomposition for matrices.
    var value: Double
    var valueOfSort: Double?
    var linearize: Double
    var product: Double

    /// At most 80 columns wide.
    static func table(_ rows: [Row], unit: String) -> String {
      TextTable<Row> { r in
        [
          Column(title: "operator", value: r.operator),
          Column(title: "ms", value: Format.compact(r.milliseconds), align: .right),
          Column(title: "value/\(unit)", value: Format.compact(r.value), align: .right),
          Column(title: "/sort", value: r.valueOfSort.map { Format.compact($0) } ?? "", align: .right),
          Column(title: "linearize", value: Format.compact(r.linearize), align: .right),
          Column(title: "product", value: Format.compact(r.product), align: .right),
        ]
      }.string(for: rows) ?? ""
    }
  }

  func run() throws {
    if let out { try Console.prepareFolder(out, for: ["operators.json"]) }
    let progress = ProgressLine("timing the operators")
    defer { progress.end() }
    let shelf = OperatorTimings(count: count, order: order, budget: quick ? 0.05 : 0.4, only: only)
    let vectors = shelf.vectors()
    let matrices = shelf.matrices()
    progress.end()
    try Console.print(
      "\(count) numbers: a copy takes \(Format.number(shelf.copy * 1e3)) ms, a sort \(Format.number(shelf.sort * 1e3)) ms"
    )
    if !vectors.isEmpty { try Console.print(Row.table(vectors, unit: "copy")) }
    if !matrices.isEmpty {
      try Console.print(
        "order \(order): eigenvalues and vectors take \(Format.number(shelf.eigen * 1e3)) ms, singular values and vectors \(Format.number(shelf.singular * 1e3)) ms"
      )
      try Console.print(Row.table(matrices, unit: "factors"))
    }
    if let out { try Console.write(json: vectors + matrices, to: out + "/operators.json") }
  }
}

/// The measurements behind ``OperatorsCommand``.
struct OperatorTimings {
  private let numbers: Vector<Double>
  private let order: Int
  private let budget: Double
  private let only: String?
  /// Seconds.
  let copy: Double
  let sort: Double
  let eigen: Double
  let singular: Double

  init(count: Int, order: Int, budget: Double, only: String?) {
    var random = RandomStream(seed: 1)
    numbers = Vector(count: count) { _ in 4 * random.nextUniform() - 2 }
    self.order = order
    self.budget = budget
    self.only = only
    let source = numbers
    var target = Vector<Double>.zeros(count)
    copy = Timing(budget: budget) { target.copy(from: source) }.median
    sort =
      Timing(budget: budget) {
        target.copy(from: source)
        target.sort()
      }.median
    let matrix = Self.matrix(source, order)
    eigen = Timing(budget: budget) { _ = try? SymmetricEigen(matrix) }.median
    singular = Timing(budget: budget) { _ = try? SVD(matrix) }.median
  }

  private static func matrix(_ numbers: Vector<Double>, _ n: Int) -> Matrix<Double> {
    Matrix(rows: n, columns: n) { i, j in
      let (a, b) = (max(i, j), min(i, j))
      return numbers[(a * n + b) % numbers.count]
    }
  }

  private func row<G: ProximalMap<Double>>(
    _ name: String, _ g: G, _ λ: Vector<Double>, at u: Vector<Double>, unit: Double, sort: Double?
  ) -> OperatorsCommand.Row? {
    if let only, !name.contains(only) { return nil }
    let s = 0.5
    var x = Vector(copying: u)
    // The copy that prepares the argument is not the operator's.
    let preparing = Timing(budget: budget) { x.copy(from: u) }.median
    let both = Timing(budget: budget) {
      x.copy(from: u)
      g.apply(step: s, parameters: λ, to: &x)
    }.median
    let value = max(0, both - preparing)
    let L = g.makeLinearization(count: u.count)
    let linearize = Timing(budget: budget) {
      g.linearize(at: u, step: s, parameters: λ, kink: .zero, into: L)
    }.median
    let product = Timing(budget: budget) { L.apply(u, into: &x) }.median
    return OperatorsCommand.Row(
      operator: name, milliseconds: value * 1e3, value: value / unit, valueOfSort: sort.map { value / $0 },
      linearize: linearize / unit, product: product / unit)
  }

  func vectors() -> [OperatorsCommand.Row] {
    let (p, u) = (numbers.count, numbers)
    func time<G: ProximalMap<Double>>(_ name: String, _ g: G, _ λ: Vector<Double> = []) -> OperatorsCommand.Row? {
      row(name, g, λ, at: u, unit: copy, sort: sort)
    }
    let ones = Vector<Double>(repeating: 1, count: p)
    let groups = Groups(count: p, size: 10)
    let falling = Vector<Double>(count: p) { Double(p - $0) / Double(p) }
    let box = BoxHyperplane(normal: ones, lower: .zeros(p), upper: ones)
    return [
      time("L1Norm", L1Norm<Double>(), [1]),
      time("ElasticNet", ElasticNet<Double>(), [1, 0.5]),
      time("AsymmetricL1", AsymmetricL1<Double>(), [1, 0.5]),
      time("NonnegativeL1", NonnegativeL1<Double>(), [1]),
      time("LeakyRectifier", LeakyRectifier<Double>(), [2]),
      time("HuberPenalty", HuberPenalty<Double>(), [1, 0.5]),
      time("HingePenalty", HingePenalty<Double>(), [1]),
      time("InsensitivePenalty", InsensitivePenalty<Double>(), [1, 0.5]),
      time("LInfinityBall", LInfinityBall<Double>(), [1]),
      time("MCP", MCP<Double>(), [1, 2]),
      time("SCAD", SCAD<Double>(), [0.5, 3]),
      time("HardThreshold", HardThreshold<Double>(), [1]),
      time("LogBarrier", LogBarrier<Double>(), [1]),
      time("NegativeEntropy", NegativeEntropy<Double>(), [1]),
      time("LogSum", LogSum<Double>(), [1, 0.5]),
      time("HalfNorm", HalfNorm<Double>(), [1]),
      time("Box", Box<Double>(lower: .fixed(-1), upper: .fixed(1))),
      time("L2Norm", L2Norm<Double>(), [1]),
      time("L2Ball", L2Ball<Double>(), [1]),
      time("Sphere", Sphere<Double>(), [1]),
      time("SecondOrderCone", SecondOrderCone<Double>()),
      time("Hyperplane", Hyperplane<Double>(normal: ones), [1]),
      time("Slab", Slab<Double>(normal: ones), [-1, 1]),
      time("GroupLasso", GroupLasso<Double>(groups), [1]),
      time("SparseGroupLasso", SparseGroupLasso<Double>(groups), [0.5, 1]),
      time("Simplex", Simplex<Double>(), [10]),
      time("L1Ball", L1Ball<Double>(), [Double(p) / 4]),
      time("LInfinityNorm", LInfinityNorm<Double>(), [Double(p) / 4]),
      time("BoxHyperplane", box, [Double(p) / 4]),
      time("SortedL1", SortedL1<Double>(weights: falling), [1]),
      time("OrderedSum", OrderedSum<Double>(weights: falling), [1]),
      time("SparseVectors", SparseVectors<Double>(most: p / 10)),
      time("SparseSimplex", SparseSimplex<Double>(most: p / 10), [10]),
      time("TotalVariation", TotalVariation<Double>(), [1]),
      time("FusedLasso", FusedLasso<Double>(), [0.5, 1]),
      time("Isotonic", Isotonic<Double>()),
      time("NearlyIsotonic", NearlyIsotonic<Double>(), [1]),
      time("Scaled L1Norm", Scaled(L1Norm<Double>(), by: 2, argument: 0.5), [1]),
      time("Translated L1Norm", Translated(L1Norm<Double>(), by: ones), [1]),
      time("L1Norm with quadratic", WithQuadratic(L1Norm<Double>(), curvature: 1), [1]),
      time("Conjugate of L1Norm", Conjugate(L1Norm<Double>()) { _, _ in 0 }, [1]),
      time("Sum of 10 L1Norms", SeparableSum(each: L1Norm<Double>(), of: Groups(count: p, size: (p + 9) / 10)), [1]),
    ].compactMap { $0 }
  }

  func matrices() -> [OperatorsCommand.Row] {
    let A = Self.matrix(numbers, order)
    let symmetric = SymmetricVector.vector(A)
    let rectangular = Vector<Double>(count: order * order) { A[$0 % order, $0 / order] }
    let n = order
    return [
      row(
        "Eigenvalues of Box", Eigenvalues(Box<Double>.nonNegative), [], at: symmetric, unit: eigen, sort: nil),
      row("Eigenvalues of Simplex", Eigenvalues(Simplex<Double>()), [1], at: symmetric, unit: eigen, sort: nil),
      row("Eigenvalues of LogBarrier", Eigenvalues(LogBarrier<Double>()), [1], at: symmetric, unit: eigen, sort: nil),
      row(
        "SingularValues of L1Norm", SingularValues(L1Norm<Double>(), rows: n, columns: n), [10], at: rectangular,
        unit: singular, sort: nil),
      row(
        "SingularValues of LInfinityBall", SingularValues(LInfinityBall<Double>(), rows: n, columns: n), [1],
        at: rectangular, unit: singular, sort: nil),
    ].compactMap { $0 }
  }
}
