import LinAlg

/// Projected Newton steps by the second derivatives of the criterion, in the logarithms of the hyperparameters, with a weak Wolfe line search.
///
/// The Hessian is that of the piece that the solution is on; across a kink the gradient jumps, and the line search ends there. Directions of
/// negative curvature are followed by their curvature's absolute value. For up to a hundred hyperparameters: the whole Hessian is made at every
/// evaluation, by three linear systems on the support per hyperparameter.
///
/// Source: D. Bertsekas, *Projected Newton methods*, SIAM J. Control Optim. 20 (1982).
public struct Newton: OuterOptimizer {
  public init() {}

  public var name: String { "newton" }

  /// The most hyperparameters.
  public static var largestCount: Int { 100 }
  /// No step moves a hyperparameter by more than this factor's logarithm.
  private static var longestStep: Double { 2 }

  public func run(_ search: Search) throws(TuningStop) {
    guard search.space.count <= Self.largestCount else {
      throw .failed("Newton's method is for at most \(Self.largestCount) hyperparameters, here \(search.space.count)")
    }
    search.wantsHessian = true
    defer { search.wantsHessian = false }
    var point = try search.begin(bounding: false)
    guard point.record.logHessian != nil else {
      throw .failed("second derivatives of this criterion, model or penalty are not known")
    }
    var firstNorm: Double?
    var settled = 0
    while true {
      let g = Vector(point.record.logGradient!)
      let free = search.free(point.θ, g)
      let indices = g.indices.filter { free[$0] }
      let projected = Vector(count: g.count) { free[$0] ? g[$0] : 0 }
      let norm = projected.norm
      let reference = firstNorm ?? norm
      firstNorm = reference
      if norm <= search.limits.gradientReduction * reference { throw .gradient }
      var d = point.record.logHessian.flatMap { Self.direction($0, projected, indices) } ?? -projected
      let isLong = d.maxNorm > Self.longestStep
      // Where there is no Hessian half a unit: strengths are known to a factor at best.
      if point.record.logHessian == nil {
        d.scale(by: 0.5 / d.maxNorm)
      } else if isLong {
        d.scale(by: Self.longestStep / d.maxNorm)
      }
      var line = LineSearch(search, from: point, along: d, bounding: norm <= reference / 10)
      guard let found = try line.run() else { throw line.stop }
      search.steps += 1
      let change = point.record.value! - found.record.value!
      let scale = search.limits.valueChange * found.record.value!.magnitude
      settled = change <= scale / 1000 ? settled + 1 : 0
      point = found
      if settled == 2 { throw .value }
    }
  }

  /// −|H|⁻¹ g on the free entries; nil where that points nowhere.
  private static func direction(_ rows: [[Double]], _ g: Vector<Double>, _ free: [Int]) -> Vector<Double>? {
    let H = Matrix<Double>(rows: free.count, columns: free.count) { rows[free[$0]][free[$1]] }
    guard let eigen = try? SymmetricEigen(H) else { return nil }
    let largest = eigen.values.maxNorm
    guard largest > 0 else { return nil }
    var d = Vector<Double>.zeros(g.count)
    for k in 0..<free.count {
      let q = eigen.vectors.column(k)
      // A curvature that is rounding beside the others would make any step.
      let curvature = max(eigen.values[k].magnitude, 1e-8 * largest)
      let c = free.indices.reduce(0) { $0 + q[$1] * g[free[$1]] } / curvature
      for (i, j) in free.enumerated() { d[j] -= c * q[i] }
    }
    return d.firstNonFinite == nil && d.dot(g) < 0 ? d : nil
  }
}
