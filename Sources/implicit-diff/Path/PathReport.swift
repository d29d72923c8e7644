import Bilevel
import CommandSupport
import Datasets
import LinAlg
import TextTable

/// What `implicit-diff path` reports. The JSON keys are stable.
struct PathReport: Encodable {
  struct Point: Encodable {
    /// λ, in the order of the names.
    var parameters: [Double]
    var selected: Int
    /// The loss with the penalty.
    var objective: Double
    /// A bound on how far the objective is above its minimum; nil where there is none.
    var gap: Double?
    /// The loss on the validation rows; nil where there are none.
    var validation: Double?
    /// Passes over the data.
    var passes: Int
    var seconds: Double
  }

  struct Seconds: Encodable {
    var reading: Double
    var solving = 0.0
    var total = 0.0
  }

  let version = 1
  var model: String
  var penalty: String
  var samples: Int
  var features: Int
  /// Of a classifier: the classes in their order.
  var classes: [String]?
  var names: [String]
  var points: [Point]
  /// The point of the smallest loss on the validation rows, from 0.
  var best: Int?
  /// Why there are fewer points than were asked for.
  var failure: String?
  var seconds: Seconds
  /// Coefficients and intercepts at every point, in the units of the data; not in the JSON.
  private var solutions: [ScoreCoefficients<Double>]

  enum CodingKeys: String, CodingKey {
    case version, model, penalty, samples, features, classes, names, points, best, failure, seconds
  }

  /// - Parameters:
  ///   - selected: unknowns of every point that are.
  ///   - solutions: of every point.
  init(
    _ options: ModelOptions, _ rows: PreparedRows, names: [String], path: RegularizationPath<Double>, selected: [Int],
    solutions: [ScoreCoefficients<Double>], losses: [Double?], reading: Double
  ) {
    model = options.model.rawValue
    penalty = options.penalty.rawValue
    samples = rows.features.rows
    features = rows.features.columns
    self.names = names
    // JSON has no infinity, and an objective that is one says nothing of w.
    let count = path.points.firstIndex { !$0.objective.isFinite } ?? path.points.count
    self.solutions = Array(solutions.prefix(count))
    let points = (0..<count).map { k in
      let point = path.points[k]
      return Point(
        parameters: Array(point.parameters), selected: selected[k], objective: point.objective, gap: point.dualityGap,
        validation: losses[k].flatMap { $0.isFinite ? $0 : nil }, passes: point.iterations, seconds: point.seconds)
    }
    self.points = points
    best = points.indices.filter { points[$0].validation != nil }
      .min { points[$0].validation! < points[$1].validation! }
    failure =
      count < path.points.count
      ? "the objective overflows: expected data whose squares are numbers" : path.failure?.description
    seconds = Seconds(reading: reading)
  }

  static let files = [
    "path.csv", "coefficients.data.npy", "coefficients.indices.npy", "coefficients.indptr.npy", "intercepts.npy",
  ]

  /// The table as CSV, the coefficients by columns of features × points.
  func write(to directory: String) throws(DatasetError) {
    var csv = CSV(columns: names + ["selected", "objective", "validation", "passes", "seconds"])
    for point in points {
      csv.append(
        point.parameters + [
          point.selected, point.objective, point.validation.map { "\($0)" } ?? "", point.passes, point.seconds,
        ])
    }
    var (values, rows, pointers): ([Double], [Int], [Int]) = ([], [], [0])
    for w in solutions.flatMap(\.rows) {
      for j in w.indices where w[j] != 0 {
        rows.append(j)
        values.append(w[j])
      }
      pointers.append(values.count)
    }
    let prefix = directory + "/coefficients"
    try NPY.write(Vector(values), to: prefix + ".data.npy")
    try NPY.write(rows, to: prefix + ".indices.npy")
    try NPY.write(pointers, to: prefix + ".indptr.npy")
    try NPY.write(Vector(solutions.flatMap(\.intercepts)), to: directory + "/intercepts.npy")
    try csv.write(to: directory + "/path.csv")
  }

  /// Some twenty points evenly chosen, the best among them.
  var table: String {
    struct Row {
      var index: Int
      var point: Point
      var isBest: Bool
    }
    let stride = max(1, (points.count + 19) / 20)
    let rows = points.indices.filter { $0 % stride == 0 || $0 == best || $0 == points.count - 1 }
      .map { Row(index: $0, point: points[$0], isBest: $0 == best) }
    let hasLoss = best != nil
    let name = names[0]
    let table = TextTable<Row> { row in
      let point = row.point
      let loss = Column(title: "validation", value: Format.number(point.validation), align: .right)
      return [
        Column(title: "point", value: "\(row.index)\(row.isBest ? " *" : "")"),
        Column(title: name, value: Format.number(point.parameters[0]), align: .right),
        Column(title: "selected", value: point.selected, align: .right),
        Column(title: "objective", value: Format.number(point.objective), align: .right),
      ] + (hasLoss ? [loss] : []) + [
        Column(title: "passes", value: point.passes, align: .right),
        Column(title: "ms", value: Format.compact(point.seconds * 1e3), align: .right),
      ]
    }
    let marked = best.map { k in
      "\n* the smallest validation loss, \(points[k].validation ?? .nan) at \(names[0]) \(points[k].parameters[0])"
    }
    return """
      \(model), \(penalty), \(samples) samples × \(features) features, \(points.count) points\(classNote(classes, model))
      \(table.string(for: rows) ?? "")\(marked ?? "")
      seconds: reading \(Format.number(seconds.reading)), solving \(Format.number(seconds.solving)); \
      \(Format.number(seconds.total)) in all
      """
  }
}
