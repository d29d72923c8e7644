extension Vector {
  /// xᵢ ← xᵢ + α.
  @specialized(where Element == Double)
  @specialized(where Element == Float)
  public mutating func add(constant α: Element) {
    let x = mutableBase()
    for i in 0..<count { x[i] += α }
  }
}
