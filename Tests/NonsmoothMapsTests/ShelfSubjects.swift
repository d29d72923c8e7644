import LinAlg
import NonsmoothMaps

extension Subjects {
  /// Penalties of ``all`` with constants of their own are named `fixed`: nothing is promised of them at other scales.
  static func shelf<T: Scalar>(_ type: T.Type) -> [Subject<T>] {
    var all: [Subject<T>] = []
    func add(_ name: String, _ penalty: any ProximalMap<T>, _ parameters: [Double]) {
      all.append(Subject(name: name, penalty: penalty, parameters: Vector<T>(converting: Vector<Double>(parameters))))
    }
    add("fixed: elastic net", ElasticNet<T>(), [1, 0.5])
    add("asymmetric l1", AsymmetricL1<T>(), [0.5, 1])
    add("nonnegative l1", NonnegativeL1<T>(), [0.5])
    add("fixed: leaky rectifier", LeakyRectifier<T>(), [2])
    add("fixed: huber", HuberPenalty<T>(), [1, 0.25])
    add("fixed: hinge", HingePenalty<T>(), [1])
    add("insensitive", InsensitivePenalty<T>(), [0.5, 0.25])
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
    return all
  }
}
