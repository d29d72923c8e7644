import LinAlg
import NonsmoothMaps

extension Subjects {
  /// Penalties of eigenvalues, on symmetric matrices of order 3 (6 entries) or 4 (10), and of singular values.
  static func matrices<T: Scalar>(_ type: T.Type) -> [Subject<T>] {
    var all: [Subject<T>] = []
    func add(_ name: String, _ penalty: any ProximalMap<T>, _ parameters: [Double], count: Int) {
      let λ = Vector<T>(converting: Vector<Double>(parameters))
      all.append(Subject(name: name, penalty: penalty, parameters: λ, count: count))
    }
    add("positive semidefinite", Eigenvalues(Box<T>.nonNegative), [], count: 10)
    add("order 1", Eigenvalues(Box<T>.nonNegative), [], count: 1)
    add("spectraplex", Eigenvalues(Simplex<T>()), [1], count: 6)
    add("largest eigenvalue", Eigenvalues(OrderedSum<T>.largest(1, of: 3)), [0.5], count: 6)
    add("2 largest eigenvalues", Eigenvalues(OrderedSum<T>.largest(2, of: 4)), [0.5], count: 10)
    add("fixed: log det", Eigenvalues(LogBarrier<T>()), [0.5], count: 10)
    add("fixed: huber of eigenvalues", Eigenvalues(HuberPenalty<T>()), [1, 0.25], count: 6)
    for (m, n) in [(3, 3), (4, 2), (2, 3), (1, 3)] {
      add("nuclear \(m) × \(n)", SingularValues(L1Norm<T>(), rows: m, columns: n), [0.75], count: m * n)
      add("spectral ball \(m) × \(n)", SingularValues(LInfinityBall<T>(), rows: m, columns: n), [0.5], count: m * n)
    }
    add("spectral norm", SingularValues(LInfinityNorm<T>(), rows: 4, columns: 3), [0.5], count: 12)
    add("nuclear ball", SingularValues(L1Ball<T>(), rows: 3, columns: 4), [1], count: 12)
    add("frobenius", SingularValues(L2Norm<T>(), rows: 3, columns: 2), [0.5], count: 6)
    return all
  }
}
