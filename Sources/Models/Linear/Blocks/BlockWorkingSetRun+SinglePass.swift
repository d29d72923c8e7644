import LinAlg
import NonsmoothMaps

/// Passes of half the bytes; see ``WorkingSetRun``.
extension BlockWorkingSetRun {
  /// The gradient by bounds on its entries, in full precision on blocks that are free and on those whose bounds exceed what holds them at zero. False where that
  /// is not done.
  mutating func refreshGradientInSingle() -> Bool {
    guard precision != nil, aliveColumns.count == w.count,
      let bounds = hessian.slopeBounds(at: residuals, squaredNorms: loss.squaredColumnNorms)
    else { return false }
    gradient.copy(from: bounds)
    var open: [Int] = []
    for b in alive {
      gather(b)
      // Norms do not fall where entries grow.
      guard let size = penalty.dualNorm(block: b, of: v) else { return false }
      if !penalty.isFixed(block: b, at: x) || !(size <= 1) { open.append(b) }
    }
    let chosen = columns(of: open)
    var exact = Vector<Element>.zeros(chosen.count)
    loss.features.multiplyTransposed(columns: chosen, residuals, alpha: 1 / Element(n), into: &exact)
    for k in 0..<chosen.count { gradient[chosen[k]] = exact[k] - ridge * w[chosen[k]] }
    return true
  }
}
