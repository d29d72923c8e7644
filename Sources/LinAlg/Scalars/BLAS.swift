internal import CLapack

/// The BLAS behind this package: what it is and how many threads it may use.
public enum BLAS {
  /// Runs once: OpenBLAS starts with a thread for each core, and on small shapes the dispatch costs more than the
  /// threads give. One thread is this package's default; ``withThreads(_:_:)`` raises it around large work.
  private static let startWithOneThread: Void = openblas_set_num_threads(1)

  @inline(__always)
  static func prepare() { _ = startWithOneThread }

  /// Ends the threads that OpenBLAS started when it was loaded; ``withThreads(_:_:)`` starts them anew.
  ///
  /// Each of them spins for some 2^26 clock cycles before it sleeps: in a program that runs for a tenth of a second they take the
  /// processors away from it. To be called at a program's start, before anything else may use OpenBLAS.
  package static func endIdleThreads() {
    prepare()
    clapack_end_threads()
  }

  /// The number of threads the next BLAS call may use.
  public static var threads: Int {
    prepare()
    return Int(openblas_get_num_threads())
  }

  /// The number of processors OpenBLAS sees.
  public static var processors: Int { Int(openblas_get_num_procs()) }

  /// Runs `body` with `count` BLAS threads and restores the number that was set before.
  ///
  /// The setting is one for the process, so this belongs around a large factorization or product at the top of a
  /// computation, never inside concurrent tasks.
  public static func withThreads<R, E: Error>(_ count: Int, _ body: () throws(E) -> R) throws(E) -> R {
    prepare()
    precondition(count >= 1, "BLAS.withThreads: the count must be at least 1, not \(count)")
    let before = openblas_get_num_threads()
    let wanted = blasInteger(min(count, processors))
    if wanted != before { openblas_set_num_threads(wanted) }
    defer { if wanted != before { openblas_set_num_threads(before) } }
    return try body()
  }

  /// The address space that OpenBLAS takes for its buffers: 128 MiB and some for each thread that calls it, at its first call. Where it
  /// cannot be had OpenBLAS asks again, forever.
  package static var bufferBytes: Int { processors * 136 << 20 }

  /// The library's own description: version and build options.
  public static var configuration: String { String(cString: openblas_get_config()) }

  /// The processor generation whose kernels OpenBLAS chose, for example `Haswell`.
  public static var kernel: String { String(cString: openblas_get_corename()) }
}
