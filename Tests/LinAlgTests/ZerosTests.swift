import LinAlg
import TestSupport
import Testing

/// Zeros come as they are from the system or are made of memory that was used before: always zero, aligned for vector loads, and one allocation.
@Suite struct ZerosTests {
  @Test(arguments: [0, 1, 7, 50_000, 1_100_000])
  func areZeroWhateverTheMemoryHeld(_ count: Int) {
    for _ in 0..<3 {
      var used = Vector<Double>(repeating: .nan, count: count)
      used.fill(-1)
      let zeros = Vector<Double>.zeros(count)
      #expect(zeros.allSatisfy { $0 == 0 && $0.sign == .plus })
      #expect(Int(bitPattern: zeros.base) % 64 == 0)
      let matrix = Matrix<Float>.zeros(count, 2)
      #expect(matrix.frobeniusNorm == 0)
      used.fill(2)
    }
  }

  @Test(.enabled(if: Allocations.areCounted)) func areOneBlock() {
    _ = Vector<Double>.zeros(1)  // what is made once
    let (zeros, allocations) = Allocations.count { Vector<Double>.zeros(1000) }
    // The numbers, and the object that frees them.
    #expect(allocations == 2 && zeros.count == 1000)
  }
}
