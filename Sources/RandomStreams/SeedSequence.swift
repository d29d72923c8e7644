/// NumPy's way from a small seed to a generator's state, `numpy.random.SeedSequence(seed)` (after M. E. O'Neill's
/// `seed_seq_fe`): a pool of four words into which the seed is hashed and from which any number of words is drawn.
struct SeedSequence {
  private var pool: [UInt32] = [0, 0, 0, 0]

  init(_ seed: UInt64) {
    // NumPy hashes as many words as the seed has and then zeros: the same as hashing the zeros of a padded seed.
    let entropy = [UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32), 0, 0]
    var constant: UInt32 = 0x43B0_D7E5
    func hashed(_ word: UInt32) -> UInt32 {
      var value = word ^ constant
      constant &*= 0x931E_8875
      value &*= constant
      return value ^ value >> 16
    }
    for i in 0..<4 { pool[i] = hashed(entropy[i]) }
    for source in 0..<4 {
      for target in 0..<4 where target != source {
        let value = 0xCA01_F9DD &* pool[target] &- 0x4973_F715 &* hashed(pool[source])
        pool[target] = value ^ value >> 16
      }
    }
  }

  /// `generate_state(count, uint64)`.
  func words(_ count: Int) -> [UInt64] {
    var constant: UInt32 = 0x8B51_F9DD
    var halves: [UInt64] = []
    for i in 0..<(2 * count) {
      var value = pool[i % 4] ^ constant
      constant &*= 0x58F3_8DED
      value &*= constant
      halves.append(UInt64(value ^ value >> 16))
    }
    return (0..<count).map { halves[2 * $0] | halves[2 * $0 + 1] << 32 }
  }
}
