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

extension Vector {
  /// The vector product of two of three entries.
  func cross(_ b: Vector) -> Vector {
    var product = Vector.zeros(3)
    for i in 0..<3 {
      let (j, k) = ((i + 1) % 3, (i + 2) % 3)
      product[i] = self[j] * b[k] - self[k] * b[j]
    }
    return product
  }
}
