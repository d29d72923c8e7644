import ImplicitDiff
import LinAlg
import NonsmoothMaps
import Tracing

/// How ½ ‖w‖² changes with the strengths λ of a penalty and a ridge, for a loss of one's own: the mean of log cosh over the residuals. By three methods.
func sizeGradients<G: CertifiablePenalty<Double>>(
  _ X: Matrix<Double>, _ y: Vector<Double>, _ penalty: G, at λ: Vector<Double>
) throws -> [BoundedHypergradient<Double>] {
  let f = try TracedFiniteSum<Double>(samples: X.rows, state: X.columns, parameters: 1) { w, λ, ξ in
    let r = ξ.rows(of: X) * w - ξ.rows(of: y)
    return mean(softplus(2 * r) - r) + λ[0] * norm2(w) / 2  // log cosh r + log 2
  }
  let size = try TracedObjective<Double>(state: X.columns, parameters: λ.count) { w, λ in norm2(w) / 2 }
  let solved = ProximalGradientMap(f, penalty).solve(at: λ).problem
  let plan = try NSID.plan(solved, objective: size, batchSize: 5, relativeAccuracy: 0.05)
  let byNSID = try NSID(plan: plan).boundedHypergradient(of: size, solved)
  return try [
    AID().boundedHypergradient(of: size, solved), ReverseITD().boundedHypergradient(of: size, solved), byNSID,
  ]
}
