#!/usr/bin/env python3
"""How time and peak memory grow with the data: runs the command line over sizes, fits exponents, draws docs/figures/growth.png and
writes its table into docs/Performance.md.

    growth.py PROGRAM WORK_DIR DOCUMENT
"""
import argparse, json, pathlib, re, subprocess, sys, tempfile
import numpy as np
from scipy import sparse

MARK = "<!-- measured by scripts/growth: {} -->"


def draw(folder, n, p, per_column=None, seed=0):
    """A problem of this size; per_column nonzeros in a column make it sparse. Returns the bytes of its matrices and strengths."""
    rng = np.random.default_rng(seed)
    w = np.zeros(p); w[rng.choice(p, 30, replace=False)] = rng.standard_normal(30)
    folder.mkdir(parents=True, exist_ok=True)
    size, strength = 0, None
    for part, rows in (("train", n), ("val", max(1, n // 2))):
        if per_column:
            k = max(1, round(per_column * rows / n))
            indices = np.sort(rng.integers(0, rows, (p, k)), axis=1).astype(np.int64)
            values = rng.standard_normal((p, k))
            X = sparse.csc_matrix((values.ravel(), indices.ravel(), np.arange(0, p * k + 1, k)), shape=(rows, p))
            X.sum_duplicates()
            for name in ("data", "indices", "indptr"):
                np.save(folder / f"X_{part}.{name}.npy", getattr(X, name))
            size += 24 * X.nnz
        else:
            X = np.asfortranarray(rng.standard_normal((rows, p)))
            np.save(folder / f"X_{part}.npy", X)
            size += X.nbytes
        y = X @ w + 0.1 * rng.standard_normal(rows)
        np.save(folder / f"y_{part}.npy", y)
        if part == "train":
            strength = 0.1 * float(np.abs(X.T @ y).max()) / n
    return size, strength


def penalty(folder, p, strength, groups):
    """The options for one strength, or for so many groups of features with that strength each."""
    if not groups:
        return ["--lambda1", repr(strength)]
    np.save(folder / "strengths.npy", np.full(groups, strength))
    np.save(folder / "groups.npy", np.arange(p) % groups)
    return ["--strengths", folder / "strengths.npy", "--groups", folder / "groups.npy"]


def run(program, folder, options):
    """Seconds of the inner solve and of the hypergradient, the support, and the peak memory in bytes."""
    command = ["/usr/bin/time", "-f", "%M", program, "hypergradient", folder, *options, "--lambda2", "0.01", "--repeat", "20", "--json", "-"]
    done = subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True)
    report = json.loads(done.stdout)
    return report["inner"]["seconds"], report["hypergradient_seconds"], report["support_size"], 1024 * int(done.stderr.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program"); parser.add_argument("work", type=pathlib.Path); parser.add_argument("document", type=pathlib.Path)
    args = parser.parse_args()
    sweeps = {
        "dense, p = 500": ("n", [(n, 500, None) for n in (2000, 4000, 8000, 16000, 32000)]),
        "dense, n = 1000": ("p", [(1000, p, None) for p in (1000, 2000, 4000, 8000, 16000)]),
        "dense, 4000 × 2000, by strength": ("support", [(4000, 2000, None, f) for f in (.003, .001, .0007, .0005, .0003)]),
        "sparse, n = 1000, 5 nonzeros a column": ("p", [(1000, p, 5) for p in (10_000, 30_000, 100_000, 300_000, 1_000_000)]),
        "dense, 1000 × 20,000, by groups of features": ("hyperparameters", [(1000, 20_000, None, .1, g) for g in (10, 100, 1000, 20_000)]),
        "sparse, 1000 × 1,000,000, by groups of features": ("hyperparameters", [(1000, 1_000_000, 5, .1, g) for g in (10, 1000, 100_000, 1_000_000)]),
    }
    rows, curves = [], {}
    for name, (axis, sizes) in sweeps.items():
        points = []
        for n, p, k, *rest in sizes:
            fraction, groups = [*rest, *(.1, None)[len(rest):]]
            with tempfile.TemporaryDirectory(dir=args.work) as folder:
                size, strength = draw(pathlib.Path(folder), n, p, k)
                strength *= 10 * fraction  # draw gives a tenth of the largest
                inner, hyper, support, peak = run(args.program, folder, penalty(pathlib.Path(folder), p, strength, groups))
            points.append(({"n": n, "p": p, "support": support, "hyperparameters": (groups or 1) + 1}[axis], inner, hyper, peak, size, support))
            print(f"{name}: {n} × {p}{f', {groups} groups' if groups else ''}: solve {inner * 1e3:.3g} ms, hypergradient {hyper * 1e3:.3g} ms, support {support}, peak {peak / 2**20:.0f} MiB for {size / 2**20:.0f} MiB of matrices", flush=True)
        curves[name] = (axis, points)
        x = np.log([q[0] for q in points])
        slope = lambda column: np.polyfit(x[1:], np.log([q[column] for q in points[1:]]), 1)[0]
        last = points[-1]
        rows.append(f"| {name} | {axis} up to {last[0]:,} | {slope(1):.2f} | {slope(2):.2f} | {last[1] * 1e3:.3g} | {last[2] * 1e3:.3g} | {last[5]} | {last[4] / 2**20:.0f} | {last[3] / 2**20:.0f} |")

    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots(1, 3, figsize=(13, 3.8))
    for name, (axis, points) in curves.items():
        x = [q[0] for q in points]
        for a, column, scale in zip(axes, (1, 2, 3), (1e3, 1e3, 1 / 2**20)):
            a.loglog(x, [q[column] * scale for q in points], "o-", label=f"{name} (over {axis})")
    for a, title in zip(axes, ("solving, ms", "hypergradient, ms", "peak memory, MiB")):
        a.set_title(title); a.set_xlabel("n, p, support or hyperparameters"); a.grid(alpha=.3)
    axes[0].legend(fontsize=7)
    figure.tight_layout(); figure.savefig(args.document.parent / "figures" / "growth.png", dpi=120)

    lines = ["| sweep | over | exponent, solving | exponent, hypergradient | solving, ms, largest | hypergradient, ms, largest | support | matrices, MiB | peak, MiB |",
             "|---|---|---|---|---|---|---|---|---|", *rows, "", "![Growth](figures/growth.png)"]
    begin, end = MARK.format("begin"), MARK.format("end")
    text = args.document.read_text()
    if begin not in text or end not in text:
        sys.exit(f"{args.document}: the marks that the table goes between are missing")
    args.document.write_text(text.split(begin)[0] + begin + "\n" + "\n".join(lines) + "\n" + end + text.split(end)[1])


if __name__ == "__main__":
    main()
