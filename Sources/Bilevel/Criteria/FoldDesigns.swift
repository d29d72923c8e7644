import LinAlg
import Models
internal import Synchronization

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
  /// All rows once, the rows of it that each fold is fitted to in the order of its own design, and where all are dense and every row is held out
  /// once the rows that are held out.
  let whole: any DesignMatrix<Element>
  let trainRows: [[Int]]
  let heldOutParts: [Matrix<Element>]?

  init(
    _ features: any DesignMatrix<Element>, _ targets: Vector<Element>, _ samples: SampleTerms<Element>, _ splits: Folds
  ) {
    if let matrix = features.denseColumns, splits.folds.count > 1, Self.isPartition(splits.folds, rows: targets.count) {
      let (rows, parts) = Self.views(matrix, targets, samples, splits.folds)
      let n = targets.count
      (folds, whole) = (parts, DenseDesign(rows[rows: 0..<n]))
      var end = 0
      trainRows = splits.folds.map { fold in
        end += fold.heldOut.count
        return (end..<end + fold.train.count).map { $0 % n }
      }
      heldOutParts = parts.map { $0.heldOut.features.denseColumns! }
      return
    }
    func part(_ indices: [Int]) -> Part {
      Part(
        features: features.rows(indices), targets: Vector(count: indices.count) { targets[indices[$0]] },
        samples: samples.subset(indices))
    }
    folds = splits.folds.map { (part($0.train), part($0.heldOut)) }
    (whole, trainRows, heldOutParts) = (features, splits.folds.map(\.train), nil)
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
  ) -> (rows: Matrix<Element>, folds: [(train: Part, heldOut: Part)]) {
    let n = y.count
    let order = folds.flatMap(\.heldOut) + folds.dropLast().flatMap(\.heldOut)
    let rows = X.gatheringRows(order)
    let targets = Vector(count: order.count) { y[order[$0]] }
    func part(_ range: Range<Int>, squares: (@Sendable () -> Vector<Element>)? = nil) -> Part {
      let matrix = rows[rows: range]
      return Part(
        features: squares.map { DenseDesign(matrix, squares: $0) } ?? DenseDesign(matrix),
        targets: targets[segment: range], samples: samples.subset(Array(order[range])))
    }
    var end = 0
    let ranges = folds.map { fold in
      end += fold.heldOut.count
      return end - fold.heldOut.count..<end
    }
    let squares = PartSquares(parts: ranges.map { rows[rows: $0] })
    let parts = ranges.enumerated().map { k, range in
      // The other parts begin below this one and end where it comes again; those of the last one begin at the top.
      let train = range.upperBound == n ? 0..<range.lowerBound : range.upperBound..<range.lowerBound + n
      return (part(train) { squares.sum(except: k) }, part(range))
    }
    return (rows, parts)
  }
}

/// ‖column‖² over the rows of each part, made in one pass over all when first asked for: those of a fold are the sums over the others.
private final class PartSquares<Element: Scalar>: Sendable {
  private let parts: [Matrix<Element>]
  private let known = Mutex<[Vector<Element>]?>(nil)

  init(parts: [Matrix<Element>]) { self.parts = parts }

  func sum(except k: Int) -> Vector<Element> {
    let squares = known.withLock { known in
      if let known { return known }
      let fresh = parts.map { part in
        var squares = Vector<Element>.zeros(part.columns)
        DenseDesign(part).squaredColumnNorms(into: &squares)
        return squares
      }
      known = fresh
      return fresh
    }
    var sum = Vector<Element>.zeros(squares[0].count)
    for (i, part) in squares.enumerated() where i != k { sum.add(1, part) }
    return sum
  }
}
