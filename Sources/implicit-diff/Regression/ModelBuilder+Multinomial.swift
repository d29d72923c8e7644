import Bilevel
import LinAlg
import Models
import NonsmoothMaps

extension ModelBuilder {
  /// What is said of a feature holds for its coefficients in all classes; intercepts have neither strengths nor bounds.
  func buildMultinomial<Consumer: ModelConsumer>(_ consumer: Consumer) throws -> Consumer.Result {
    let (p, c) = (rows.features.columns, classes.count)
    let (coordinates, intercepts) = MultinomialModel<L1Norm<Double>>.coordinates(
      features: p, classCount: c, hasIntercept: options.intercept)
    let count = p * c + intercepts.count
    func spread<T>(_ values: (_ feature: Int, _ class: Int) -> T, intercept: T) -> [T] {
      var result = Array(repeating: intercept, count: count)
      for j in 0..<p { for k in 0..<c { result[coordinates[j][k]] = values(j, k) } }
      return result
    }
    let unpenalized = (0..<p).filter { factors.penalty?[$0] == 0 && (ridge == .none || factors.ridge?[$0] == 0) }
    func finish<Penalty: ProximalMap<Double>>(_ penalty: Penalty, _ names: [String]) throws -> Consumer.Result {
      try consumer.consume(
        MultinomialModel(
          classCount: c, penalty, ridge: ridge, ridgeFactors: factors.ridge, intercept: options.intercept,
          unpenalized: unpenalized),
        names: names, rows: rows)
    }
    switch options.penalty {
    case .groupLasso, .sparseGroupLasso:
      let lists = featuresOfGroups.map { $0.flatMap { coordinates[$0] } }
      // Intercepts are groups of weight 0.
      let weights = lists.map { Double($0.count).squareRoot() } + intercepts.map { _ in 0 }
      let groups = Groups(lists + intercepts.map { [$0] }, weights: weights)
      if options.penalty == .groupLasso { return try finish(GroupLasso<Double>(groups), ["lambda1"]) }
      let single = SharedStrengths.single(factors: spread({ _, _ in 1 }, intercept: 0))
      return try finish(
        SparseGroupLasso<Double>(groups, coordinateStrengths: single), ["lambda1_feature", "lambda1_group"])
    default:
      let place: (Int, Int) -> Int
      let strengthCount: Int
      var names: [String]?
      if options.perClass {
        (place, strengthCount) = ({ _, k in k }, c)
        names = classes.map { "lambda1[\($0)]" } + (ridge == .parameter ? ["lambda2"] : [])
      } else if options.perFeature {
        (place, strengthCount) = ({ j, _ in j }, p)
      } else {
        (place, strengthCount) = ({ j, _ in groups?[j] ?? 0 }, (groups?.max() ?? 0) + 1)
      }
      let hasFactors = options.intercept || factors.penalty != nil
      let strengths = SharedStrengths(
        spread(place, intercept: 0), count: strengthCount,
        factors: hasFactors ? spread({ j, _ in factors.penalty?[j] ?? 1 }, intercept: 0) : nil)
      let allNames = names ?? self.names(ofStrengths: strengthCount)
      guard let bounds else { return try finish(L1Norm(strengths), allNames) }
      return try finish(
        BoundedL1(
          strengths, lower: Vector(spread({ j, _ in bounds.lower[j] }, intercept: -.infinity)),
          upper: Vector(spread({ j, _ in bounds.upper[j] }, intercept: .infinity))), allNames)
    }
  }
}
