import LinAlg
import NonsmoothMaps
import Testing

/// Two runs that meet but for rounding: the computed jump between them is of either sign, and the edge opens the way its dual says.
@Suite struct EdgeSignTests {
  /// Runs of 2 and 3 at levels `low` and `high` meet at the strength (high − low)/(1/2 + 1/3).
  private func check<G: PolyhedralPenalty<Double>>(_ g: G, rising: Bool, _ k: Int) throws {
    let low = Double(k) / 7 - 9
    let high = low + Double(k % 11 + 1) / 3
    let strength = (high - low) / (0.5 + 1.0 / 3)
    let (first, second) = rising ? (low, high) : (high, low)
    let u: Vector<Double> = [first, first, second, second, second]
    // Rounding of five numbers below 16, and of the strength.
    let cone = try g.criticalCone(at: u, step: 1, parameters: [strength], tolerance: 256 * .ulpOfOne, radius: 0)
    let kink = try #require(cone.kinks.first, "\(k)")
    #expect(cone.kinks.count == 1 && kink.record.place == .edge(1), "\(k): \(cone.kinks)")
    #expect((kink.upper != nil) == rising && (kink.lower != nil) == !rising, "\(k): \(kink.record)")
    #expect(kink.record.description.contains(rising ? "upwards" : "downwards"), "\(kink.record)")
    #expect(cone.free.count == 1)
  }

  @Test(arguments: [true, false])
  func totalVariation(rising: Bool) throws {
    for k in 0..<120 { try check(TotalVariation<Double>(), rising: rising, k) }
  }

  /// Only falls have a price.
  @Test func nearlyIsotonic() throws { for k in 0..<120 { try check(NearlyIsotonic<Double>(), rising: false, k) } }
}
