extension ProximalGradientMap: CustomStringConvertible {
  /// What it is made of; a traced function lists its operations and what was recognised.
  public var description: String {
    let step: String = if case .fixed(let s) = step { "s = \(s)" } else { "s by the curvature of f" }
    return """
      prox_{s g}(w − s ∇f(w, λ)), \(step), λ of \(penaltyParameterCount) for g and \(smooth.parameterCount) for f
        g: \(G.self)
        f: \((smooth as? any CustomStringConvertible)?.description ?? "\(F.self)")
      """
  }
}
