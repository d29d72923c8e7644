import ImplicitDiff
import LinAlg
import Models
import NonsmoothMaps
import RandomStreams
import RealModule
import TestSupport
import Testing

/// Every smooth function's gradient, Hessian products, mixed derivative and assembled parts, against central differences and against each other.
@Suite struct FunctionsDerivativeTests {
  enum Storage: CaseIterable { case dense, sparse, products }

  static func design<E: Scalar>(_ X: Matrix<E>, _ storage: Storage) -> any DesignMatrix<E> {
    switch storage {
    case .dense: return DenseDesign(X)
    case .sparse: return SparseMatrix(X)
    case .products:
      let columns = X.with(layout: .columnMajor)
      return ProductDesign(
        rows: X.rows, columns: X.columns, multiply: { $1.assignProduct(columns, $0) },
        multiplyTransposed: { $1.assignProduct(columns.transposed, $0) })
    }
  }

  /// 13 × 7, a third of the entries zero.
  static func features<E: Scalar>(rows n: Int = 13, columns p: Int = 7, seed: UInt64 = 3) -> Matrix<E> {
    var random = RandomStream(seed: seed)
    return Matrix(rows: n, columns: p) { _, _ in
      let x = E(2 * random.nextUniform() - 1)
      return random.nextIndex(below: 3) == 0 ? 0 : x
    }
  }

  static func vector<E: Scalar>(_ count: Int, seed: UInt64) -> Vector<E> {
    var random = RandomStream(seed: seed)
    return Vector(count: count) { _ in E(2 * random.nextUniform() - 1) }
  }

  /// Against central differences with steps of the cube root of an ulp: their truncation h² f‴/6 and their rounding ε/h are both of the size
  /// ε^{2/3} of the function's scale, which is that of order 1 data here; the factor counts the dimension and the third derivatives.
  static func check<F: SmoothFunction>(
    _ f: F, _ λ: Vector<F.Element>, _ what: String, _ location: SourceLocation = #_sourceLocation
  ) {
    typealias E = F.Element
    let p = f.stateCount
    let w: Vector<E> = vector(p, seed: 5)
    let v: Vector<E> = vector(p, seed: 6)
    let h = E.root(E.ulpOfOne, 3)
    let allowed = E(8 * p) * h * h
    let H = f.makeHessian()
    var g = Vector<E>.zeros(p)
    f.linearize(at: w, parameters: λ, into: H, gradient: &g)
    var plain = g
    f.gradient(at: w, parameters: λ, into: &plain)
    #expect(plain.distance(to: g) <= E(64) * .ulpOfOne * (1 + g.norm), "\(what): gradients", sourceLocation: location)
    let slope = (f.value(at: w + h * v, parameters: λ) - f.value(at: w - h * v, parameters: λ)) / (2 * h)
    #expect((slope - g.dot(v)).magnitude <= allowed * (1 + g.norm), "\(what): gradient", sourceLocation: location)
    func gradient(_ w: Vector<E>, _ λ: Vector<E>) -> Vector<E> {
      var g = Vector<E>.zeros(p)
      f.gradient(at: w, parameters: λ, into: &g)
      return g
    }
    let change = E(1) / (2 * h) * (gradient(w + h * v, λ) - gradient(w - h * v, λ))
    var image = Vector<E>.zeros(p)
    H.apply(v, into: &image)
    #expect(change.distance(to: image) <= allowed * (1 + image.norm), "\(what): Hessian", sourceLocation: location)
    if f.parameterCount > 0 {
      let μ = Vector<E>(count: f.parameterCount) { E($0 % 3) - 1.25 }
      let mixed = E(1) / (2 * h) * (gradient(w, λ + h * μ) - gradient(w, λ - h * μ))
      var column = Vector<E>.zeros(p)
      f.addMixedDerivative(μ, at: w, parameters: λ, hessian: H, scale: 1, to: &column)
      #expect(mixed.distance(to: column) <= allowed * (1 + column.norm), "\(what): mixed", sourceLocation: location)
      var r = Vector<E>.zeros(f.parameterCount)
      f.addMixedDerivativeAdjoint(v, at: w, parameters: λ, hessian: H, scale: 1, to: &r)
      #expect(
        (r.dot(μ) - column.dot(v)).magnitude <= E(64 * p) * .ulpOfOne * (column.norm * v.norm),
        "\(what): mixed adjoint",
        sourceLocation: location)
    }
    parts(f, H, λ, what, location)
    let (smallest, largest) = f.curvatureBounds(parameters: λ)
    let curvature = v.dot(image) / v.dot(v)
    let slack = E(64) * .ulpOfOne.squareRoot() * largest
    #expect(curvature >= smallest - slack && curvature <= largest + slack, "\(what): bounds", sourceLocation: location)
    #expect(f.gradientMagnitude(at: w, parameters: λ) >= g.norm, "\(what): magnitude", sourceLocation: location)
  }

  /// H_SS assembled, by products, and what else is there, against products in the full space.
  private static func parts<F: SmoothFunction>(
    _ f: F, _ H: F.Hessian, _ λ: Vector<F.Element>, _ what: String, _ location: SourceLocation
  ) {
    typealias E = F.Element
    let p = f.stateCount
    let S = IndexSubset((0..<p).filter { $0 % 3 != 1 }, universe: p)
    let full = H.dense()
    let exact = Matrix<E>(rows: S.count, columns: S.count) { full[S[$0], S[$1]] }
    // Sums of at most n + p terms in another order.
    let roundoff = E(128) * .ulpOfOne * max(1, exact.frobeniusNorm)
    var M = Matrix<E>.zeros(S.count, S.count)
    H.assemble(on: S, into: &M)
    #expect((M - exact).frobeniusNorm <= roundoff, "\(what): assembled", sourceLocation: location)
    #expect(
      (H.restricted(to: S).dense() - exact).frobeniusNorm <= roundoff, "\(what): restricted", sourceLocation: location)
    var d = Vector<E>.zeros(S.count)
    if H.diagonal(on: S, into: &d) {
      for k in 0..<S.count {
        #expect((d[k] - exact[k, k]).magnitude <= roundoff, "\(what): diagonal", sourceLocation: location)
      }
    }
    if H.assemblesSingle {
      var single = Matrix<Float>.zeros(S.count, S.count)
      H.assembleSingle(on: S, into: &single)
      for j in 0..<S.count {
        for i in j..<S.count {
          #expect(
            (E(single[i, j]) - exact[i, j]).magnitude <= E(128) * E(Float.ulpOfOne) * max(1, exact.frobeniusNorm),
            "\(what): single", sourceLocation: location)
        }
      }
    }
    if let low = H.lowRank(on: S) {
      let x: Vector<E> = vector(S.count, seed: 8)
      var (few, y) = (Vector<E>.zeros(low.rank), Vector<E>.zeros(S.count))
      low.apply(x, into: &few)
      low.applyAdjoint(few, into: &y)
      y.add(low.shift, x)
      #expect(y.distance(to: exact * x) <= roundoff, "\(what): low rank", sourceLocation: location)
    }
    #expect(H.costs(on: S).assemblyMultiplications > 0, "\(what): costs", sourceLocation: location)
  }

  private func linear<Loss: SmoothLoss>(_: Loss.Type, labels: Bool, _ storage: Storage, wide: Bool) {
    typealias E = Loss.Element
    let X: Matrix<E> = wide ? Self.features(rows: 4, columns: 9) : Self.features()
    let raw: Vector<E> = Self.vector(X.rows, seed: 9)
    let targets = labels ? Vector(count: X.rows) { raw[$0] < 0 ? -1 : 1 } : 2 * raw
    let f = LinearModel<Loss>(features: Self.design(X, storage), targets: targets)
    Self.check(f, [0.3], "\(Loss.self) \(storage)")
    Self.check(LinearModel<Loss>(f.loss, ridge: .fixed(0.2)), Vector<E>.zeros(0), "\(Loss.self) \(storage), fixed")
    let factors = Vector<E>(count: X.columns) { E($0 % 3) / 2 }
    Self.check(LinearModel<Loss>(f.loss, ridgeFactors: factors), [0.3], "\(Loss.self) \(storage), factors")
  }

  @Test(arguments: Storage.allCases, [false, true])
  func linearModels(_ storage: Storage, _ wide: Bool) {
    linear(QuadraticLoss<Double>.self, labels: false, storage, wide: wide)
    linear(QuadraticLoss<Float>.self, labels: false, storage, wide: wide)
    linear(LogisticLoss<Double>.self, labels: true, storage, wide: wide)
    linear(LogisticLoss<Float>.self, labels: true, storage, wide: wide)
    linear(HuberLoss<Double>.self, labels: false, storage, wide: wide)
    linear(HuberLoss<Float>.self, labels: false, storage, wide: wide)
    linear(SquaredHingeLoss<Double>.self, labels: true, storage, wide: wide)
    linear(SquaredHingeLoss<Float>.self, labels: true, storage, wide: wide)
  }

  private func multinomial<E: Scalar>(_: E.Type, _ storage: Storage) {
    let X: Matrix<E> = Self.features(rows: 17, columns: 5)
    let f = MultinomialFunction(
      features: Self.design(X, storage), labels: (0..<17).map { ($0 * 5) % 3 }, classCount: 3)
    Self.check(f, [0.4], "multinomial \(E.self) \(storage)")
  }

  @Test(arguments: Storage.allCases)
  func multinomialModels(_ storage: Storage) {
    multinomial(Double.self, storage)
    multinomial(Float.self, storage)
  }

  private func quadratic<E: Scalar>(_: E.Type) {
    let X: Matrix<E> = Self.features()
    var Q = Matrix<E>.zeros(7, 7)
    Q.assignGram(X, alpha: 1 / 13)
    let c: Vector<E> = Self.vector(7, seed: 4)
    let C: Matrix<E> = Self.features(rows: 7, columns: 2, seed: 8)
    for parameters in [nil, C] {
      let λ: Vector<E> = parameters == nil ? [] : [0.5, -0.25]
      Self.check(QuadraticFunction(Q, linear: c, parameters: parameters), λ, "quadratic \(E.self)")
      Self.check(
        QuadraticFunction(operator: GramOperator(X, scale: 1 / 13), linear: c, parameters: parameters), λ,
        "quadratic operator \(E.self)")
    }
  }

  @Test func quadraticFunctions() {
    quadratic(Double.self)
    quadratic(Float.self)
  }
}
