public import LinAlg

/// What changes its piece at a kink.
public enum KinkPlace: Sendable, Hashable {
  /// One coordinate.
  case coordinate(Int)
  /// The equality of the neighbours i and i + 1.
  case edge(Int)
  /// The boundary of a ball.
  case boundary
  /// A constraint of a polyhedron.
  case row(Int)
  /// The coordinates i … j, which move together.
  case run(Int, Int)
  /// Some of the entries of one size, by their coordinates.
  case cluster([Int])
  /// A knot of a trend filter: the difference that begins at a coordinate.
  case knot(Int)
}

/// A kink of a proximal map at or near an argument u: where it is, how far away, and which pieces meet there.
public struct KinkRecord<Element: Scalar>: Sendable, CustomStringConvertible {
  public let place: KinkPlace
  /// The distance from u to the kink in the Euclidean norm. u = w − s ∇f(w), so of a coordinate at zero it is s times its dual margin.
  public let distance: Element
  /// Up to which distance u cannot be told from a point on the kink: by how much u may be off.
  public let tolerance: Element
  /// What happens where u moves down across the kink, and where it moves up, as in "would enter with sign +".
  public let branches: (lower: String, upper: String)
  /// Whether u, as it stands, is on the lower side.
  public let isBelow: Bool

  public init(
    place: KinkPlace, distance: Element, tolerance: Element, branches: (lower: String, upper: String), isBelow: Bool
  ) {
    self.place = place
    self.distance = distance
    self.tolerance = tolerance
    self.branches = branches
    self.isBelow = isBelow
  }

  /// Whether u counts as lying on the kink: then two pieces meet there, and w(λ) has one-sided derivatives.
  public var isWeaklyActive: Bool { distance <= tolerance }

  /// For example `feature 17 would enter with sign −; distance 3e-05, tolerance 2e-15`.
  public var description: String {
    let name =
      switch place {
      case .coordinate(let j): "feature \(j)"
      case .edge(let i): "the edge between \(i) and \(i + 1)"
      case .boundary: "the solution"
      case .row(let i): "row \(i)"
      case .run(let i, let j): "the run from \(i) to \(j)"
      case .knot(let i): "the knot behind \(i)"
      case .cluster(let members): "the cluster of \(members.map(String.init).joined(separator: ", "))"
      }
    let verdict = isWeaklyActive ? " (at the kink)" : ""
    return
      "\(name) would \(isBelow ? branches.upper : branches.lower); distance \(distance), tolerance \(tolerance)\(verdict)"
  }
}

/// Why kinks, or derivatives at them, cannot be told.
public enum KinkRefusal: Error, Sendable, Equatable, CustomStringConvertible {
  /// The parameters are outside the map's domain.
  case outsideDomain(ParameterViolation)
  /// A NaN or an infinity appeared.
  case notFinite
  /// ∇²f is singular on what moves freely, to working precision: the solution is not unique there.
  case singular
  /// More pieces meet at one place than two and a flat one between them; the text says where.
  case meetingKinks(String)
  /// Something is not affine that has to be, or a derivative is not known; the text says which.
  case unsupported(String)

  public var description: String {
    switch self {
    case .outsideDomain(let violation): "the parameters are outside the map's domain: \(violation)"
    case .notFinite: "a NaN or an infinity appeared: check the data and the state"
    case .singular:
      "the Hessian is singular on what moves freely: the solution is not unique there; add strong convexity"
    case .meetingKinks(let text), .unsupported(let text): text
    }
  }
}
