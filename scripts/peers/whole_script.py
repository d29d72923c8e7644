#!/usr/bin/env python3
"""What a Python user would write instead of `implicit-diff hypergradient FOLDER`: load the arrays, celer's elastic net, Cholesky on the
support. Prints its seconds without the imports, and the hypergradient.

    whole_script.py FOLDER LAMBDA1 LAMBDA2
"""
import json, pathlib, sys, time, warnings
import numpy as np
from celer import ElasticNet
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csc_matrix


def features(folder, part, rows):
    dense = folder / f"X_{part}.npy"
    if dense.exists():
        return np.load(dense)
    data, indices, indptr = (np.load(folder / f"X_{part}.{k}.npy") for k in ("data", "indices", "indptr"))
    return csc_matrix((data, indices, indptr), shape=(rows, len(indptr) - 1))


def hypergradient(folder, lambda1, lambda2):
    y, z = (np.load(folder / f"y_{part}.npy").astype(np.float64) for part in ("train", "val"))
    X, V = (features(folder, part, rows) for part, rows in (("train", len(y)), ("val", len(z))))
    # A gap of 1e-10 is out of reach in single precision; celer wants Fortran order.
    X = X.astype(np.float64, copy=False) if hasattr(X, "tocsc") else np.asfortranarray(X, dtype=np.float64)
    alpha = lambda1 + lambda2
    model = ElasticNet(alpha=alpha, l1_ratio=lambda1 / alpha, fit_intercept=False, tol=1e-10, max_iter=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        w = model.fit(X, y).coef_
    S = np.flatnonzero(w)
    XS, VS = X[:, S], V[:, S]
    M = XS.T @ XS / len(y)
    M = M.toarray() if hasattr(M, "toarray") else M
    M.flat[:: len(S) + 1] += lambda2
    g = VS.T @ (VS @ w[S] - z) / len(z)
    v = cho_solve(cho_factor(M), g)
    return [float(-v @ np.sign(w[S])), float(-v @ w[S])]


def main():
    folder, lambda1, lambda2 = pathlib.Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    start = time.perf_counter()
    answer = hypergradient(folder, lambda1, lambda2)
    seconds = time.perf_counter() - start
    print(json.dumps(dict(seconds=seconds, hypergradient=answer)))


if __name__ == "__main__":
    main()
