public import Foundation

/// The folder of the executables that are built beside the tests, which holds the test bundle: on Linux the test program's own, on macOS that of the
/// loaded `.xctest`.
public let productsFolder: URL = {
  #if os(macOS)
    for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") {
      return bundle.bundleURL.deletingLastPathComponent()
    }
  #endif
  return Bundle.main.bundleURL
}()
