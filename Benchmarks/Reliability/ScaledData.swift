import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps

/// The data of a problem in the type of the run, scaled, with its NaN or infinity put in.
struct ScaledData<Element: Scalar> {
  let problem: Problem

  static func number(_ x: Double, _ exponent: Int) -> Element { Element(DoubleDouble.scale(x, by: exponent)) }

  func vector(_ x: [Double], exponent: Int, _ place: Problem.Poison.Place) -> Vector<Element> {
    var v = Vector<Element>(count: x.count) { Self.number(x[$0], exponent) }
    if let poison = problem.poison, poison.place == place, !x.isEmpty {
      v[poison.row % x.count] = Element(poison.value)
    }
    return v
  }

  func matrix(_ rows: [[Double]], exponent: Int, poisoned: Bool) -> Matrix<Element> {
    var A = Matrix<Element>(rows: rows.count, columns: rows[0].count) { Self.number(rows[$0][$1], exponent) }
    if poisoned, let poison = problem.poison, poison.place == .features {
      A[poison.row % A.rows, poison.column % A.columns] = Element(poison.value)
    }
    return A
  }

  var state: Vector<Element> { vector(problem.state, exponent: problem.stateExponent, .state) }
  var cotangent: Vector<Element> { vector(problem.cotangent, exponent: problem.scales.cotangent, .cotangent) }

  var parameters: Vector<Element> {
    let values: [Double] =
      switch problem.family {
      case .penalized(let data): data.strengths + [data.ridge]
      case .general(let data): data.parameters
      }
    var λ = Vector<Element>(count: values.count) { Self.number(values[$0], problem.parameterExponent($0)) }
    if let poison = problem.poison, poison.place == .strengths {
      λ[poison.row % λ.count] = Element(poison.value)
    }
    return λ
  }

  /// m × k; a direction's entries scale as the parameters do.
  var directions: Matrix<Element> {
    var M = Matrix<Element>(rows: problem.parameterCount, columns: problem.directions.count) {
      Self.number(problem.directions[$1][$0], problem.parameterExponent($0))
    }
    if let poison = problem.poison, poison.place == .directions {
      M[poison.row % M.rows, poison.column % M.columns] = Element(poison.value)
    }
    return M
  }

  func design(_ data: PenalizedData) -> any DesignMatrix<Element> {
    let X = matrix(data.X, exponent: problem.scales.features, poisoned: true)
    return problem.isSparse ? SparseMatrix(X) : DenseDesign(X)
  }

  func targets(_ data: PenalizedData) -> Vector<Element> {
    // Labels are ±1 by the precondition of the loss.
    guard !data.isLogistic else { return Vector(count: data.n) { Element(data.y[$0]) } }
    return vector(data.y, exponent: problem.scales.targets, .targets)
  }

  var groups: SharedStrengths {
    guard case .penalized(let data) = problem.family, let groups = data.groups else { return .single }
    return SharedStrengths(groups, count: data.groupCount)
  }

  func penalizedMap<Loss: SmoothLoss<Element>>(_ data: PenalizedData, _: Loss.Type) -> PenalizedMap<Loss> {
    let loss = Loss(features: design(data), targets: targets(data))
    guard let factor = data.stepFactor else { return PenalizedMap(loss: loss, strengths: groups) }
    // The bound on L from the clean data: a step that the caller chose.
    let largest =
      data.X.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } } / Double(data.n) * (data.isLogistic ? 0.25 : 1)
    let step = factor / max(largest + data.ridge.magnitude, Double.leastNormalMagnitude)
    return PenalizedMap(
      loss: loss, strengths: groups, step: .fixed(Self.number(step, -2 * problem.scales.features)))
  }

  func generalMap(_ data: GeneralData) -> GeneralMap<Element> {
    let e = problem.stateExponent
    return GeneralMap(
      M: matrix(data.M, exponent: 0, poisoned: true),
      N: matrix(data.N, exponent: e - problem.scales.parameters, poisoned: false),
      b: vector(data.b, exponent: e, .targets), bend: data.bend, level: Self.number(data.level, e))
  }
}

extension ScaledData where Element == Double {
  /// Whether scaling rounds nothing: every number is zero or comes back when scaled back, in the type of the run.
  static func isExact(_ problem: Problem) -> Bool {
    problem.isSinglePrecision
      ? ScaledData<Float>(problem: problem).isExact() : ScaledData<Double>(problem: problem).isExact()
  }
}

extension ScaledData {
  fileprivate func isExact() -> Bool {
    func holds(_ x: Double, _ e: Int) -> Bool {
      let scaled = Self.number(x, e)
      return x == 0 || (scaled.isNormal && DoubleDouble.scale(Double(scaled), by: -e) == x)
    }
    let e = problem.stateExponent
    let common =
      problem.state.allSatisfy { holds($0, e) } && problem.cotangent.allSatisfy { holds($0, problem.scales.cotangent) }
      && problem.directions.allSatisfy { d in d.indices.allSatisfy { holds(d[$0], problem.parameterExponent($0)) } }
    guard common else { return false }
    switch problem.family {
    case .penalized(let data):
      return data.X.allSatisfy { $0.allSatisfy { holds($0, problem.scales.features) } }
        && data.heldOutX.allSatisfy { $0.allSatisfy { holds($0, problem.scales.features) } }
        && (data.isLogistic
          || (data.y.allSatisfy { holds($0, problem.scales.targets) }
            && data.heldOutY.allSatisfy { holds($0, problem.scales.targets) }))
        && data.strengths.indices.allSatisfy { holds(data.strengths[$0], problem.parameterExponent($0)) }
        && holds(data.ridge, 2 * problem.scales.features)
    case .general(let data):
      return data.N.allSatisfy { $0.allSatisfy { holds($0, e - problem.scales.parameters) } }
        && data.b.allSatisfy { holds($0, e) } && data.parameters.allSatisfy { holds($0, problem.scales.parameters) }
        && holds(data.level, e)
    }
  }
}
