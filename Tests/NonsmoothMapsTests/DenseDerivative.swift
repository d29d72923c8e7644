import LinAlg
import NonsmoothMaps

/// A derivative of a proximal map as matrices, made of its products.
struct DenseDerivative<T: Scalar> {
  /// p × p, p × m, |S| × r.
  var D: Matrix<T>
  var B: Matrix<T>
  var R: Matrix<T>

  init<L: ProximalLinearization<T>>(_ L: L, parameters m: Int) {
    let p = L.active.universe
    var D = Matrix<T>.zeros(p, p)
    var image = Vector<T>.zeros(p)
    for j in 0..<p {
      L.apply(unit(j, p), into: &image)
      D.setColumn(j, image)
    }
    var B = Matrix<T>.zeros(p, m)
    for i in 0..<m {
      var column = Vector<T>.zeros(p)
      L.addParameters(unit(i, m), to: &column)
      B.setColumn(i, column)
    }
    var R = Matrix<T>.zeros(L.active.count, L.hasFactor ? L.rank : 0)
    var compact = Vector<T>.zeros(L.active.count)
    for k in 0..<R.columns {
      L.expand(unit(k, L.rank), into: &compact)
      R.setColumn(k, compact)
    }
    (self.D, self.B, self.R) = (D, B, R)
  }
}

func unit<T: Scalar>(_ j: Int, _ n: Int) -> Vector<T> { Vector(count: n) { $0 == j ? 1 : 0 } }

extension Matrix {
  /// The largest |entry| of self − other.
  func difference(from other: Matrix) -> Element {
    precondition(rows == other.rows && columns == other.columns)
    var largest: Element = 0
    for j in 0..<columns {
      for i in 0..<rows {
        let d = (self[i, j] - other[i, j]).magnitude
        if !(d <= largest) { largest = d }
      }
    }
    return largest
  }
}

extension ProximalMap {
  func prox(_ u: Vector<Element>, _ s: Element, _ λ: Vector<Element>) -> Vector<Element> {
    var w = Vector(copying: u)
    apply(step: s, parameters: λ, to: &w)
    return w
  }
}
