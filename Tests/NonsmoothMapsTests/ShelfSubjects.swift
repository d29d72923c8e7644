import LinAlg
import NonsmoothMaps

extension Subjects {
  /// Penalties of ``all`` with constants of their own are named `fixed`: nothing is promised of them at other scales.
  /// An orthogonal matrix of order `count`, times √2: the reflection at a vector.
  static func rotation<T: Scalar>(_ type: T.Type) -> Matrix<T> {
    let v = Vector<T>(count: count) { T($0 % 4) - 1 }
    let size = v.dot(v)
    return Matrix(rows: count, columns: count) { T(2).squareRoot() * (($0 == $1 ? 1 : 0) - 2 * v[$0] * v[$1] / size) }
  }

  private static func addWrappers<T: Scalar>(_ all: inout [Subject<T>]) {
    func add(_ name: String, _ penalty: any ProximalMap<T>, _ parameters: [Double]) {
      all.append(Subject(name: name, penalty: penalty, parameters: Vector<T>(converting: Vector<Double>(parameters))))
    }
    let slack = 1 + 64 * T(count) * .ulpOfOne
    add("conjugate of l1", Conjugate(L1Norm<T>()) { w, λ in w.maxNorm <= λ[0] * slack ? 0 : .infinity }, [0.5])
    add("conjugate of l2 ball", Conjugate(L2Ball<T>()) { w, λ in λ[0] * w.norm }, [1])
    add(
      "conjugate of sorted sum",
      Conjugate(OrderedSum<T>.largest(1, of: count)) { w, λ in
        let sum = w.reduce(0, +)
        let least = w.min() ?? 0
        return least >= -λ[0] * (slack - 1) && (sum - λ[0]).magnitude <= λ[0] * (slack - 1) ? 0 : .infinity
      }, [1])
    let W = rotation(T.self)
    add("rotated l1", TightFrame(L1Norm<T>(), W), [0.5])
    add("rotated group", TightFrame(GroupLasso<T>(Groups(sizes: [3, 1, 5])), W), [0.5])
    add("rotated box", TightFrame(LInfinityBall<T>(), W), [0.5])
    let rows = W[rows: 0..<4].packed(as: .columnMajor)
    add("frame l1", TightFrame(L1Norm<T>(), rows), [0.5])
    add("frame l2 ball", TightFrame(L2Ball<T>(), rows), [0.75])
    add(
      "separable", SeparableSum<T>([(L1Norm<T>(), 2), (Simplex<T>(), 3), (GroupLasso<T>(Groups(sizes: [4])), 4)]),
      [0.5, 1, 0.25])
    add(
      "group infinity", SeparableSum<T>(each: LInfinityNorm<T>(), of: Groups([[8, 0, 4], [2], [1, 3, 5, 7, 6]])), [0.5])
    let pieces: [SeparableSum<T>.Part] = [
      .init(L1Norm<T>(), on: [7, 1], parameters: [0]), .init(L2Norm<T>(), on: [0, 4, 2], parameters: [1]),
      .init(L1Norm<T>(), on: [3], parameters: [1]),
    ]
    add("separable, shared", SeparableSum<T>(pieces, count: count, parameterCount: 2), [0.5, 0.25])
    let masks: [SeparableSum<T>.Part] = [
      .init(L1Norm<T>(), on: [7, 1, 4], parameters: [0]), .init(ElasticNet<T>(), on: [0, 2], parameters: [0, 1]),
    ]
    add("fixed: separable, diagonal", SeparableSum<T>(masks, count: count, parameterCount: 2), [0.5, 0.25])
  }

  private static func addGraphsAndCones<T: Scalar>(_ all: inout [Subject<T>]) {
    func add(_ name: String, _ penalty: any ProximalMap<T>, _ parameters: [Double], count: Int = 9) {
      all.append(
        Subject(
          name: name, penalty: penalty, parameters: Vector<T>(converting: Vector<Double>(parameters)), count: count))
    }
    // A picture of 3 × 3, and a graph with a cycle, a bridge, a double edge and a vertex by itself.
    add("variation of a picture", GraphTotalVariation<T>(rows: 3, columns: 3), [0.25])
    let edges = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 3), (5, 6), (6, 7)]
    add(
      "variation of a graph",
      GraphTotalVariation<T>(edges: edges, count: 9, weights: [1, 0.5, 2, 1, 0.25, 0.5, 1, 0.75]), [0.5])
    add("trend filter", TrendFilter<T>(), [0.25])
    add("trend filter, order 1", TrendFilter<T>(order: 1), [0.5])
    add("trend filter, order 3", TrendFilter<T>(order: 3), [0.125])
    add("fixed: exponential cone", ExponentialCone<T>(), [], count: 3)
    add(
      "fixed: exponential cones",
      SeparableSum<T>(each: ExponentialCone<T>(), of: Groups([[4, 0, 7], [1, 2, 3], [8, 5, 6]])), [])
    add("relative entropy", RelativeEntropy<T>(), [0.5], count: 2)
    add("fixed: power cone", PowerCone<T>(), [0.5], count: 3)
    add("fixed: power cone, flat", PowerCone<T>(), [0.375], count: 3)
    add("fixed: power cone, steep", PowerCone<T>(), [0.625], count: 3)
  }

  static func shelf<T: Scalar>(_ type: T.Type) -> [Subject<T>] {
    var all: [Subject<T>] = []
    func add(_ name: String, _ penalty: any ProximalMap<T>, _ parameters: [Double]) {
      all.append(Subject(name: name, penalty: penalty, parameters: Vector<T>(converting: Vector<Double>(parameters))))
    }
    add("fixed: elastic net", ElasticNet<T>(), [1, 0.5])
    add("asymmetric l1", AsymmetricL1<T>(), [0.5, 1])
    add("nonnegative l1", NonnegativeL1<T>(), [0.5])
    let (floor, ceiling) = (
      Vector<T>(count: count) { $0 % 3 == 0 ? 0 : -0.75 }, Vector<T>(count: count) { $0 % 2 == 0 ? 0.5 : .infinity }
    )
    add(
      "bounded l1", BoundedL1<T>(.perCoordinate(count), lower: floor, upper: ceiling),
      (0..<count).map { 0.25 + Double($0 % 2) / 4 })
    add("fixed: leaky rectifier", LeakyRectifier<T>(), [2])
    add("fixed: huber", HuberPenalty<T>(), [1, 0.25])
    add("fixed: hinge", HingePenalty<T>(), [1])
    add("insensitive", InsensitivePenalty<T>(), [0.5, 0.25])
    add("conjugate of insensitive", InsensitiveConjugate<T>(), [0.5, 0.25])
    add("total variation", TotalVariation<T>(), [0.5])
    add("fused lasso", FusedLasso<T>(), [0.25, 0.5])
    add("isotonic", Isotonic<T>(), [])
    add("sorted l1", SortedL1<T>(weights: Vector(count: count) { T(count - $0) / T(count) }), [0.5])
    add("sorted l1, equal weights", SortedL1<T>(weights: Vector(repeating: 1, count: count)), [0.5])
    let normal = Vector<T>(count: count) { T($0 % 3 - 1) + 0.5 }
    add("l2 ball", L2Ball<T>(), [1])
    add("hyperplane", Hyperplane<T>(normal: normal), [0.5])
    add("halfspace", Hyperplane<T>(normal: normal, isHalfspace: true), [0.5])
    add("second-order cone", SecondOrderCone<T>(), [])
    add("l-infinity norm", LInfinityNorm<T>(), [1])
    let (zeros, ones) = (Vector<T>.zeros(count), Vector<T>(repeating: 1, count: count))
    add("fixed: capped simplex", BoxHyperplane<T>(normal: ones, lower: zeros, upper: 0.5 * ones), [1])
    let high = Vector<T>(count: count) { $0 % 4 == 0 ? .infinity : 0.75 }
    add("fixed: box and hyperplane", BoxHyperplane<T>(normal: normal, lower: -0.5 * ones, upper: high), [0.25])
    add("fixed: translated l1", Translated(L1Norm<T>(), by: normal), [0.5])
    add("fixed: group with quadratic", WithQuadratic(GroupLasso<T>(Groups(sizes: [3, 1, 5])), curvature: 1), [0.5])
    add("fixed: l1 with quadratic", WithQuadratic(L1Norm<T>(), curvature: 0.5, linear: normal), [0.5])
    add("fixed: simplex with quadratic", WithQuadratic(Simplex<T>(), curvature: 1), [1])
    add("l2 norm", L2Norm<T>(), [1])
    add("l-infinity ball", LInfinityBall<T>(), [0.5])
    add("slab", Slab<T>(normal: normal), [-0.25, 0.5])
    add("nearly isotonic", NearlyIsotonic<T>(), [0.5])
    let slope = Vector<T>(count: count) { T(count - 2 * $0) / T(count) }
    add("ordered sum", OrderedSum<T>(weights: slope), [0.5])
    add("sum of the 3 largest", OrderedSum<T>.largest(3, of: count), [0.5])
    add("maximum", OrderedSum<T>.largest(1, of: count), [1])
    add("scaled l1", Scaled(L1Norm<T>(), by: 2, argument: -0.5), [1])
    add("fixed: scaled simplex", Scaled(Simplex<T>(), by: 1, argument: 2), [1])
    add("scaled group", Scaled(GroupLasso<T>(Groups(sizes: [3, 1, 5])), by: 0.5, argument: 2), [0.5])
    add("fixed: log barrier", LogBarrier<T>(), [0.5])
    add("fixed: entropy", NegativeEntropy<T>(), [0.5])
    let tree = [[0, 1, 2], [1], [0, 1, 2, 3, 4], [7, 8], [5, 6, 7, 8]]
    add("tree of groups", TreeGroups<T>(tree, count: count), [0.25])
    add("tree of groups, weighted", TreeGroups<T>(tree, count: count, weights: [1, 0, 0.5, 2, 0.25]), [0.5])
    let A = Matrix<T>(rows: 5, columns: count) { T(($0 * 7 + $1 * ($1 + $0)) % 5) - 1.5 }
    add("affine set", Polyhedron<T>(A[rows: 0..<2].packed(as: .columnMajor), equations: 2), [0.5, -0.25])
    add("polyhedron", Polyhedron<T>(A), [0.5, 0.25, 1, 0.5, 0.75])
    add("polyhedron with an equation", Polyhedron<T>(A, equations: 1), [0.5, 0.25, 1, 0.5, 0.75])
    addGraphsAndCones(&all)
    addWrappers(&all)
    return all
  }
}
