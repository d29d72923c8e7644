#!/usr/bin/env python3
"""Makes a sparse case folder (compressed columns) with its exact hypergradient, for timing.

    make_sparse_case.py OUT_DIR --samples 20000 --features 50000 --density 1e-3 --informative 60 --strength 0.1

The inner problem is solved by scikit-learn's coordinate descent and polished on its support; nothing here shares code with
the package.
"""
import argparse, json, pathlib, warnings
import numpy as np
from scipy import sparse


def main():
    a = argparse.ArgumentParser()
    a.add_argument("out"); a.add_argument("--samples", type=int, default=20000); a.add_argument("--features", type=int, default=50000)
    a.add_argument("--density", type=float, default=1e-3); a.add_argument("--informative", type=int, default=60)
    a.add_argument("--strength", type=float, default=.1); a.add_argument("--lambda2", type=float, default=1e-3)
    a.add_argument("--noise", type=float, default=.05); a.add_argument("--seed", type=int, default=0)
    a = a.parse_args()
    from sklearn.linear_model import ElasticNet
    rng = np.random.default_rng(a.seed)
    n, p, m = a.samples, a.features, max(1, a.samples // 2)
    draw = lambda rows: sparse.random(rows, p, density=a.density, format="csc", random_state=rng, data_rvs=rng.standard_normal)
    w0 = np.zeros(p); w0[rng.choice(p, a.informative, replace=False)] = 3 * rng.standard_normal(a.informative)
    X, Xv = draw(n), draw(m)
    y, yv = X @ w0 + a.noise * rng.standard_normal(n), Xv @ w0 + a.noise * rng.standard_normal(m)
    l1, l2 = a.strength * float(np.abs(X.T @ y).max()) / n, a.lambda2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        w = ElasticNet(alpha=l1 + l2, l1_ratio=l1 / (l1 + l2), fit_intercept=False, tol=1e-10, max_iter=100000).fit(X, y).coef_.copy()
    for _ in range(50):
        S = np.flatnonzero(w); s = np.sign(w[S]); XS = X[:, S]
        M = (XS.T @ XS).toarray() / n; M.flat[:: len(S) + 1] += l2
        wS = np.linalg.solve(M, XS.T @ y / n - l1 * s)
        flipped = np.sign(wS) != s
        w[:] = 0; w[S] = np.where(flipped, 0, wS)
        corr = X.T @ (y - X @ w) / n
        new = np.setdiff1d(np.flatnonzero(np.abs(corr) > l1 * (1 + 1e-12)), S)
        if not flipped.any() and not len(new):
            break
        w[new] = 1e-300 * np.sign(corr[new])
    else:
        raise SystemExit("the support did not settle: try another seed or strength")
    g = (Xv.T @ (Xv @ w - yv))[S] / m
    v = np.linalg.solve(M, g)
    off = np.setdiff1d(np.arange(p), S)
    case = dict(problem="elastic-net", origin=f"make_sparse_case.py seed {a.seed}", n=n, p=p, lambda1=l1, lambda2=l2,
                value=float(.5 * np.mean((Xv @ w - yv) ** 2)), hypergradient=[float(-v @ s), float(-v @ w[S])],
                solution=w.tolist(), support=S.tolist(), margin=float((l1 - np.abs(corr[off])).min()))
    out = pathlib.Path(a.out); out.mkdir(parents=True, exist_ok=True)
    for name, matrix in (("X_train", X), ("X_val", Xv)):
        matrix.sort_indices()
        for k in ("data", "indices", "indptr"):
            np.save(out / f"{name}.{k}.npy", getattr(matrix, k))
    np.save(out / "y_train.npy", y); np.save(out / "y_val.npy", yv)
    (out / "case.json").write_text(json.dumps(case))
    print(f"{n} x {p}, {X.nnz} nonzeros, support {len(S)}, margin {case['margin']:.2e}")


if __name__ == "__main__":
    main()
