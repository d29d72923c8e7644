import Datasets
import LinAlg
import Sharding

/// Reads samples over the ranks of an MPI program: folders of `.npy` files and plain LIBSVM files.
struct ShardedSamples {
  private let options: ModelOptions
  private let order: SummationOrder
  private let plan: StreamingPlan?

  init(_ options: ModelOptions, _ order: SummationOrder, _ plan: StreamingPlan?) {
    (self.options, self.order, self.plan) = (options, order, plan)
  }

  /// Rows with, where the data are split, those to judge by.
  func read(_ path: String, _ world: borrowing World) throws -> (train: Samples, validation: Samples?) {
    let format = try world.together { try SampleFormat(path: path) }
    let isSplit = try world.allgather(Self.isSplit(path) ? 1 : 0).contains(1)
    guard format == .folder, isSplit else {
      return (try read(path, features: options.rows.features, world), nil)
    }
    let data = try HeldOutDesigns<Double>(directory: path, of: world, order: order, within: plan)
    return (
      Samples(features: data.trainFeatures, targets: .numbers(data.trainTargets)),
      Samples(features: data.validationFeatures, targets: .numbers(data.validationTargets))
    )
  }

  private static func isSplit(_ path: String) -> Bool {
    ["X_train.npy", "X_train.0.npy", "X_train.data.npy"].contains { NPY.exists(at: "\(path)/\($0)") }
  }

  /// Rows that are not split.
  func read(_ path: String, features: Int?, _ world: borrowing World) throws -> Samples {
    let samples: Samples
    switch try world.together({ try SampleFormat(path: path) }) {
    case .folder:
      let X = try ShardedDesign<Double>(npy: path + "/X.npy", of: world, order: order)
      let y = try world.together { try NPY.vector(at: path + "/y.npy", as: Double.self) }
      guard y.count == X.rows else {
        throw DatasetError.invalid(
          path: path + "/y.npy", reason: "\(y.count) entries; expected \(X.rows), one for each row of X.npy")
      }
      samples = Samples(features: X, targets: .numbers(y))
    case .libsvm:
      guard order == .any, plan == nil else {
        throw DatasetError.invalid(
          path: path, reason: "is a text file over ranks, which goes without --fixed-order and --memory")
      }
      let (X, y) = try ShardedDesign.libsvm(
        path, of: world, features: features, firstIndex: options.format.zeroBased ? 0 : 1)
      samples = Samples(features: X, targets: .numbers(y))
    case .npz, .npy, .csv:
      throw DatasetError.invalid(
        path: path, reason: "does not go over ranks; expected a folder of .npy files or a LIBSVM file")
    }
    if let features, samples.features.columns != features {
      throw DatasetError.invalid(
        path: path, reason: "has \(samples.features.columns) columns of features; expected \(features)")
    }
    return samples
  }
}
