#!/usr/bin/env python3
"""Sparse logistic regression, and elastic nets with large supports, beside celer and sparho; writes a table of docs/Performance.md.

    compare_models.py PROGRAM WORK_DIR DOCUMENT
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, time, warnings
# What Debian's older OpenBLAS may need is no setting for the one that NumPy brings, and NumPy reads it when it is imported.
OURS = dict(os.environ)
for key in [k for k in os.environ if k.startswith("OPENBLAS_")]:
    del os.environ[key]
import numpy as np
from scipy import sparse

MARK = "<!-- measured by scripts/compare-peers, models: {} -->"
CASES = [  # model, n, p, density (None: dense), strength as a share of the one that empties the support
    ("logistic", 500, 200, None, .1), ("logistic", 2000, 2000, None, .1), ("logistic", 20_000, 1000, None, .05),
    ("logistic", 1000, 20_000, None, .1), ("logistic", 5000, 20_000, 2e-3, .1), ("logistic", 20_000, 50_000, 1e-3, .2),
    ("elastic-net", 4000, 2000, None, .01), ("elastic-net", 1000, 5000, None, .02), ("elastic-net", 5000, 20_000, 2e-3, .02),
    ("elastic-net", 20_000, 50_000, 1e-3, .03),
]


def draw(folder, model, n, p, density, share):
    """A data folder with its training part in memory, and the two strengths."""
    rng = np.random.default_rng(0)
    w = np.zeros(p); w[rng.choice(p, min(p // 2, 300), replace=False)] = rng.standard_normal(min(p // 2, 300))
    folder.mkdir(parents=True, exist_ok=True)
    parts = {}
    for part, rows in (("train", n), ("val", n // 2)):
        if density:
            X = sparse.random(rows, p, density=density, format="csc", random_state=rng, data_rvs=rng.standard_normal)
            X.sort_indices()
            for name in ("data", "indices", "indptr"):
                np.save(folder / f"X_{part}.{name}.npy", getattr(X, name))
        else:
            X = np.asfortranarray(rng.standard_normal((rows, p)))
            np.save(folder / f"X_{part}.npy", X)
        y = X @ w + .3 * rng.standard_normal(rows)
        y = np.where(y > 0, 1., -1.) if model == "logistic" else y
        np.save(folder / f"y_{part}.npy", y)
        parts[part] = (X, y)
    X, y = parts["train"]
    largest = float(np.abs(X.T @ y).max()) / n / (2 if model == "logistic" else 1)
    lambda1 = share * largest
    return parts, lambda1, 0. if model == "logistic" else 1e-3 * lambda1


def median_seconds(f, most=4):
    times = []
    while len(times) < most and sum(times) < 10:
        t = time.perf_counter(); f(); times.append(time.perf_counter() - t)
    return statistics.median(times[1:] or times)


def celer(model, X, y, lambda1, lambda2):
    from celer import ElasticNet, LogisticRegression
    if model == "logistic":
        fit = LogisticRegression(C=1 / (lambda1 * len(y)), tol=1e-9, fit_intercept=False, max_iter=500)
    else:
        fit = ElasticNet(alpha=lambda1 + lambda2, l1_ratio=lambda1 / (lambda1 + lambda2), fit_intercept=False, tol=1e-10, max_iter=500)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return median_seconds(lambda: fit.fit(X, y))


def sparho(parts, lambda1, w):
    """Logistic regression: its seconds for the derivative with respect to lambda1, and the derivative. Its loss is a sum and not a
    mean, so its strength is n lambda1."""
    import sparho
    from sparho.hypergrad import implicit_forward
    from sparho.state import SolverResult
    import inspect
    (X, y), (V, z) = parts["train"], parts["val"]
    problem = sparho.Problem(design=X, target=y, datafit=sparho.LogisticLoss(), penalty=sparho.L1())
    known = dict(coef=w, active_set=np.flatnonzero(w), n_iter=0, converged=True, dual_gap=0., intercept=0.)
    state = SolverResult(**{k: v for k, v in known.items() if k in inspect.signature(SolverResult).parameters})
    def run():
        g = V.T @ (-z / (1 + np.exp(z * (V @ w)))) / len(z)
        return implicit_forward(problem, len(y) * lambda1, state, g, tol=1e-9)
    return median_seconds(run, 20), len(y) * float(np.squeeze(run()))


def ms(seconds):
    return "–" if seconds is None else f"{seconds * 1e3:.3g}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program"); parser.add_argument("work", type=pathlib.Path); parser.add_argument("document", type=pathlib.Path)
    args = parser.parse_args()
    lines = ["| model | n × p | support | solving: this package, to rounding | celer | celer / ours | hypergradient: this package | sparho | sparho / ours | relative difference |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    for model, n, p, density, share in CASES:
        folder = args.work / f"{model}-{n}x{p}{'-sparse' if density else ''}"
        parts, lambda1, lambda2 = draw(folder, model, n, p, density, share)
        command = [args.program, "hypergradient", folder, "--model", model, "--lambda1", repr(lambda1), "--lambda2", repr(lambda2), "--repeat", "20", "--json", "-"]
        reports = [json.loads(subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, env=OURS).stdout) for _ in range(3)]
        solve = statistics.median(r["inner"]["seconds"] for r in reports)
        hyper = statistics.median(r["hypergradient_seconds"] for r in reports)
        theirs = celer(model, *parts["train"], lambda1, lambda2)
        other, difference = None, None
        if model == "logistic":
            from celer import LogisticRegression
            X, y = parts["train"]
            w = LogisticRegression(C=1 / (lambda1 * n), tol=1e-14, fit_intercept=False, max_iter=2000).fit(X, y).coef_.ravel()
            other, derivative = sparho(parts, lambda1, w)
            difference = abs(derivative / reports[0]["hypergradient"][0] - 1)
        lines.append(f"| {model} | {n} × {p}{' sparse' if density else ''} | {reports[0]['support_size']} | {ms(solve)} | {ms(theirs)} | {theirs / solve:.1f} | {ms(hyper)} | {ms(other)} | {'–' if other is None else f'{other / hyper:.1f}'} | {'–' if difference is None else f'{difference:.0e}'} |")
        print(lines[-1], flush=True)
    begin, end = MARK.format("begin"), MARK.format("end")
    text = args.document.read_text()
    if begin not in text or end not in text:
        sys.exit(f"{args.document}: the marks that the table goes between are missing")
    args.document.write_text(text.split(begin)[0] + begin + "\n" + "\n".join(lines) + "\n" + end + text.split(end)[1])


if __name__ == "__main__":
    main()
