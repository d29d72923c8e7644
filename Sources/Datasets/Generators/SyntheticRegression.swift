public import LinAlg
internal import RandomStreams

/// A linear regression with a known sparse answer, y = X w + noise: what timing tables are measured on.
public struct SyntheticRegression<Element: Scalar>: Sendable {
  /// X, rows × columns, column-major, independent standard normal entries.
  public let features: Matrix<Element>
  /// y, one entry per row.
  public let targets: Vector<Element>
  /// w, one entry per column, standard normal where it is not 0.
  public let coefficients: Vector<Element>

  /// Draws a problem. Column j of X has a random stream of its own, so it is the same whatever the number of columns.
  ///
  /// - Parameters:
  ///   - informative: how many coefficients are not 0; their places are drawn too.
  ///   - noise: the standard deviation of what is added to X w.
  /// - Precondition: positive shape, `informative` in `0 ... columns`, `noise` not negative.
  public init(rows: Int, columns: Int, informative: Int, noise: Element, seed: UInt64) {
    precondition(rows > 0 && columns > 0, "SyntheticRegression: a shape of \(rows) × \(columns)")
    precondition((0...columns).contains(informative), "SyntheticRegression: \(informative) informative of \(columns)")
    precondition(noise >= 0, "SyntheticRegression: noise of \(noise)")
    let X = Matrix<Element>(rows: rows, columns: columns, layout: .columnMajor) { target in
      for j in 0..<columns {
        var stream = RandomStream(seed: seed, stream: UInt64(j) + 2)
        for i in 0..<rows { target.initializeElement(at: j * rows + i, to: Element(stream.nextNormal())) }
      }
    }
    var choice = RandomStream(seed: seed, stream: 0)
    var places = Array(0..<columns)
    choice.shuffle(&places)
    var w = Vector<Element>.zeros(columns)
    for place in places[..<informative] { w[place] = Element(choice.nextNormal()) }
    var disturbance = RandomStream(seed: seed, stream: 1)
    var y = Vector<Element>(count: rows) { _ in Element(disturbance.nextNormal()) }
    y.assignProduct(X, w, beta: noise)
    features = X
    targets = y
    coefficients = w
  }
}
