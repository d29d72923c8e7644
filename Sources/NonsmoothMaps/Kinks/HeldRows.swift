import LinAlg

/// Independent rows that hold at a point, with what moves one of them alone and what moves none.
struct HeldRows<Element: Scalar> {
  private let factor: QR<Element>?
  /// R⁻ᵀ, of which column j is row j of the pseudoinverse in the basis of the rows.
  private let inverse: Matrix<Element>
  private let count: Int
  var rowCount: Int { inverse.rows }

  /// - Parameter normals: the rows as columns, p × q.
  /// - Throws: ``KinkRefusal/meetingKinks(_:)`` where they depend on each other; `name` says which it was.
  init(_ normals: Matrix<Element>, name: (Int) -> String) throws(KinkRefusal) {
    let (p, q) = (normals.rows, normals.columns)
    count = p
    guard q > 0 else {
      (factor, inverse) = (nil, .zeros(0, 0))
      return
    }
    guard q <= p, let factor = try? QR(normals) else {
      throw .meetingKinks("\(q) rows meet in a space of \(p) coordinates")
    }
    let R = factor.r
    for k in 0..<q where !(R[k, k].magnitude > Element(p) * .ulpOfOne * normals.column(k).norm) {
      throw .meetingKinks(
        "\(name(k)) depends on the others that hold with equality, so that more than two pieces meet")
    }
    self.factor = factor
    let complement = NormalComplement<Element>(count: p, parameterCount: q)
    complement.fill(factor, parameters: Array(0..<q), kinkDistance: nil)
    inverse = complement.inverseTransposed
  }

  /// Column k of the pseudoinverse: the least move by which the level of row k rises by one and the others stay.
  func lift(_ k: Int) -> Vector<Element> {
    var x = Vector<Element>.zeros(count)
    guard let factor else { return x }
    for i in k..<inverse.rows { x[i] = inverse[i, k] }
    factor.applyQ(&x)
    return x
  }

  /// Columns that keep all rows.
  func free() -> [Vector<Element>] {
    (inverse.rows..<max(inverse.rows, count)).map { j in
      var x = Vector<Element>.zeros(count)
      x[j] = 1
      factor?.applyQ(&x)
      return x
    }
  }
}

extension Vector {
  /// The entries that are not zero.
  var coneEntries: [CriticalCone<Element>.Entry] {
    indices.compactMap { self[$0] == 0 ? nil : .init($0, self[$0]) }
  }
}
