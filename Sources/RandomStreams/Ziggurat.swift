/// The layers of equal area that cover the right half of the normal density exp(−x²/2).
///
/// G. Marsaglia, W. W. Tsang: The ziggurat method for generating random variables, J. Stat. Soft. 5 (2000), here with
/// 256 layers and magnitudes of 52 bits.
struct Ziggurat: Sendable {
  /// Where the tail begins.
  static let start = 3.6541528853610087963519472518
  /// The area of each layer: start · exp(−start²/2) plus the tail's area.
  static let area = 0.0049286732339746549315909134

  /// Layer widths times 2⁻⁵².
  private(set) var scale = [Double](repeating: 0, count: 256)
  /// The magnitudes below which a point of the layer lies under the density without a further look.
  private(set) var inside = [UInt64](repeating: 0, count: 256)
  /// The density at the right end of each layer.
  private(set) var density = [Double](repeating: 1, count: 256)

  static let standard = Ziggurat()

  private init() {
    func f(_ x: Double) -> Double { Elementary.exponential(-0.5 * x * x) }
    let widest = Self.area / f(Self.start)
    scale[0] = widest * 0x1p-52
    inside[0] = UInt64(Self.start / widest * 0x1p52)
    scale[255] = Self.start * 0x1p-52
    density[255] = f(Self.start)
    var outer = Self.start
    for layer in (1...254).reversed() {
      let x = (-2 * Elementary.logarithm(Self.area / outer + f(outer))).squareRoot()
      inside[layer + 1] = UInt64(x / outer * 0x1p52)
      scale[layer] = x * 0x1p-52
      density[layer] = f(x)
      outer = x
    }
  }
}
