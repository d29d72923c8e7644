public import LinAlg

/// How a proximal map and its penalty behave to first order around an argument u, whatever pieces meet there.
///
/// To first order the value is x = X₀ δ + R y along a change δ of the parameters: R's columns are ``free`` directions, along which y is any number, and
/// those of ``kinks``, along which each sign of y belongs to a piece of its own or is forbidden. There the penalty grows as
/// `(L δ)ᵀ x + Σ curvature y²/2 + Σ slope(δ) y`. For a polyhedral penalty without curvature the set of x is the critical cone.
public struct CriticalCone<Element: Scalar>: Sendable {
  /// One number of a sparse vector.
  public struct Entry: Sendable {
    public var coordinate: Int
    public var value: Element
    public init(_ coordinate: Int, _ value: Element) { (self.coordinate, self.value) = (coordinate, value) }
  }

  /// One number of a sparse p × m matrix: what a parameter does to a coordinate.
  public struct Rate: Sendable {
    public var coordinate: Int
    public var parameter: Int
    public var value: Element
    public init(_ coordinate: Int, _ parameter: Int, _ value: Element) {
      (self.coordinate, self.parameter, self.value) = (coordinate, parameter, value)
    }
  }

  /// A column of R along which the value moves both ways within one piece.
  public struct Direction: Sendable {
    public var entries: [Entry]
    public var curvature: Element
    public init(_ entries: [Entry], curvature: Element = 0) { (self.entries, self.curvature) = (entries, curvature) }
  }

  /// What the penalty adds on one side of a kink: `curvature y²/2 + (Σ slope) y`.
  public struct Branch: Sendable {
    public var curvature: Element
    /// By parameter.
    public var slope: [(parameter: Int, value: Element)]
    public init(curvature: Element = 0, slope: [(parameter: Int, value: Element)] = []) {
      (self.curvature, self.slope) = (curvature, slope)
    }

    /// Along δ.
    public func slope(along δ: Vector<Element>) -> Element {
      slope.reduce(0) { $0 + $1.value * δ[$1.parameter] }
    }
  }

  /// A column of R whose y has a kink at 0.
  public struct Kink: Sendable {
    public var record: KinkRecord<Element>
    public var entries: [Entry]
    /// Of y < 0 and of y > 0; nil where y cannot have that sign.
    public var lower: Branch?
    public var upper: Branch?
    /// Whether y = 0 is a piece of its own, as off the support, and not just where two pieces meet.
    public var isFlat: Bool

    public init(
      record: KinkRecord<Element>, entries: [Entry], lower: Branch?, upper: Branch?, isFlat: Bool
    ) {
      self.record = record
      self.entries = entries
      self.lower = lower
      self.upper = upper
      self.isFlat = isFlat
    }
  }

  /// The value, with the kinks taken for exact: a coordinate that is weakly active at zero is zero. p entries.
  public var point: Vector<Element>
  public var free: [Direction] = []
  public var kinks: [Kink] = []
  /// X₀.
  public var offset: [Rate] = []
  /// L.
  public var slope: [Rate] = []
  /// Kinks beyond the tolerance but within the radius that was asked for.
  public var nearby: [KinkRecord<Element>] = []

  public init(point: Vector<Element>) { self.point = point }
}
