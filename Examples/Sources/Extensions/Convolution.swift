// A storage of one's own, known by its products: column j is a filter that starts at sample j. Its five requirements are the shape, the two products and a
// choice of columns; all that models and solvers ask beyond is made of these.
import LinAlg

struct Convolution: DesignMatrix {
  let filter: Vector<Double>
  let starts: [Int]
  let rows: Int
  var columns: Int { starts.count }

  init(filter: Vector<Double>, columns p: Int) {
    self.init(filter: filter, starts: Array(0..<p), rows: p + filter.count - 1)
  }
  private init(filter: Vector<Double>, starts: [Int], rows: Int) {
    self.filter = filter
    self.starts = starts
    self.rows = rows
  }

  func multiply(_ x: Vector<Double>, alpha α: Double, beta β: Double, into y: inout Vector<Double>) {
    // β = 0 overwrites whatever is there, a NaN too.
    if β == 0 { y.fill(0) } else { y.scale(by: β) }
    for (j, start) in starts.enumerated() { for k in filter.indices { y[start + k] += α * filter[k] * x[j] } }
  }

  func multiplyTransposed(_ r: Vector<Double>, alpha α: Double, beta β: Double, into x: inout Vector<Double>) {
    if β == 0 { x.fill(0) } else { x.scale(by: β) }
    for (j, start) in starts.enumerated() { for k in filter.indices { x[j] += α * filter[k] * r[start + k] } }
  }

  func columns(_ S: IndexSubset) -> Convolution {
    Convolution(filter: filter, starts: S.elements.map { starts[$0] }, rows: rows)
  }
}
