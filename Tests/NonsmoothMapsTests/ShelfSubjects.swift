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
    add("fixed: huber", HuberLoss<T>(), [1, 0.25])
    add("fixed: hinge", HingeLoss<T>(), [1])
    add("insensitive", InsensitiveLoss<T>(), [0.5, 0.25])
    add("total variation", TotalVariation<T>(), [0.5])
    add("fused lasso", FusedLasso<T>(), [0.25, 0.5])
    add("isotonic", Isotonic<T>(), [])
    add("sorted l1", SortedL1<T>(weights: Vector(count: count) { T(count - $0) / T(count) }), [0.5])
    add("sorted l1, equal weights", SortedL1<T>(weights: Vector(repeating: 1, count: count)), [0.5])
    return all
  }
}
