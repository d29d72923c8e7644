import Datasets
import LinAlg
import Testing

@Suite struct SyntheticRegressionTests {
  @Test func targetsAreTheModels() {
    // Without noise y = X w exactly as a naive sum rounds it: 50 products of magnitude below 40.
    let r = SyntheticRegression<Double>(rows: 30, columns: 50, informative: 7, noise: 0, seed: 5)
    #expect(r.features.layout == .columnMajor)
    #expect(r.coefficients.count { $0 != 0 } == 7)
    for i in 0..<30 {
      let naive = (0..<50).reduce(0.0) { $0 + r.features[i, $1] * r.coefficients[$1] }
      #expect(abs(r.targets[i] - naive) <= 50 * (40.0).ulp)
    }
  }

  /// n entries N(0, 1): five standard errors √(1/n) and √(2/n) of mean and variance. The noise likewise.
  @Test func momentsAreThoseAskedFor() {
    let noise = 0.25
    let r = SyntheticRegression<Double>(rows: 2000, columns: 10, informative: 0, noise: noise, seed: 9)
    let n = Double(r.features.count)
    let entries = (0..<10).flatMap { j in (0..<2000).map { r.features[$0, j] } }
    #expect(abs(entries.reduce(0, +) / n) < 5 * (1 / n).squareRoot())
    #expect(abs(entries.reduce(0) { $0 + $1 * $1 } / n - 1) < 5 * (2 / n).squareRoot())
    #expect(r.coefficients == .zeros(10))
    let variance = r.targets.reduce(0) { $0 + $1 * $1 } / 2000
    #expect(abs(variance / (noise * noise) - 1) < 5 * (2 / 2000.0).squareRoot())
  }

  @Test func aSeedIsAProblemAndColumnsStandAlone() {
    let a = SyntheticRegression<Double>(rows: 8, columns: 6, informative: 3, noise: 0.1, seed: 1)
    let b = SyntheticRegression<Double>(rows: 8, columns: 6, informative: 3, noise: 0.1, seed: 1)
    let c = SyntheticRegression<Double>(rows: 8, columns: 6, informative: 3, noise: 0.1, seed: 2)
    #expect(a.features == b.features && a.targets == b.targets && a.coefficients == b.coefficients)
    #expect(a.features != c.features)
    let wide = SyntheticRegression<Double>(rows: 8, columns: 60, informative: 3, noise: 0.1, seed: 1)
    #expect(wide.features[columns: 0..<6] == a.features)
    let float = SyntheticRegression<Float>(rows: 8, columns: 6, informative: 3, noise: 0.1, seed: 1)
    #expect(float.features == Matrix(converting: a.features))
  }
}
