import LinAlg

extension Vector {
  /// x / n, also where 1/n overflows.
  func divided(by n: Element) -> Vector {
    var x = Vector(copying: self)
    let factor = 1 / n
    if factor.isFinite { x.scale(by: factor) } else { for j in 0..<x.count { x[j] /= n } }
    return x
  }
}
