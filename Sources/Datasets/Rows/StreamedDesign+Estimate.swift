internal import LinAlg

extension StreamedDesign {
  /// How long a Gram product takes, by those of its rows that half a second is enough for.
  package func estimatedPassSeconds() -> Double {
    let clock = ContinuousClock.now
    let v = Vector<Element>(repeating: 1, count: base.columns)
    var sum = Vector<Element>.zeros(base.columns)
    func elapsed() -> Double {
      let taken = (ContinuousClock.now - clock).components
      return Double(taken.seconds) + Double(taken.attoseconds) / 1e18
    }
    do {
      var blocks = try base.source()
      var place = 0
      while elapsed() < 0.5, let block = try blocks.next() {
        let X = block.features.with(layout: .rowMajor)
        var image = Vector<Element>.zeros(X.rows)
        Element._rowsDot(X.rows, X.columns, X.base, X.stride, 1, v.base, 0, image.mutableBase())
        Element._rowsAdd(X.rows, X.columns, X.base, X.stride, 1, image.base, sum.mutableBase())
        place += X.rows
      }
      return elapsed() * Double(base.rows) / Double(max(1, place))
    } catch {
      base.failure.withLock { $0 = $0 ?? error }
      return .nan
    }
  }
}
