import Datasets
import Foundation
import LinAlg
import TestSupport
import Testing

/// A signal that ends the program leaves no half-written file.
@Suite struct InterruptionTests {
  let directory = try! TemporaryDirectory()

  /// The signal is sent as soon as the temporary file is seen to hold something (the
  /// one by which the place is tried is empty). Where the watcher sees none in time, the program ends by
  /// itself: the test holds then too.
  @Test(arguments: [("INT", Int32(2)), ("TERM", 15)])
  func signalsLeaveNoTemporary(_ name: String, _ number: Int32) throws {
    let (data, output) = (directory.file("data"), directory.file("output"))
    for folder in [data, output] {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
    // A solution of 16 MB takes a while to get to the disk.
    let p = 2_000_000
    try NPY.write(Matrix<Float>(rows: 1, columns: p) { _, _ in 0 }, to: data + "/X_train.npy")
    try NPY.write(Matrix<Float>(rows: 1, columns: p) { _, _ in 0 }, to: data + "/X_val.npy")
    for name in ["y_train", "y_val"] { try NPY.write([1] as Vector<Float>, to: data + "/\(name).npy") }
    let old = Array("old".utf8)
    try AtomicFile.write(old, to: output + "/w.npy")
    let watch = """
      ( i=0; while [ $i -lt 2000000 ]; do for f in '\(output)'/*.tmp; do
      if [ -s "$f" ]; then kill -\(name) $$; exit; fi; done; i=$((i+1)); kill -0 $$ 2>/dev/null || exit; done ) &
      exec "$0" "$@"
      """
    let result = try Tool.implicitDiff.shell(
      watch, ["hypergradient", data, "--lambda1", "1", "--lambda2", "1", "--save", output + "/w.npy"])
    #expect(result.code == -number || result.code == 0, "\(result.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: output) == ["w.npy"])
    if result.code != 0 {
      let left = [UInt8](try Data(contentsOf: URL(filePath: output + "/w.npy")))
      #expect(left == old || left.starts(with: [0x93]))
    }
  }
}
