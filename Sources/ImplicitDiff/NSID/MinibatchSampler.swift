import RandomStreams

/// How minibatches are drawn.
public enum Sampling: String, Sendable, Hashable, CaseIterable {
  /// Independent uniform samples: what the theory of NSID assumes.
  case withReplacement = "with-replacement"
  /// Consecutive pieces of random permutations of all samples, as the paper's experiments draw them.
  case reshuffledEpochs = "reshuffled-epochs"
}

/// Draws minibatches of one size from n samples. A seed and a stream give the same batches on every run.
public struct MinibatchSampler {
  public let sampleCount: Int
  public let batchSize: Int
  public let sampling: Sampling
  private var random: RandomStream
  private var order: [Int]
  private var position: Int
  private var batch: [Int]

  /// - Precondition: 1 ≤ batchSize ≤ sampleCount.
  public init(sampleCount n: Int, batchSize: Int, sampling: Sampling, seed: UInt64, stream: UInt64 = 0) {
    precondition(
      batchSize >= 1 && batchSize <= n, "MinibatchSampler: a batch of \(batchSize) of \(n) samples")
    sampleCount = n
    self.batchSize = batchSize
    self.sampling = sampling
    random = RandomStream(seed: seed, stream: stream)
    order = sampling == .reshuffledEpochs ? Array(0..<n) : []
    position = n
    batch = Array(repeating: 0, count: batchSize)
  }

  /// The next minibatch. In reshuffled epochs the last batch of an epoch is the remainder, as data loaders give it.
  ///
  /// The batch shares the sampler's memory: drop it before the next call, or that call allocates.
  public mutating func next() -> Minibatch {
    switch sampling {
    case .withReplacement:
      random.fill(indices: &batch, below: sampleCount)
      return Minibatch(batch)
    case .reshuffledEpochs:
      if position >= sampleCount {
        random.shuffle(&order)
        position = 0
      }
      let count = min(batchSize, sampleCount - position)
      if batch.count != count { batch = Array(repeating: 0, count: count) }
      for k in 0..<count { batch[k] = order[position + k] }
      position += count
      return Minibatch(batch)
    }
  }
}
