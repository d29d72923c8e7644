import LinAlg
import NonsmoothMaps

/// The optimality conditions of f + g on the piece of a solution, linearized: [Q + G, A; Aᵀ, 0] [w'; ν'] = [−∂_λ∇(f + g); a'], with A the gradients of the
/// active constraints and a their values. Coordinates that are zero are constraints too.
struct OptimalityConditions {
  /// The Hessian of g and ∂_λ∇g there, p × p and p × m.
  var hessian: Matrix<Double>
  var mixed: Matrix<Double>
  /// A constraint's gradient and the derivative of its value by λ.
  var constraints: [(gradient: Vector<Double>, value: Vector<Double>)] = []

  init(_ p: Int, _ m: Int) {
    hessian = .zeros(p, p)
    mixed = .zeros(p, m)
  }

  /// w_j stays what it is, or moves with parameter i.
  mutating func fix(_ j: Int, to i: Int? = nil) {
    let m = mixed.columns
    constraints.append((unit(j, mixed.rows), i.map { unit($0, m) } ?? .zeros(m)))
  }

  /// w'(λ, θ), θ the parameter of f = ½ wᵀQw − θ cᵀw.
  func solve(_ Q: Matrix<Double>, _ c: Vector<Double>) throws -> Matrix<Double> {
    let (p, m, k) = (Q.rows, mixed.columns, constraints.count)
    let K = Matrix<Double>(rows: p + k, columns: p + k) { i, j in
      if i < p && j < p { return Q[i, j] + hessian[i, j] }
      if i >= p && j >= p { return 0 }
      return i < p ? constraints[j - p].gradient[i] : constraints[i - p].gradient[j]
    }
    var X = Matrix<Double>(rows: p + k, columns: m + 1) { i, j in
      if i < p { return j < m ? -mixed[i, j] : c[i] }
      return j < m ? constraints[i - p].value[j] : 0
    }
    try LU(K).solve(block: &X)
    return X[0..<p, 0..<m + 1]
  }
}

extension OptimalityConditions {
  static func of(_ g: any ProximalMap<Double>, at w: Vector<Double>, _ λ: Vector<Double>) -> OptimalityConditions {
    let p = w.count
    var K = OptimalityConditions(p, g.parameterCount)
    func place(_ shared: SharedStrengths, _ j: Int, _ n: Int) -> Int {
      var t = Vector<Double>.zeros(n)
      shared.fill(&t, from: Vector((0..<shared.count).map { Double($0) }), scale: 1)
      return Int(t[j])
    }
    func addGroups(_ groups: [[Int]], _ weights: [Double], _ shared: SharedStrengths, from offset: Int) {
      for (k, group) in groups.enumerated() {
        let n = Vector(group.map { w[$0] }).norm
        let i = offset + place(shared, k, groups.count)
        for a in group where n > 0 && w[a] != 0 {
          K.mixed[a, i] += weights[k] * w[a] / n
          for b in group where w[b] != 0 {
            K.hessian[a, b] += λ[i] * weights[k] * ((a == b ? 1 : 0) / n - w[a] * w[b] / (n * n * n))
          }
        }
      }
    }
    let sum = Vector(w.map { $0 == 0 ? 0.0 : ($0 < 0 ? -1 : 1) })
    switch g {
    case let g as L1Norm<Double>:
      for j in 0..<p {
        if w[j] == 0 { K.fix(j) } else { K.mixed[j, place(g.strengths, j, p)] = sum[j] }
      }
    case let g as GroupLasso<Double>:
      addGroups(EndToEndTests.groups, g.groups.weights, g.strengths, from: 0)
      for j in 0..<p where w[j] == 0 { K.fix(j) }
    case let g as SparseGroupLasso<Double>:
      addGroups(EndToEndTests.groups, g.groups.weights, g.groupStrengths, from: g.coordinateStrengths.count)
      for j in 0..<p {
        if w[j] == 0 { K.fix(j) } else { K.mixed[j, place(g.coordinateStrengths, j, p)] = sum[j] }
      }
    case let g as Box<Double>:
      for j in 0..<p {
        if case .parameters(let shared) = g.upper, w[j] == λ[K.mixed.columns - shared.count] {
          K.fix(j, to: K.mixed.columns - shared.count)
        } else if case .parameters = g.lower, w[j] == λ[0] {
          K.fix(j, to: 0)
        } else if case .fixed(let bound) = g.lower, w[j] == bound {
          K.fix(j)
        }
      }
    case is Simplex<Double>, is L1Ball<Double>:
      if g is L1Ball<Double>, w.oneNorm < λ[0] * (1 - 1e-12) { break }
      for j in 0..<p where w[j] == 0 { K.fix(j) }
      K.constraints.append((sum, [1]))
    default: preconditionFailure("OptimalityConditions: none for \(type(of: g))")
    }
    return K
  }
}
