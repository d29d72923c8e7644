import CAllocationCounter

/// Counts heap allocations, so that "the hot loop allocates nothing" is a number.
public enum Allocations {
  /// False under a sanitizer, where the sanitizer owns malloc; tests that count are skipped there.
  public static var areCounted: Bool { allocation_counter_available() != 0 }

  /// The allocations that `body` makes on this thread.
  public static func count<R>(_ body: () throws -> R) rethrows -> (result: R, allocations: Int) {
    let before = allocation_counter_value()
    let result = try body()
    return (result, Int(allocation_counter_value() - before))
  }
}
