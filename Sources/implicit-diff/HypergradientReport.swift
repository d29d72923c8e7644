import CommandSupport
import Datasets
import ImplicitDiff
import LinAlg
import Models

/// Where the time of a run went, in seconds.
struct PhaseSeconds: Encodable {
  var reading = 0.0
  var solving = 0.0
  /// Linearizing the map and the gradient of the outer objective.
  var linearizing = 0.0
  /// The adjoint solve and its product; all of ITD.
  var adjoint = 0.0
  var bound = 0.0
  /// Waiting for the checksum of the data, which is made beside the other work.
  var checksum = 0.0
  /// Since the program started.
  var total = 0.0

  func completed(
    by result: MethodResult, _ certified: CertifiedReference, checksum: Double, total: Double
  ) -> PhaseSeconds {
    var all = self
    all.checksum = checksum
    all.linearizing = result.report.linearizingSeconds
    all.adjoint = result.report.seconds - result.report.linearizingSeconds
    all.bound = certified.seconds
    all.total = total
    return all
  }
}

/// What `implicit-diff hypergradient` reports. The JSON keys are stable.
struct HypergradientReport: Encodable {
  struct Inner: Encodable {
    var iterations: Int
    var residual: Double?
    var dualityGap: Double?
    var violation: Double?
    var seconds: Double

    enum CodingKeys: String, CodingKey {
      case iterations, residual, violation, seconds
      case dualityGap = "duality_gap"
    }

    func encode(to encoder: any Encoder) throws {
      var c = encoder.container(keyedBy: CodingKeys.self)
      try c.encode(iterations, forKey: .iterations)
      try c.encode(residual, forKey: .residual)
      try c.encode(dualityGap, forKey: .dualityGap)
      try c.encode(violation, forKey: .violation)
      try c.encode(seconds, forKey: .seconds)
    }
  }

  struct Adjoint: Encodable {
    var iterations: Int
    var products: Int
    var residual: Double?
    var seconds: Double
  }

  /// What the report is about, to be told again: CRC-32 of the numbers, as hexadecimal digits.
  struct Checksums: Codable, Equatable {
    /// Features and targets of both parts, as they are stored.
    var data: String
    var parameters: String
    var solution: String
  }

  var model: String
  var method: String
  /// The strengths, then lambda2: λ.
  var parameters: [Double]
  /// The group of every feature where features share strengths by groups.
  var groups: [Int]?
  /// For the JSON; nil where none is written.
  var checksums: Checksums?
  var samples: Int
  var features: Int
  /// The outer objective at w; nil where it overflows.
  var value: Double?
  var hypergradient: [Double]
  var supportSize: Int
  /// The smallest strength − |∇f(w)ⱼ| off the support: how far the support is from growing. Absent where it holds everything.
  var margin: Double?
  /// The distance from w to the nearest kink, at least. For people, not in the JSON.
  var kinkDistance: Double?
  /// A bound on the Euclidean error of the hypergradient; nil where nothing is proven.
  var errorBound: Double?
  /// Why there is no bound, a word of ``NoBound``; nil where there is one.
  var noBound: String?
  /// The same as a sentence, for people.
  var noBoundAdvice: String?
  var converged: Bool
  var inner: Inner
  var adjoint: Adjoint
  var hypergradientSeconds: Double
  var seconds = PhaseSeconds()

  enum CodingKeys: String, CodingKey {
    case model, method, parameters, groups, checksums, samples, features, value, hypergradient, margin, converged, inner
    case adjoint, seconds
    case supportSize = "support_size"
    case errorBound = "error_bound"
    case noBound = "no_bound"
    case hypergradientSeconds = "hypergradient_seconds"
  }

  /// Every key is always there: what is not known is null.
  func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: CodingKeys.self)
    try c.encode(model, forKey: .model)
    try c.encode(method, forKey: .method)
    try c.encode(parameters, forKey: .parameters)
    try c.encode(groups, forKey: .groups)
    try c.encode(checksums, forKey: .checksums)
    try c.encode(samples, forKey: .samples)
    try c.encode(features, forKey: .features)
    try c.encode(value, forKey: .value)
    try c.encode(hypergradient.map { $0.isFinite ? $0 : nil }, forKey: .hypergradient)
    try c.encode(supportSize, forKey: .supportSize)
    try c.encode(margin, forKey: .margin)
    try c.encode(errorBound, forKey: .errorBound)
    try c.encode(noBound, forKey: .noBound)
    try c.encode(converged, forKey: .converged)
    try c.encode(inner, forKey: .inner)
    try c.encode(adjoint, forKey: .adjoint)
    try c.encode(hypergradientSeconds, forKey: .hypergradientSeconds)
    try c.encode(seconds, forKey: .seconds)
  }

  init(
    _ session: HypergradientSession<some SmoothLoss<Double>>, _ facts: StateFacts, _ result: MethodResult,
    _ certified: CertifiedReference, _ inner: InnerReport, model: String, dataChecksum: String?
  ) {
    self.model = model
    method = result.method
    parameters = Array(session.parameters)
    groups = session.groups
    checksums = dataChecksum.map {
      Checksums(data: $0, parameters: Checksum.text(session.parameters), solution: Checksum.text(session.state))
    }
    samples = session.map.smooth.loss.sampleCount
    features = session.map.smooth.loss.featureCount
    value = finite(facts.value)
    hypergradient = Array(result.gradient)
    supportSize = facts.supportSize
    margin = finite(facts.margin)
    kinkDistance = finite(certified.certificate?.kinkDistance)
    // The triangle inequality carries the reference's bound over to any method's answer.
    errorBound = finite(
      certified.certificate?.hypergradientErrorBound.map { $0 + result.gradient.distance(to: certified.gradient) })
    let absence: NoBound<Double>? = errorBound == nil ? certified.absence ?? .outOfRange : nil
    noBound = absence?.name
    noBoundAdvice = absence?.advice
    converged = result.report.outcome.isUsable
    self.inner = Inner(
      iterations: inner.iterations, residual: finite(inner.residual), dualityGap: finite(inner.dualityGap),
      violation: finite(facts.violation), seconds: inner.seconds)
    adjoint = Adjoint(
      iterations: result.report.iterations, products: result.report.products, residual: finite(result.report.residual),
      seconds: result.report.seconds)
    hypergradientSeconds = result.seconds
  }

  /// The problem, in lines that fit a terminal.
  var header: String {
    let found =
      inner.dualityGap.map { "inner problem: \(inner.iterations) passes, duality gap \(Format.error($0))" }
      ?? "inner problem: \(inner.iterations) iterations"
    let residual = inner.residual.map { ", residual \(Format.error($0))" } ?? ""
    return """
      \(model), \(samples) samples × \(features) features; support \(supportSize)
      margin \(Format.number(margin)), kinks at least \(Format.number(kinkDistance)) away
      validation loss \(value.map { "\($0)" } ?? "not finite")
      \(found)\(residual)
      optimality conditions met to \(Format.error(inner.violation))
      """
  }

  /// All of a short hypergradient; of a long one its norm, its largest entries and the ridge's, which is the last.
  private var shown: String {
    if hypergradient.count <= 8 { return "(\(hypergradient.map { "\($0)" }.joined(separator: ", ")))" }
    let largest = hypergradient.indices.dropLast().sorted { abs(hypergradient[$0]) > abs(hypergradient[$1]) }.prefix(5)
    let list = largest.map { "strength \($0): \(Format.number(hypergradient[$0]))" }.joined(separator: ", ")
    return """
      of \(hypergradient.count) entries, norm \(Format.number(Vector(hypergradient).norm)); largest \(list); lambda2: \(Format.number(hypergradient.last)) \
      (all of them with --json)
      """
  }

  var summary: String {
    let bound =
      errorBound.map { "error at most \(Format.error($0))" }
      ?? "no error bound: \(noBoundAdvice ?? "")"
    return """
      \(header)
      hypergradient \(shown)
      \(bound)
      \(method): \(adjoint.iterations) iterations, \(adjoint.products) products, residual \(Format.error(adjoint.residual)), \
      \(Format.milliseconds(hypergradientSeconds)) ms
      seconds: reading \(Format.number(seconds.reading)), solving \(Format.number(seconds.solving)), linearizing \
      \(Format.number(seconds.linearizing)), adjoint \(Format.number(seconds.adjoint)), bound \
      \(Format.number(seconds.bound)); \(Format.number(seconds.total)) in all
      """
  }
}

extension Checksum {
  /// Eight hexadecimal digits.
  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  static func text(_ x: Vector<Double>) -> String {
    var sum = Checksum()
    sum.add(x)
    return sum.text
  }

  /// Of features and targets of both parts.
  static func text(_ data: HeldOutDesigns<Double>) -> String { BackgroundChecksum(of: data).finish().text }
}

private func finite(_ x: Double?) -> Double? { x.flatMap { $0.isFinite ? $0 : nil } }
