/// The gradient, Hessian and minimizer of a penalized linear model in extended precision.
struct PenalizedTruth {
  typealias Number = DoubleDouble
  let data: PenalizedData
  private let X: [[Number]]
  private let y: [Number]
  private let inverseCount: Number

  init(_ data: PenalizedData) {
    self.data = data
    X = data.X.map { $0.map(Number.init) }
    y = data.y.map(Number.init)
    inverseCount = Number.one / Number(Double(data.n))
  }

  private var ridge: Number { Number(data.ridge) }

  /// −ℓ′ at each score, times the target's sign convention: y − z, or y σ(−y z).
  private func residuals(_ w: [Number]) -> [Number] { Self.residuals(X, y, w, isLogistic: data.isLogistic) }

  static func residuals(_ X: [[Number]], _ y: [Number], _ w: [Number], isLogistic: Bool) -> [Number] {
    X.indices.map { i in
      let z = X[i].dot(w)
      return isLogistic ? y[i] * sigmoid(-(y[i] * z)) : y[i] - z
    }
  }

  static func sigmoid(_ t: Number) -> Number {
    let e = (-t.magnitude).exponential()
    return t > .zero ? Number.one / (Number.one + e) : e / (Number.one + e)
  }

  /// ∇f(w) without the ridge.
  func lossGradient(_ w: [Number]) -> [Number] { Self.gradient(X, residuals(w)) }

  /// −Xᵀr/n.
  static func gradient(_ X: [[Number]], _ r: [Number]) -> [Number] {
    let scale = Number.one / Number(Double(r.count))
    return X[0].indices.map { j in
      var sum = Number.zero
      for i in X.indices { sum += X[i][j] * r[i] }
      return -(sum * scale)
    }
  }

  /// ∇²f(w) + λ_G I.
  func hessian(_ w: [Number]) -> [[Number]] {
    let p = data.p
    let weights = X.map { row -> Number in
      guard data.isLogistic else { return .one }
      let z = row.dot(w)
      return Self.sigmoid(z) * Self.sigmoid(-z)
    }
    var H = [[Number]](repeating: [Number](repeating: .zero, count: p), count: p)
    for i in X.indices {
      for j in 0..<p where X[i][j] != .zero {
        let left = weights[i] * X[i][j] * inverseCount
        for k in 0...j { H[j][k] += left * X[i][k] }
      }
    }
    for j in 0..<p {
      H[j][j] += ridge
      for k in 0..<j { H[k][j] = H[j][k] }
    }
    return H
  }

  /// w*; nil where it is not unique or was not found.
  func solve() -> [Number]? {
    guard data.strengths.allSatisfy({ $0 >= 0 }), data.ridge >= 0 else { return nil }
    let t = (0..<data.p).map { Number(data.strength($0)) }
    var w = [Number](repeating: .zero, count: data.p)
    if !data.isLogistic {
      let b = lossGradient(w).map { -$0 }
      return FeatureSignSearch(H: hessian(w), b: b, t: t).solve()
    }
    // Proximal Newton: the quadratic model of the loss at w, with the penalty itself.
    var value = objective(w)
    for _ in 0..<60 {
      let H = hessian(w)
      let g = lossGradient(w)
      let b = (0..<data.p).map { H[$0].dot(w) - g[$0] - ridge * w[$0] }
      guard let target = FeatureSignSearch(H: H, b: b, t: t).solve() else { return nil }
      let step = w.indices.map { target[$0] - w[$0] }
      let size = step.norm
      if size <= 1e-28 * target.norm { return target }
      var share = Number.one
      var next = target
      var nextValue = objective(next)
      var halvings = 0
      // Double precision tells descent as long as the step is not small; from there Newton's full step is the one to take.
      while nextValue > value && size > 1e-6 * target.norm && halvings < 30 {
        share = share.scaled(by: -1)
        next = w.indices.map { w[$0] + share * step[$0] }
        nextValue = objective(next)
        halvings += 1
      }
      w = next
      value = nextValue
    }
    return nil
  }

  /// The objective, to double precision (to extended precision for the squared error).
  func exactObjective(_ w: [Number]) -> Number {
    var sum = Number.zero
    if data.isLogistic {
      sum = Number(logisticSum(w))
    } else {
      let r = residuals(w)
      sum = r.dot(r).scaled(by: -1)
    }
    sum = sum * inverseCount + (ridge * w.dot(w)).scaled(by: -1)
    for j in w.indices { sum += Number(data.strength(j)) * w[j].magnitude }
    return sum
  }

  private func objective(_ w: [Number]) -> Double { exactObjective(w).value }

  private func logisticSum(_ w: [Number]) -> Double {
    var sum = 0.0
    for i in X.indices {
      let m = (y[i] * X[i].dot(w)).value
      sum += max(0, -m) + Self.logOnePlusExponential(-m.magnitude)
    }
    return sum
  }

  /// How far the optimality conditions are from holding at w, and the size of the terms they are made of.
  func violation(_ w: [Number]) -> (violation: Double, scale: Double) {
    let g = lossGradient(w)
    var worst = 0.0
    for j in w.indices {
      let t = Number(data.strength(j))
      let here = g[j] + ridge * w[j]
      let distance = w[j] == .zero ? here.magnitude - t : (here + t * w[j].sign).magnitude
      worst = max(worst, distance.value)
    }
    return (worst, gradientTerms(w).max() ?? 0)
  }

  /// Σ of the absolute values of the terms of ∇f(w)ⱼ: its rounding is measured by them.
  func gradientTerms(_ w: [Number]) -> [Double] {
    var terms = [Double](repeating: 0, count: data.p)
    for i in data.X.indices {
      var score = 0.0
      for j in w.indices { score += (data.X[i][j] * w[j].value).magnitude }
      let size = data.isLogistic ? 1 + score / 4 : score + data.y[i].magnitude
      for j in w.indices { terms[j] += data.X[i][j].magnitude * size / Double(data.n) }
    }
    for j in w.indices { terms[j] += (data.ridge * w[j].value).magnitude }
    return terms
  }

  /// max Σⱼ |xᵢⱼ wⱼ|: how large the terms of a score are.
  func largestScore(_ w: [Number]) -> Double {
    data.X.map { row in zip(row, w).map { ($0 * $1.value).magnitude }.reduce(0, +) }.max() ?? 0
  }
}

extension PenalizedTruth {
  /// log(1 + eˣ) for x ≤ 0.
  private static func logOnePlusExponential(_ x: Double) -> Double {
    let e = DoubleDouble(x).exponential().value
    // Newton on exp(v) = 1 + e from v = e/(1 + e/2).
    var v = e / (1 + e / 2)
    for _ in 0..<4 {
      let f = DoubleDouble(v).exponential()
      v += ((DoubleDouble(1) + DoubleDouble(e) - f) / f).value
    }
    return v
  }
}
