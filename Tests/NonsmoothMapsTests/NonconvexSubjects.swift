import LinAlg
import NonsmoothMaps

extension Subjects {
  static func nonconvex<T: Scalar>(_ type: T.Type) -> [Subject<T>] {
    var all: [Subject<T>] = []
    func add(_ name: String, _ penalty: any ProximalMap<T>, _ parameters: [Double]) {
      all.append(Subject(name: name, penalty: penalty, parameters: Vector<T>(converting: Vector<Double>(parameters))))
    }
    add("fixed: mcp", MCP<T>(), [0.5, 2])
    add("fixed: scad", SCAD<T>(), [1, 3])
    add("fixed: l0", HardThreshold<T>(), [0.5])
    add("fixed: log-sum, continuous", LogSum<T>(), [0.5, 1])
    add("fixed: log-sum, with a jump", LogSum<T>(), [1, 0.25])
    add("fixed: l1/2", HalfNorm<T>(), [0.5])
    add("sphere", Sphere<T>(), [0.5])
    add("sparse vectors", SparseVectors<T>(most: 4), [])
    add("sparse simplex", SparseSimplex<T>(most: 4), [1])
    return all
  }
}
