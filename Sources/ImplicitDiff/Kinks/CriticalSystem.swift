import LinAlg
import NonsmoothMaps

/// ∇²f + the penalty's curvature on the columns of a ``CriticalCone``, the free ones factored and eliminated.
///
/// With F the free columns and Z those at kinks, `K = Rᵀ(H + Q)R`: K_FF = L Lᵀ, W = K_FF⁻¹ K_FZ, and S = K_ZZ − K_ZF W is what is left for y_Z.
final class CriticalSystem<Element: Scalar> {
  typealias Entry = CriticalCone<Element>.Entry

  let cone: CriticalCone<Element>
  let hessian: any LinearOperator<Element>
  let factor: Cholesky<Element>
  /// ‖K_FF⁻¹‖₁, estimated.
  let inverseNorm: Element
  /// K_FF⁻¹ K_FZ and the Schur complement.
  let W: Matrix<Element>
  let S: Matrix<Element>
  private let columns: [[Entry]]

  var freeCount: Int { cone.free.count }
  var kinkCount: Int { cone.kinks.count }

  init(_ cone: CriticalCone<Element>, hessian: any SupportedHessian<Element>) throws(KinkRefusal) {
    self.cone = cone
    self.hessian = hessian
    columns = cone.free.map(\.entries) + cone.kinks.map(\.entries)
    let K = Self.restrict(hessian, to: columns, curvatures: cone.free.map(\.curvature), count: cone.point.count)
    if K.firstNonFinite != nil { throw .notFinite }
    let (n, k) = (cone.free.count, cone.kinks.count)
    let block = K[0..<n, 0..<n]
    guard let factor = try? Cholesky(block), factor.reciprocalCondition > Element(n) * .ulpOfOne else {
      throw .singular
    }
    self.factor = factor
    var norm: Element = 0
    for j in 0..<n { norm = max(norm, block.column(j).oneNorm) }
    inverseNorm = n == 0 ? 0 : 1 / (norm * factor.reciprocalCondition)
    let coupling = K[0..<n, n..<n + k].packed(as: .columnMajor)
    var W = coupling
    var S = K[n..<n + k, n..<n + k].packed(as: .columnMajor)
    if n > 0 && k > 0 {
      factor.solve(block: &W)
      S.assignProduct(coupling.transposed, W, alpha: -1, beta: 1)
      for j in 0..<k { for i in 0..<j { S[i, j] = S[j, i] } }
    }
    self.W = W
    self.S = S
  }

  /// RᵀHR with the curvatures on its diagonal.
  private static func restrict(
    _ hessian: any SupportedHessian<Element>, to columns: [[Entry]], curvatures: [Element], count p: Int
  ) -> Matrix<Element> {
    var place = Array(repeating: -1, count: p)
    for column in columns { for entry in column { place[entry.coordinate] = 0 } }
    let touched = (0..<p).filter { place[$0] == 0 }
    for (k, j) in touched.enumerated() { place[j] = k }
    var M = Matrix<Element>.zeros(touched.count, touched.count)
    hessian.assemble(on: IndexSubset(touched, universe: p), into: &M)
    let n = columns.count
    var K: Matrix<Element>
    if columns.allSatisfy({ $0.count == 1 }) {
      K = Matrix(rows: n, columns: n) {
        let (a, b) = (columns[$0][0], columns[$1][0])
        return a.value * b.value * M[place[a.coordinate], place[b.coordinate]]
      }
    } else {
      var R = Matrix<Element>.zeros(touched.count, n)
      for (k, column) in columns.enumerated() { for entry in column { R[place[entry.coordinate], k] = entry.value } }
      K = R.transposed * (M * R)
    }
    for (k, curvature) in curvatures.enumerated() { K[k, k] += curvature }
    return K
  }

  // MARK: - Products with R

  func dot(_ k: Int, _ x: Vector<Element>) -> Element {
    columns[k].reduce(0) { $0 + $1.value * x[$1.coordinate] }
  }

  /// Rᵀ x over the free columns, and over those at kinks.
  func restrict(_ x: Vector<Element>) -> (free: Vector<Element>, kinks: Vector<Element>) {
    (Vector(count: freeCount) { dot($0, x) }, Vector(count: kinkCount) { dot(freeCount + $0, x) })
  }

  func add(free y: Vector<Element>, to x: inout Vector<Element>) {
    for k in 0..<freeCount where y[k] != 0 { for e in columns[k] { x[e.coordinate] += y[k] * e.value } }
  }

  func add(kink k: Int, _ y: Element, to x: inout Vector<Element>) {
    for e in columns[freeCount + k] { x[e.coordinate] += y * e.value }
  }

  /// What moves where y_Z moves by one in its place k, the free ones following: R_Z e_k − R_F W e_k.
  func response(_ k: Int) -> Vector<Element> {
    var x = Vector<Element>.zeros(cone.point.count)
    if freeCount > 0 { add(free: -1 * W.column(k), to: &x) }
    add(kink: k, 1, to: &x)
    return x
  }

  // MARK: - Parameters

  /// X₀ δ.
  func offset(_ δ: Vector<Element>) -> Vector<Element> {
    var x = Vector<Element>.zeros(cone.point.count)
    for rate in cone.offset { x[rate.coordinate] += rate.value * δ[rate.parameter] }
    return x
  }

  /// x ← x + L δ.
  func addSlope(_ δ: Vector<Element>, to x: inout Vector<Element>) {
    for rate in cone.slope { x[rate.coordinate] += rate.value * δ[rate.parameter] }
  }

  /// g ← g + α Bᵀ z for B = X₀ or L.
  static func addAdjoint(
    _ rates: [CriticalCone<Element>.Rate], _ z: Vector<Element>, scale α: Element, to g: inout Vector<Element>
  ) { for rate in rates { g[rate.parameter] += α * rate.value * z[rate.coordinate] } }
}
