internal import LinAlg
internal import NonsmoothMaps

/// D of a traced map's outer operation where it is a mask: soft thresholding, or the identity.
///
/// Parameters are differentiated on the tape, not here; whatever they move, they move within the range of D.
final class TracedMask<Element: Scalar>: MaskLinearization<Element> {
  func fill(_ mask: Vector<Element>?) {
    setDerivative(kinkDistance: nil, isMask: true) { d in
      if let mask { d.copy(from: mask) } else { d.fill(1) }
    }
  }
}
