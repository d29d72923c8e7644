import LinAlg

/// ½ Σ_G (Σ_{j ∈ G} wⱼ)² over sets G of coordinates, the coefficients of one feature in all classes: where neither penalty nor ridge holds them, a softmax
/// determines them up to a number that all have in common, and this term alone says which. It is 0 at the minimizer and changes nothing else.
struct ClassGauges<Element: Scalar> {
  let sets: [[Int]]
  /// The set of every coordinate; −1 for none.
  private let owner: [Int]

  init(_ sets: [[Int]], count: Int) {
    self.sets = sets
    var owner = Array(repeating: -1, count: sets.isEmpty ? 0 : count)
    for (g, set) in sets.enumerated() { for j in set { owner[j] = g } }
    self.owner = owner
  }

  private func sum(_ set: [Int], _ w: Vector<Element>) -> Element { set.reduce(0) { $0 + w[$1] } }

  func value(_ w: Vector<Element>) -> Element { sets.reduce(0) { $0 + sum($1, w) * sum($1, w) / 2 } }

  /// y ← y + the gradient at x, which is the Hessian times x.
  func add(_ x: Vector<Element>, to y: inout Vector<Element>) {
    for set in sets {
      let total = sum(set, x)
      for j in set { y[j] += total }
    }
  }

  /// The same on the coordinates S.
  func add(_ x: Vector<Element>, on S: IndexSubset, to y: inout Vector<Element>) {
    if sets.isEmpty { return }
    var totals = Array(repeating: Element(0), count: sets.count)
    for k in 0..<S.count where owner[S[k]] >= 0 { totals[owner[S[k]]] += x[k] }
    for k in 0..<S.count where owner[S[k]] >= 0 { y[k] += totals[owner[S[k]]] }
  }

  /// M ← M + the Hessian on S.
  func add(on S: IndexSubset, to M: inout Matrix<Element>) {
    if sets.isEmpty { return }
    let places = (0..<S.count).filter { owner[S[$0]] >= 0 }
    for a in places { for b in places where owner[S[a]] == owner[S[b]] { M[a, b] += 1 } }
  }

  /// w less what its sets have in common, which leaves every probability as it was.
  func centred(_ w: inout Vector<Element>) {
    for set in sets {
      let mean = sum(set, w) / Element(set.count)
      for j in set { w[j] -= mean }
    }
  }

  /// The largest eigenvalue of the Hessian.
  var curvature: Element { Element(sets.reduce(0) { max($0, $1.count) }) }
}
