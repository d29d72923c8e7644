import LinAlg
import NonsmoothMaps

/// `½ yᵀS y + hᵀy + Σ φᵢ(yᵢ)` with S positive definite and each φᵢ a quadratic on either side of 0, or infinite there: what is left of a directional
/// derivative once all that moves freely is eliminated. Its minimizer is found by an active set.
///
/// A coordinate is at 0, below or above. The one whose gradient violates its condition at 0 the most is let go, the quadratic of the pieces is minimized, and
/// on the way there the first to come to 0 stays there. Each round lowers the value, so none comes twice: the method is finite. Cost a round O(k³).
struct BranchedQuadratic<Element: Scalar> {
  /// One side of φ: curvature y²/2 + slope y.
  typealias Side = (curvature: Element, slope: Element)

  let S: Matrix<Element>
  let h: Vector<Element>
  let lower: [Side?]
  let upper: [Side?]
  /// How far off the entries of h may be by rounding.
  let tolerance: Vector<Element>

  struct Solution {
    var y: Vector<Element>
    /// −1, 0 or 1: the side.
    var sides: [Int]
    var rounds: Int
  }

  enum Failure: Error {
    case singular
    case roundLimit
  }

  func minimum() throws(Failure) -> Solution {
    let k = h.count
    var found = Solution(y: .zeros(k), sides: Array(repeating: 0, count: k), rounds: 0)
    if k == 0 { return found }
    // Rounding can make two rounds exchange a coordinate for ever; no more rounds than this are needed otherwise by far.
    while found.rounds < 100 + 20 * k {
      let gradient = gradient(at: found.y)
      var worst: (place: Int, side: Int, size: Element)?
      for i in 0..<k where found.sides[i] == 0 {
        let allowed = tolerance[i] + rounding(at: found.y, i)
        if let above = upper[i], case let size = -(gradient[i] + above.slope), size > allowed, size > worst?.size ?? 0 {
          worst = (i, 1, size)
        }
        if let below = lower[i], case let size = gradient[i] + below.slope, size > allowed, size > worst?.size ?? 0 {
          worst = (i, -1, size)
        }
      }
      guard let worst else { return found }
      found.rounds += 1
      found.sides[worst.place] = worst.side
      try descend(&found)
    }
    throw .roundLimit
  }

  /// To the minimizer over the sides that are chosen, or as far as the first of them that comes to 0, and so on.
  private func descend(_ found: inout Solution) throws(Failure) {
    while true {
      let moving = (0..<h.count).filter { found.sides[$0] != 0 }
      if moving.isEmpty { return }
      let target = try minimum(on: moving, found.sides)
      var share: Element = 1
      var stops: [Int] = []
      for (a, i) in moving.enumerated() where target[a] * Element(found.sides[i]) <= 0 {
        let t = found.y[i] == 0 ? 0 : found.y[i] / (found.y[i] - target[a])
        if t < share { (share, stops) = (t, [i]) } else if t == share { stops.append(i) }
      }
      for (a, i) in moving.enumerated() { found.y[i] += share * (target[a] - found.y[i]) }
      if stops.isEmpty {
        for (a, i) in moving.enumerated() { found.y[i] = target[a] }
        return
      }
      for i in stops {
        found.y[i] = 0
        found.sides[i] = 0
      }
    }
  }

  /// The minimizer where each coordinate of `moving` follows the quadratic of its side and the others are 0.
  func minimum(on moving: [Int], _ sides: [Int]) throws(Failure) -> Vector<Element> {
    let n = moving.count
    var K = Matrix<Element>(rows: n, columns: n) { S[moving[$0], moving[$1]] }
    var y = Vector<Element>.zeros(n)
    for (a, i) in moving.enumerated() {
      let side = (sides[i] < 0 ? lower[i] : upper[i])!
      K[a, a] += side.curvature
      y[a] = -(h[i] + side.slope)
    }
    guard let factor = try? Cholesky(K), factor.reciprocalCondition > Element(n) * .ulpOfOne else { throw .singular }
    factor.solve(&y)
    return y
  }

  private func gradient(at y: Vector<Element>) -> Vector<Element> {
    var g = Vector(copying: h)
    g.assignProduct(S, y, alpha: 1, beta: 1)
    return g
  }

  private func rounding(at y: Vector<Element>, _ i: Int) -> Element {
    var sum: Element = 0
    for j in 0..<y.count { sum += (S[i, j] * y[j]).magnitude }
    return Element(y.count + 2) * .ulpOfOne * sum
  }
}
