internal import LinAlg

extension ChecksumPiece {
  /// Those of the features in a `.npy` file as ``HeldOutDesigns`` maps it, read from the file: no more than a piece of it is in memory. nil where the features are not
  /// the bytes of the file, and where that cannot be read.
  static func pieces(ofFeaturesAt path: String) -> [ChecksumPiece]? {
    guard let file = try? NPYFile(path, rank: 2) else { return nil }
    let header = file.header
    guard header.count * header.type.size >= NPYFile.mappedFrom else {
      guard let matrix = try? file.matrix(as: Double.self, layout: .columnMajor) else { return nil }
      return pieces(of: DenseDesign(matrix))
    }
    let isStored = header.type == .float64 || header.type == .float32 && !header.isFortranOrder
    guard isStored, header.isBigEndian == NPYHeader.isBigEndianHost, header.dataOffset % header.type.size == 0 else {
      return nil
    }
    let shape = [file.rows, file.columns]
    let bytes = header.count * header.type.size
    let all = Swift.stride(from: 0, to: bytes, by: size).map { first in
      let count = min(size, bytes - first)
      return ChecksumPiece(count: count) { sum in
        // What cannot be read is no longer what was computed with: the sum is then another.
        let found = (try? file.file.bytes(count, at: header.dataOffset + first)) ?? []
        found.withUnsafeBytes { sum.add($0) }
      }
    }
    return [ChecksumPiece(count: shape.count * MemoryLayout<Int>.stride) { $0.add(shape) }] + all
  }
}

extension BackgroundChecksum {
  /// Of the dense files of a folder, whose features were not read here or not all of them; the same value as of ``HeldOutDesigns/init(directory:mapped:)``.
  ///
  /// - Returns: nil where that would need them in memory.
  public convenience init?(ofFilesIn directory: String) {
    var all: [ChecksumPiece] = []
    for part in ["train", "val"] {
      guard let features = ChecksumPiece.pieces(ofFeaturesAt: "\(directory)/X_\(part).npy"),
        let targets = try? NPY.vector(at: "\(directory)/y_\(part).npy", as: Double.self)
      else { return nil }
      all += features + [.of(targets)]
    }
    self.init(all)
  }
}
