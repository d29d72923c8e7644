/// The minimizer of ½ wᵀH w − bᵀw + Σⱼ tⱼ |wⱼ| in extended precision, by an active-set method that ends after finitely many
/// steps.
///
/// Source: Lee, Battle, Raina, Ng, *Efficient sparse coding algorithms*, NIPS 2006 (feature-sign search).
struct FeatureSignSearch {
  typealias Number = DoubleDouble
  let H: [[Number]]
  let b: [Number]
  let t: [Number]

  /// nil where the minimizer is not unique on a support met on the way, or the steps did not end.
  func solve() -> [Number]? {
    let p = b.count
    var w = [Number](repeating: .zero, count: p)
    var signs = w
    var active = t.map { $0 == .zero }
    if active.contains(true), !descend(&w, &signs, &active) { return nil }
    for _ in 0..<(40 * p + 40) {
      let g = gradient(w)
      var worst: Int?
      var excess = Number.zero
      for j in 0..<p where !active[j] {
        let here = g[j].magnitude - t[j]
        // Below the rounding of the gradient there is no violation to be told.
        if here.value > 1e-26 * (t[j].value + b[j].magnitude.value), here > excess { (worst, excess) = (j, here) }
      }
      guard let worst else { return w }
      active[worst] = true
      signs[worst] = -g[worst].sign
      if !descend(&w, &signs, &active) { return nil }
    }
    return nil
  }

  func gradient(_ w: [Number]) -> [Number] { b.indices.map { H[$0].dot(w) - b[$0] } }

  /// To the minimizer over the active features with their signs, dropping features that pass zero on the way.
  private func descend(_ w: inout [Number], _ signs: inout [Number], _ active: inout [Bool]) -> Bool {
    for _ in 0..<(20 * b.count + 20) {
      let A = b.indices.filter { active[$0] }
      let system = DenseSystem(A.map { i in A.map { H[i][$0] } })
      guard let target = system.solve(A.map { b[$0] - t[$0] * signs[$0] }) else { return false }
      // The nearest sign change on the way is as far as the quadratic piece reaches.
      var reach = Number.one
      var leaving: Int?
      for (k, j) in A.enumerated() where t[j] > .zero && target[k] * signs[j] <= .zero {
        let share = w[j] == .zero ? Number.zero : w[j] / (w[j] - target[k])
        if leaving == nil || share < reach { (reach, leaving) = (share, j) }
      }
      for (k, j) in A.enumerated() { w[j] += reach * (target[k] - w[j]) }
      guard let leaving else {
        for (k, j) in A.enumerated() { w[j] = target[k] }
        return true
      }
      w[leaving] = .zero
      active[leaving] = false
    }
    return false
  }
}
