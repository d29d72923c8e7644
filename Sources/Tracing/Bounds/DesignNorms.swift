internal import LinAlg

/// Norms of the rows of a tape's designs and of their transposes, upper bounds with their own rounding counted in: a sum of products with one of them is at most its norm times that of the other factor.
final class DesignNorms<Element: Scalar> {
  struct Rows {
    /// One for every row of op(X).
    let norms: [Element]
    /// That of all together.
    let frobenius: Element
    /// How many terms a sum over a row has.
    let terms: Int
  }

  private struct Key: Hashable {
    let design: Int
    let transposed: Bool
    let restricted: Bool
  }

  private let tape: Tape<Element>
  private var ofFeatures: [(bytes: [UInt8], rows: Rows)] = []
  private let active: IndexSubset
  private var known: [Key: Rows] = [:]

  /// - Parameter active: the coordinates of w that may move.
  init(_ tape: Tape<Element>, active: IndexSubset) {
    self.tape = tape
    self.active = active
  }

  /// - Parameter isSupported: whether the operand is zero outside of the active coordinates.
  func rows(_ X: Int, transposed: Bool, isSupported: Bool) -> Rows {
    let design = tape.designs[X]
    let restricted = isSupported && active.universe == (transposed ? design.rows : design.columns)
    let key = Key(design: X, transposed: transposed, restricted: restricted)
    if let rows = known[key] { return rows }
    let found = find(design, transposed, restricted)
    known[key] = found
    return found
  }

  /// Those of the columns of a form's features.
  func columns(of features: any DesignMatrix<Element>) -> Rows {
    let bytes = Tape<Element>.bytes(ofDesign: features)
    if let known = ofFeatures.first(where: { $0.bytes == bytes }) { return known.rows }
    let rows = find(features, true, false)
    ofFeatures.append((bytes, rows))
    return rows
  }

  private func find(_ X: any DesignMatrix<Element>, _ transposed: Bool, _ restricted: Bool) -> Rows {
    let terms: Int
    var squares = Vector<Element>.zeros(transposed ? X.columns : X.rows)
    let all = IndexSubset(Array(0..<X.columns), universe: X.columns)
    if transposed {
      terms = restricted ? min(X.columnTerms, active.count) : X.columnTerms
      if restricted {
        var indicator = Vector<Element>.zeros(X.rows)
        for k in 0..<active.count { indicator[active[k]] = 1 }
        X.squaredColumnNorms(all, weights: indicator, into: &squares)
      } else {
        X.squaredColumnNorms(into: &squares)
      }
    } else {
      terms = X.rowTerms(columns: restricted ? active : all)
      (restricted ? X.columns(active) : X).squaredRowNorms(into: &squares)
    }
    let inflation = 1 + Element(terms + 8) * .ulpOfOne
    // Squares that underflow.
    let lost = Element(terms) * .leastNormalMagnitude
    let norms = squares.map { (($0 + lost) * inflation).squareRoot() }
    return Rows(norms: norms, frobenius: norms.upperNorm, terms: terms)
  }
}

extension Array where Element: Scalar {
  /// An upper bound on the Euclidean norm that neither under- nor overflows early.
  var upperNorm: Element {
    var most: Element = 0
    for x in self { most = Swift.max(most, x.isNaN ? .infinity : x.magnitude) }
    if most == 0 || most == .infinity { return most }
    var sum: Element = 0
    for x in self {
      let q = x / most
      sum += q * q
    }
    return most * sum.squareRoot() * (1 + Element(count + 8) * .ulpOfOne)
  }

  /// The largest entry of an array of magnitudes, 0 where it is empty.
  var most: Element { reduce(0) { $1 > $0 || $1.isNaN ? $1 : $0 } }
}

/// A bound on a product by bounds on its factors: one with zero is zero even where nothing bounds the other.
@inline(__always)
func atMost<Element: Scalar>(_ x: Element, _ y: Element) -> Element { x == 0 || y == 0 ? 0 : x * y }
