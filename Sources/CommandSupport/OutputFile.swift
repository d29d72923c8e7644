import Datasets
import Foundation

/// Where a command writes.
public enum OutputFile {
  /// Whether two paths name one file, however they are spelled: `o.npy`, `./o.npy` and a link to it are the same.
  public static func isSame(_ a: String, _ b: String) -> Bool {
    let (a, b) = (resolved(a), resolved(b))
    // A folder may be written with a slash at its end.
    return (a.hasSuffix("/") ? String(a.dropLast()) : a) == (b.hasSuffix("/") ? String(b.dropLast()) : b)
  }

  /// The path with links, `.` and `..` resolved; of a file that is not there yet its folder is.
  private static func resolved(_ path: String) -> String {
    // Where the links lead in a circle, writing says so.
    let url = URL(filePath: (try? AtomicFile.destination(of: path)) ?? path).standardizedFileURL
    if FileManager.default.fileExists(atPath: url.path()) { return url.resolvingSymlinksInPath().path() }
    return url.deletingLastPathComponent().resolvingSymlinksInPath().appending(path: url.lastPathComponent).path()
  }
}
