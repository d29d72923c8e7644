import LinAlg

extension Matrix {
  /// A row of probabilities p becomes p − e_y. p_y − 1 is taken as minus the sum of the others: of a sample that is classified almost
  /// surely the difference would be nothing but the rounding error of p_y.
  ///
  /// - Precondition: row-major.
  @inline(__always)
  mutating func subtractLabel(_ y: Int, fromRow i: Int) {
    let row = mutableBase() + i * stride
    var others: Element = 0
    for j in 0..<columns where j != y { others += row[j] }
    row[y] = -others
  }
}
