import LinAlg

extension Scalar {
  /// Whether a factor lies within the square root of the range, so that it may multiply one of two further factors at once.
  ///
  /// Of s (H x) with a large s and a small H, H x may vanish although the product would not. Outside this range x is brought to size 1
  /// first: s H x is then of that size too, as s ‖H‖ ≤ 2, and only then multiplied back.
  package var isModerate: Bool {
    let least = Self.leastNormalMagnitude.squareRoot()
    return self == 0 || !isFinite || (magnitude > least && magnitude < 1 / least)
  }
}

extension Vector {
  /// The power of two below the largest entry, 1 where that is zero or no number.
  package var powerOfTwo: Element {
    let size = maxNorm
    return size > 0 && size.isFinite ? Swift.max(size, .leastNormalMagnitude).binade : 1
  }

  /// Divides by a power of two where the largest entry is not moderate (``Scalar/isModerate``), and returns it; otherwise 1.
  ///
  /// w'(λ)ᵀ y is linear in y, and a power of two rounds nothing.
  ///
  /// - Parameter support: the entries that count, nil for all.
  mutating func takeScale(on support: IndexSubset? = nil) -> Element {
    var size: Element = 0
    if let support {
      for k in 0..<support.count { size = Swift.max(size, self[support[k]].magnitude) }
    } else {
      size = maxNorm
    }
    if size.isModerate { return 1 }
    let power = Swift.max(size, .leastNormalMagnitude).binade
    scale(by: 1 / power)
    return power
  }
}
