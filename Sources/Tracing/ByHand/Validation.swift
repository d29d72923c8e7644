public import LinAlg

/// What a comparison of a map with its own derivatives found; print it.
public struct Validation<Element: Scalar>: Sendable, CustomStringConvertible {
  /// Directions compared.
  public var directions: Int
  /// The largest difference of A1 x and A2 μ from central differences, relative to the size of the values, over directions without a kink.
  public var tangentError: Element
  /// The largest |y·(A x) − (Aᵀ y)·x| relative to ‖A x‖ ‖y‖ + ‖Aᵀ y‖ ‖x‖: of A1 and of A2.
  public var adjointError: Element
  /// Of a map that declares a symmetric form: how far D and H are from symmetric and A1 from D (I − s H), relative. nil where nothing is declared.
  public var symmetryError: Element?
  /// ‖A1‖₂ at the point, estimated from below by power iteration; the map contracts there where it is below 1.
  public var contraction: Element
  /// Directions along which the map has a kink within the difference's step.
  public var kinksMet: Int
  /// The distance to the nearest kink that the map reports, nil where it reports none.
  public var kinkDistance: Element?

  /// Differences with a step of ε^{1/3} err by ε^{2/3} times third derivatives: what is left between that and ε^{1/3} allows for those. A wrong formula is off by a part of
  /// its size.
  public static var tangentTolerance: Element { Element.root(Element.ulpOfOne, 3) }
  /// Sums of the same products in another order differ by a multiple of rounding.
  public static var adjointTolerance: Element { Element.ulpOfOne.squareRoot() }

  /// Whether all that was declared agrees.
  public var isConsistent: Bool { findings.isEmpty }

  /// What does not agree, in sentences; empty where all does.
  public var findings: [String] {
    var found: [String] = []
    // A NaN is no agreement.
    if !(tangentError <= Self.tangentTolerance) {
      found.append("tangents differ from central differences by \(tangentError) of their size: check the JVP")
    }
    if !(adjointError <= Self.adjointTolerance) {
      found.append("adjoints are not the transposes of tangents, by \(adjointError): check the VJP")
    }
    if let symmetryError, !(symmetryError <= Self.adjointTolerance) {
      found.append(
        "the declared symmetric form does not hold, by \(symmetryError): declare no structure, or mend D and H")
    }
    return found
  }

  public var description: String {
    var lines = [
      "\(directions) directions: tangents off by \(tangentError), adjoints by \(adjointError)"
        + (symmetryError.map { ", symmetric form by \($0)" } ?? ", no structure declared"),
      "contraction: ‖A1‖ is at least \(contraction)"
        + (contraction < 1 ? "" : ", so the map does not contract here in this norm"),
    ]
    if kinksMet > 0 {
      lines.append("\(kinksMet) directions met a kink, where a derivative is one element of several: try another point")
    }
    if let kinkDistance { lines.append("nearest kink reported at distance \(kinkDistance)") }
    return (lines + findings).joined(separator: "\n")
  }
}
