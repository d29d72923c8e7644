#!/usr/bin/env python3
"""What a user would pick instead, timed on one case folder (see ../reference): the hypergradient of the
elastic net's validation loss at the exact inner solution, in process, after warm-up, in float64.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    OMP_NUM_THREADS=2 venv/bin/python peers.py CASE_DIR [--repeat 20] [--json FILE]

Prints one row per peer: median seconds, relative error against the exact hypergradient.
Run the product on the same folder in the same minute and compare as a ratio: absolute times drift.
"""
import argparse, json, pathlib, statistics, sys, time
import numpy as np


def load(folder):
    folder = pathlib.Path(folder)
    case = json.loads((folder / "case.json").read_text())
    arrays = [features(folder, "X_train"), np.load(folder / "y_train.npy"), features(folder, "X_val"), np.load(folder / "y_val.npy")]
    return case, arrays


def features(folder, name):
    """Dense from one array, or compressed columns from three."""
    if (folder / f"{name}.npy").exists():
        return np.load(folder / f"{name}.npy")
    from scipy.sparse import csc_matrix
    data, indices, indptr = (np.load(folder / f"{name}.{k}.npy") for k in ("data", "indices", "indptr"))
    rows = len(np.load(folder / f"{name.replace('X', 'y', 1)}.npy"))
    return csc_matrix((data, indices, indptr), shape=(rows, len(indptr) - 1))


def pytorch_fixed_point(case, arrays):
    """AID-FP by autograd, one graph kept and replayed: how the paper's own experiments do it."""
    import torch
    Xt, yt, Xv, yv = (torch.from_numpy(a) for a in arrays)
    step, n = case["step_size"], len(yt)
    lam = [torch.tensor(case[k], dtype=torch.float64, requires_grad=True) for k in ("lambda1", "lambda2")]
    w0 = torch.tensor(case["solution"], dtype=torch.float64)
    q = case["contraction_on_support"]
    k = int(np.ceil(np.log(1e-7) / np.log(q)))

    def run():
        w = w0.clone().requires_grad_(True)
        u = w - step * (Xt.T @ (Xt @ w - yt) / n + lam[1] * w)
        phi = torch.sign(u) * torch.relu(u.abs() - step * lam[0])
        g = Xv.T @ (Xv @ w0 - yv) / len(yv)
        v = torch.zeros_like(w0)
        for _ in range(k):
            v = torch.autograd.grad(phi, w, v, retain_graph=True)[0] + g
        return np.array([float(x) for x in torch.autograd.grad(phi, lam, v)])
    return run


def jaxopt_vjp(case, arrays, solve):
    import jax, jax.numpy as jnp, jaxopt
    from jaxopt import implicit_diff, linear_solve
    jax.config.update("jax_enable_x64", True)
    Xt, yt, Xv, yv = (jnp.asarray(a) for a in arrays)
    step, n = case["step_size"], len(yt)

    def residual(w, lam):
        u = w - step * (Xt.T @ (Xt @ w - yt) / n + lam[1] * w)
        return jaxopt.prox.prox_lasso(u, lam[0], step) - w
    solver = {"gmres": lambda mv, b: linear_solve.solve_gmres(mv, b, tol=1e-7, maxiter=1000),
              "normal_cg": lambda mv, b: linear_solve.solve_normal_cg(mv, b, tol=1e-9, maxiter=5000),
              "bicgstab": lambda mv, b: linear_solve.solve_bicgstab(mv, b, tol=1e-7, maxiter=5000),
              "lu": lambda mv, b: linear_solve.solve_lu(mv, b)}[solve]

    @jax.jit
    def hypergradient(w, lam):
        g = Xv.T @ (Xv @ w - yv) / len(yv)
        return implicit_diff.root_vjp(residual, w, (lam,), g, solve=solver)[0]
    w, lam = jnp.asarray(case["solution"]), jnp.asarray([case["lambda1"], case["lambda2"]])
    return lambda: np.asarray(hypergradient(w, lam).block_until_ready())


def sparho_implicit(case, arrays):
    """Active-set conjugate gradient. Its elastic net has one strength alpha and a fixed mix rho:
    the derivative with respect to alpha is scored through the chain rule."""
    import sparho
    from sparho.hypergrad import implicit_forward
    from sparho.state import SolverResult
    Xt, yt, Xv, yv = arrays
    alpha = case["lambda1"] + case["lambda2"]
    rho = case["lambda1"] / alpha
    w = np.array(case["solution"])
    problem = sparho.Problem(design=Xt if hasattr(Xt, 'tocsc') else np.asfortranarray(Xt), target=yt, datafit=sparho.SquaredLoss(), penalty=sparho.ElasticNet(rho=rho))
    import inspect
    fields = {f for f in inspect.signature(SolverResult).parameters}
    extra = {k: v for k, v in dict(coef=w, active_set=np.flatnonzero(w), n_iter=0, converged=True, dual_gap=0.0, intercept=0.0).items() if k in fields}
    result = SolverResult(**extra)
    def run():
        g = Xv.T @ (Xv @ w - yv) / len(yv)
        return np.array([implicit_forward(problem, alpha, result, g, tol=1e-9)])
    run.project = lambda hg: np.array([rho * hg[0] + (1 - rho) * hg[1]])
    return run


def numpy_exact(case, arrays):
    """The dense normal matrix on the support and one Cholesky solve, in NumPy and SciPy."""
    from scipy.linalg import cho_factor, cho_solve
    Xt, yt, Xv, yv = arrays
    w = np.array(case["solution"]); S = np.flatnonzero(w); s = np.sign(w[S])
    def run():
        XS = Xt[:, S]
        M = XS.T @ XS / len(yt)
        M = M.toarray() if hasattr(M, "toarray") else M
        M.flat[:: len(S) + 1] += case["lambda2"]
        g = (Xv.T @ (Xv @ w - yv))[S] / len(yv)
        v = cho_solve(cho_factor(M), g)
        return np.array([-v @ s, -v @ w[S]])
    return run


PEERS = {
    "PyTorch AID-FP": pytorch_fixed_point,
    "JAXopt GMRES": lambda c, a: jaxopt_vjp(c, a, "gmres"),
    "JAXopt normal CG": lambda c, a: jaxopt_vjp(c, a, "normal_cg"),
    "JAXopt BiCGSTAB": lambda c, a: jaxopt_vjp(c, a, "bicgstab"),
    "JAXopt LU": lambda c, a: jaxopt_vjp(c, a, "lu"),
    "sparho implicit_forward": sparho_implicit,
    "NumPy Cholesky on support": numpy_exact,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("case"); parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--only", default=""); parser.add_argument("--json")
    args = parser.parse_args()
    case, arrays = load(args.case)
    exact = np.array(case["hypergradient"])
    rows = []
    for name, make in PEERS.items():
        if name == "JAXopt LU" and case["p"] > 4000:
            continue                                                      # p x p in memory, p^3 operations
        if args.only and args.only.lower() not in name.lower():
            continue
        try:
            run = make(case, arrays)
            got = run()
            want = getattr(run, "project", lambda h: h)(exact)
            error = float(np.linalg.norm(got - want) / np.linalg.norm(want))
            times = []
            budget = time.perf_counter() + 20
            for _ in range(args.repeat):
                t = time.perf_counter(); run(); times.append(time.perf_counter() - t)
                if time.perf_counter() > budget:
                    break
            rows.append(dict(peer=name, seconds=statistics.median(times), relative_error=error, runs=len(times)))
            print(f"{name:28s} {rows[-1]['seconds']*1e3:11.4f} ms   relative error {error:.1e}", flush=True)
        except Exception as e:                                           # a peer that fails is a row too
            rows.append(dict(peer=name, failed=repr(e)[:200])); print(f"{name:28s} failed: {e!r}"[:160], flush=True)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
