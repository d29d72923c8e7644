import LinAlg

/// Notices that passes of working sets no longer lead anywhere.
struct BlockProgress<Element: Scalar> {
  private var objective = Element.infinity
  private var violation = Element.infinity
  private var idlePasses = 0

  /// Whether there was progress lately: another working set, a smaller objective, or half the least violation so far.
  mutating func note(_ objective: Element, _ violation: Element, isNew: Bool) -> Bool {
    let isLower = objective < self.objective - 64 * .ulpOfOne * self.objective.magnitude
    let isProgress = isNew || isLower || violation < self.violation / 2 || !self.objective.isFinite
    self.objective = min(self.objective, objective)
    self.violation = min(self.violation, violation)
    idlePasses = isProgress ? 0 : idlePasses + 1
    return idlePasses < 3
  }
}
