import LinAlg
import Models

/// The two parts of every fold as designs.
///
/// Dense K-folds share memory: with the parts one below the other, and all of them but the last once more below that, the rows fitted in a fold are
/// one range of rows, and a range of a column-major matrix is a view. So K folds take the memory of two copies instead of K.
struct FoldDesigns<Element: Scalar> {
  struct Part {
    let features: any DesignMatrix<Element>
    let targets: Vector<Element>
    let samples: SampleTerms<Element>
  }

  let folds: [(train: Part, heldOut: Part)]

  init(
    _ features: any DesignMatrix<Element>, _ targets: Vector<Element>, _ samples: SampleTerms<Element>, _ splits: Folds
  ) {
    if let matrix = features.denseColumns, splits.folds.count > 1, Self.isPartition(splits.folds, rows: targets.count) {
      folds = Self.views(matrix, targets, samples, splits.folds)
      return
    }
    func part(_ indices: [Int]) -> Part {
      Part(
        features: features.rows(indices), targets: Vector(count: indices.count) { targets[indices[$0]] },
        samples: samples.subset(indices))
    }
    folds = splits.folds.map { (part($0.train), part($0.heldOut)) }
  }

  /// Whether every row is held out once and fitted in all other folds.
  private static func isPartition(_ folds: [Folds.Fold], rows n: Int) -> Bool {
    var seen = Array(repeating: false, count: n)
    for fold in folds {
      if fold.train.count + fold.heldOut.count != n { return false }
      for i in fold.heldOut {
        if seen[i] { return false }
        seen[i] = true
      }
    }
    return seen.allSatisfy { $0 }
  }

  private static func views(
    _ X: Matrix<Element>, _ y: Vector<Element>, _ samples: SampleTerms<Element>, _ folds: [Folds.Fold]
  ) -> [(train: Part, heldOut: Part)] {
    let n = y.count
    let order = folds.flatMap(\.heldOut) + folds.dropLast().flatMap(\.heldOut)
    let rows = X.gatheringRows(order)
    let targets = Vector(count: order.count) { y[order[$0]] }
    func part(_ range: Range<Int>) -> Part {
      Part(
        features: DenseDesign(rows[rows: range]), targets: targets[segment: range],
        samples: samples.subset(Array(order[range])))
    }
    var begin = 0
    return folds.map { fold in
      let end = begin + fold.heldOut.count
      defer { begin = end }
      // The other parts begin below this one and end where it comes again; those of the last one begin at the top.
      let train = end == n ? 0..<begin : end..<begin + n
      return (part(train), part(begin..<end))
    }
  }
}
