import CommandSupport
import ImplicitDiff
import LinAlg
import Models
import TextTable

/// How w was found; zeros where it was given.
struct InnerReport: Encodable {
  var iterations: Int
  /// ‖Φ(w) − w‖; nil where it overflows.
  var residual: Double?
  var seconds: Double
}

/// What `implicit-diff hypergradient` reports. The JSON keys are stable.
struct HypergradientReport: Encodable {
  struct Adjoint: Encodable {
    var iterations: Int
    var products: Int
    var residual: Double?
    var seconds: Double
  }

  var model: String
  var method: String
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
  /// A bound on the Euclidean error of the hypergradient; absent where a kink is too near to give one.
  var errorBound: Double?
  var converged: Bool
  var inner: InnerReport
  var adjoint: Adjoint
  var hypergradientSeconds: Double

  enum CodingKeys: String, CodingKey {
    case model, method, samples, features, value, hypergradient, margin, converged, inner, adjoint
    case supportSize = "support_size"
    case errorBound = "error_bound"
    case hypergradientSeconds = "hypergradient_seconds"
  }

  /// Every key is always there: what is not known is null.
  func encode(to encoder: any Encoder) throws {
    var c = encoder.container(keyedBy: CodingKeys.self)
    try c.encode(model, forKey: .model)
    try c.encode(method, forKey: .method)
    try c.encode(samples, forKey: .samples)
    try c.encode(features, forKey: .features)
    try c.encode(value, forKey: .value)
    try c.encode(hypergradient.map { $0.isFinite ? $0 : nil }, forKey: .hypergradient)
    try c.encode(supportSize, forKey: .supportSize)
    try c.encode(margin, forKey: .margin)
    try c.encode(errorBound, forKey: .errorBound)
    try c.encode(converged, forKey: .converged)
    try c.encode(inner, forKey: .inner)
    try c.encode(adjoint, forKey: .adjoint)
    try c.encode(hypergradientSeconds, forKey: .hypergradientSeconds)
  }

  init(
    _ session: HypergradientSession<some SmoothLoss<Double>>, _ result: MethodResult, _ certified: CertifiedReference,
    _ inner: InnerReport,
    model: String
  ) {
    self.model = model
    method = result.method
    samples = session.map.loss.sampleCount
    features = session.map.loss.featureCount
    value = finite(session.objective.value(at: session.state, parameters: session.parameters))
    hypergradient = Array(result.gradient)
    supportSize = session.state.nonzeroCount
    margin = finite(session.map.dualMargin(at: session.state, parameters: session.parameters))
    kinkDistance = finite(certified.certificate?.kinkDistance)
    // The triangle inequality carries the reference's bound over to any method's answer.
    errorBound = finite(
      certified.certificate?.hypergradientErrorBound.map { $0 + result.gradient.distance(to: certified.gradient) })
    converged = result.report.outcome.isUsable
    self.inner = inner
    self.inner.residual = finite(inner.residual)
    adjoint = Adjoint(
      iterations: result.report.iterations, products: result.report.products, residual: finite(result.report.residual),
      seconds: result.report.seconds)
    hypergradientSeconds = result.seconds
  }

  /// The problem in two lines.
  var header: String {
    """
    \(model), \(samples) samples × \(features) features; support \(supportSize), margin \(Format.number(margin)), \
    kinks at least \(Format.number(kinkDistance)) away
    validation loss \(value.map { "\($0)" } ?? "not finite"); inner problem: \(inner.iterations) iterations, residual \(Format.error(inner.residual)), \
    \(Format.number(inner.seconds)) s
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
      ?? "no error bound: a kink is nearer than the inner residual guarantees, or the map is not known to contract"
    return """
      \(header)
      hypergradient \(shown)
      \(bound)
      \(method): \(adjoint.iterations) iterations, \(adjoint.products) products, residual \(Format.error(adjoint.residual)), \
      \(Format.milliseconds(hypergradientSeconds)) ms
      """
  }
}

private func finite(_ x: Double?) -> Double? { x.flatMap { $0.isFinite ? $0 : nil } }

/// The methods side by side.
enum MethodTable {
  static func string(_ results: [MethodResult], exact: Vector<Double>) -> String {
    let table = TextTable<MethodResult> { r in
      [
        Column(title: "method", value: r.method),
        Column(
          title: "error against direct", value: Format.error(r.gradient.distance(to: exact) / exact.norm), align: .right
        ),
        Column(title: "iterations", value: r.report.iterations, align: .right),
        Column(title: "products", value: r.report.products, align: .right),
        Column(title: "residual", value: Format.error(r.report.residual), align: .right),
        Column(title: "ms", value: Format.milliseconds(r.seconds), align: .right),
        Column(title: "outcome", value: "\(r.report.outcome)"),
      ]
    }
    return table.string(for: results) ?? ""
  }
}
