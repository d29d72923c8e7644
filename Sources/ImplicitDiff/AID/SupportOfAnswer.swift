import LinAlg

extension Linearization {
  /// The coordinates outside of which an entry of y reaches no answer: those of D where A2's columns lie in its range; nil where
  /// that is not known.
  var supportOfAnswer: IndexSubset? {
    switch structure {
    case .general: nil
    case .proximalGradient(let structure): structure.parametersLieInRange ? structure.support : nil
    case .symmetric(let form): form.parametersLieInRange ? form.range.active : nil
    }
  }
}
