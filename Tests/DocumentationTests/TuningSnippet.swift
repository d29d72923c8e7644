import Bilevel
import Datasets
import LinAlg
import Models
import NonsmoothMaps

/// The strengths of an elastic net that a cross-validation prefers.
func strengths(for data: HeldOutData<Double>) throws -> Vector<Double>? {
  let model = RegressionModel(QuadraticLoss<Double>.self, L1Norm(), ridge: .parameter)
  let X = DenseDesign(data.trainFeatures)
  let folds = try Folds.kFold(5, rows: X.rows)
  let criterion = model.crossValidation(features: X, targets: data.trainTargets, folds: folds)
  let map = model.map(features: X, targets: data.trainTargets)
  guard let space = model.searchSpace(of: map, names: ["lambda1", "lambda2"]) else { return nil }
  return Tuner(LBFGS()).tune(criterion, in: space).parameters
}
