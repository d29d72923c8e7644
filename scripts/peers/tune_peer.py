#!/usr/bin/env python3
"""One of the tools that people choose a lasso's strength with, on one data folder: seconds without reading, and half the mean squared error on the
validation rows of what it chose, as JSON.

    tune_peer.py TOOL DIR [--groups FILE.npy] [--per-feature]

Of a path also the largest duality gap of its points, relative to the objective: what it was solved to.

TOOL: celer, scikit-learn (paths of 100 strengths down to a thousandth), adelie (the same, groups allowed; needs an environment with numpy < 2),
sparho (gradient search, one strength or one per feature; it has none that features share).
"""
import argparse, json, pathlib, time, warnings
import numpy as np
from scipy import sparse


def features(folder, part):
    if (folder / f"X_{part}.npy").exists():
        return np.asfortranarray(np.load(folder / f"X_{part}.npy"))
    data, indices, indptr = (np.load(folder / f"X_{part}.{k}.npy") for k in ("data", "indices", "indptr"))
    return sparse.csc_matrix((data, indices, indptr), shape=(len(np.load(folder / f"y_{part}.npy")), len(indptr) - 1))


def path_value(W, Xv, yv):
    values = [.5 * float(np.mean((Xv @ W[:, k] - yv) ** 2)) for k in range(W.shape[1])]
    return min(values)


def largest_gap(W, X, y, grid, groups):
    """Over the strengths: (P(w) - D(c r)) / P(w), c r the residuals scaled into the dual's domain."""
    n, worst = len(y), 0.
    sizes = np.ones(X.shape[1]) if groups is None else np.bincount(groups).astype(float)
    group = np.arange(X.shape[1]) if groups is None else groups
    norms = lambda v: np.sqrt(np.bincount(group, v ** 2, len(sizes)))
    for k, strength in enumerate(grid[:W.shape[1]]):
        r = y - X @ W[:, k]
        objective = .5 * r @ r / n + strength * np.sqrt(sizes) @ norms(W[:, k])
        c = min(1., 1 / max(1e-300, (norms(X.T @ r / n) / np.sqrt(sizes)).max() / strength))
        worst = max(worst, (objective - (2 * c * y @ r - c * c * r @ r) / (2 * n)) / objective)
    return float(worst)


def celer(X, y, grid):
    from celer import celer_path
    return celer_path(X, y, "lasso", alphas=grid, tol=1e-6)[1]


def scikit_learn(X, y, grid):
    from sklearn.linear_model import lasso_path
    return lasso_path(X, y, alphas=grid, tol=1e-6)[1]


def adelie(X, y, groups):
    import adelie as ad
    if groups is None:
        starts = np.arange(X.shape[1])
    else:
        assert (np.diff(groups) >= 0).all(), "adelie's groups are contiguous"
        starts = np.flatnonzero(np.r_[True, np.diff(groups) > 0])
    matrix = ad.matrix.sparse(X, n_threads=2) if sparse.issparse(X) else ad.matrix.dense(X, n_threads=2)
    state = ad.grpnet(X=matrix, glm=ad.glm.gaussian(y=y), groups=starts, lmda_path_size=100, min_ratio=1e-3, intercept=False, early_exit=False,
                      adev_tol=1, ddev_tol=0, n_threads=2, progress_bar=False, tol=1e-10)
    return state.betas.toarray().T, np.asarray(state.lmdas)


def sparho_search(X, y, Xv, yv, largest, per_feature):
    """What it says of the best coefficients is fitted to other rows than its criterion's, so the strengths that it chose are fitted once more."""
    import sparho
    from sklearn.linear_model import Lasso
    from sparho.adapters import CelerLasso, SklearnWeightedLasso
    stack = sparse.vstack([X, Xv], format="csc") if sparse.issparse(X) else np.asfortranarray(np.vstack([X, Xv]))
    penalty = sparho.WeightedL1() if per_feature else sparho.L1()
    problem = sparho.Problem(design=stack, target=np.concatenate([y, yv]), datafit=sparho.SquaredLoss(), penalty=penalty)
    criterion = sparho.HeldOutMSE(np.arange(len(y)), np.arange(len(y), len(y) + len(yv)))
    begin = np.full(X.shape[1], largest / 10) if per_feature else largest / 10
    start = time.perf_counter()
    found = sparho.hoag_search(problem, begin, solver=SklearnWeightedLasso() if per_feature else CelerLasso(), criterion=criterion, n_iter=30,
                               tolerance_decrease="exponential")
    seconds = time.perf_counter() - start
    best = min((record for record in found.history if np.isfinite(record.value)), key=lambda record: record.value).hyperparam
    scale = np.full(X.shape[1], 1 / np.asarray(best, float))
    scaled = X @ sparse.diags(scale) if sparse.issparse(X) else X * scale
    w = Lasso(alpha=1, fit_intercept=False, tol=1e-10, max_iter=100_000).fit(scaled, y).coef_ * scale
    return seconds, .5 * float(np.mean((Xv @ w - yv) ** 2)), found.n_iter


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool"); parser.add_argument("folder", type=pathlib.Path); parser.add_argument("--groups"); parser.add_argument("--per-feature", action="store_true")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    X, Xv = features(args.folder, "train"), features(args.folder, "val")
    y, yv = np.load(args.folder / "y_train.npy"), np.load(args.folder / "y_val.npy")
    groups = np.load(args.groups) if args.groups else None
    start = time.perf_counter()
    largest = float(np.abs(X.T @ y).max()) / len(y)
    grid = largest * np.geomspace(1, 1e-3, 100)
    if args.tool == "sparho":
        seconds, value, points = sparho_search(X, y, Xv, yv, largest, args.per_feature)
    else:
        if args.tool == "adelie":
            W, grid = adelie(X, y, groups)
        else:
            W = {"celer": celer, "scikit-learn": scikit_learn}[args.tool](X, y, grid)
        seconds = time.perf_counter() - start
        value, points = path_value(W, Xv, yv), W.shape[1]
    gap = None if args.tool == "sparho" else largest_gap(W, X, y, grid, groups)
    print(json.dumps(dict(seconds=seconds, value=value, points=points, gap=gap)))


if __name__ == "__main__":
    main()
