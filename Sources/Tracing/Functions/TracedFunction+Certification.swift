public import ImplicitDiff
public import LinAlg
public import NonsmoothMaps

extension TracedFunction: CertifiableFunction {
  /// By a running error analysis of the tape and by interval arithmetic on it: how far the Hessian and the mixed derivative change follows from the derivatives of the
  /// functions in them, over all w where they are bounded, otherwise in a ball about w of ε^{1/4} times its norm.
  ///
  /// Of a sum of functions of scores X w, whose curvatures are bounded, and a ridge by the formulas of a linear model, at about their cost.
  ///
  /// Bounds are infinite, and no error of a derivative has one, where an operation has no bound: ``boundObstacle(at:parameters:active:)`` says which.
  ///
  /// Cost: some tens of operations for every entry of every node, and a pass over a design for its norms.
  public func roundedGradient(at w: Vector<Element>, parameters λ: Vector<Element>, active S: IndexSubset)
    -> RoundedGradient<Element>
  {
    scoreBounds?.roundedGradient(at: w, λ, active: S) ?? bounds.at(w, λ, active: S).roundedGradient()
  }

  /// The first operation within f or its derivatives whose rounding error or change has no bound near w: a jump that is too near, an operator of one's own, a function that
  /// is not defined all about w. nil where all have.
  public func boundObstacle(at w: Vector<Element>, parameters λ: Vector<Element>, active S: IndexSubset) -> String? {
    bounds.at(w, λ, active: S).obstacle
  }
}
