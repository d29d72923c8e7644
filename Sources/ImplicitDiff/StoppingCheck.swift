import LinAlg

extension Stopping {
  /// The most iterations of a map where no limit was given.
  static var defaultIterationLimit: Int { 1_000_000 }

  func check() throws(DifferentiationError) {
    if let complaint { throw .invalidArgument(complaint) }
  }
}
