#!/usr/bin/env python3
"""Choosing strengths by this package and by what people use instead, alternately in one run; writes a table of docs/Performance.md.

    compare_tuning.py PROGRAM WORK_DIR DOCUMENT [--rounds 3] [--only NAME] [--limit 60] [--adelie PYTHON]

Seconds are without reading the data, taken inside each process, and medians; what takes more than ten is run once, what takes more than --limit is ended and
said to. The value is half the mean squared error on the validation rows. --adelie names a Python of an environment with adelie and numpy < 2. --only runs the
cases whose names contain NAME and writes no table; `--only 300x600` is a check of all tools in seconds.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, time
import numpy as np

MARK = "<!-- measured by scripts/compare-peers --tune, tuning: {} -->"
CASES = {  # n, p, density, features that matter, noise
    "300x600": (300, 600, None, 20, .5),
    "1500x15000": (1500, 15_000, None, 80, .5), "1000x20000": (1000, 20_000, None, 80, .5), "20000x1000": (20_000, 1000, None, 100, .5),
    "sparse-20000x50000": (20_000, 50_000, 1e-3, 100, .5),
}
CHECKS = {"300x600"}


def draw(folder, n, p, density, informative, noise):
    if (folder / "fifty.npy").exists():
        return
    from scipy import sparse
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(34)
    w = np.zeros(p); w[rng.choice(p, informative, replace=False)] = rng.standard_normal(informative)
    for part, rows in (("train", n), ("val", n // 2)):
        if density:
            X = sparse.random(rows, p, density=density, format="csc", random_state=rng, data_rvs=rng.standard_normal)
            X.sort_indices()
            for name in ("data", "indices", "indptr"):
                np.save(folder / f"X_{part}.{name}.npy", getattr(X, name))
        else:
            X = np.asfortranarray(rng.standard_normal((rows, p)))
            np.save(folder / f"X_{part}.npy", X)
        np.save(folder / f"y_{part}.npy", X @ w + noise * rng.standard_normal(rows))
    np.save(folder / "fives.npy", np.arange(p) // 5)
    np.save(folder / "fifty.npy", np.arange(p) * 50 // p)


class Failed(Exception):
    pass


def run(command, limit, environment=None):
    """What a command prints as JSON: its whole output, or the last line of one that talks before."""
    try:
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=environment, timeout=limit)
    except subprocess.TimeoutExpired:
        raise Failed(f"over {limit:g} s")
    if done.returncode != 0:
        raise Failed("failed: " + (done.stderr.strip().splitlines() or ["no message"])[-1][:80].replace("|", "/"))
    text = done.stdout.strip()
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return json.loads(text.splitlines()[-1])


def tasks_of(name, shape, folder, args):
    """What is run on a case, by its label in the table: seconds, value, evaluations or points, the largest relative gap."""
    peer = pathlib.Path(__file__).parent / "tune_peer.py"
    theirs = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")} | {"OMP_NUM_THREADS": "2"}

    def tuned(*more):
        r = run([args.program, "tune", folder, "--json", "-", *more], args.limit)
        return r["seconds"]["tuning"], r["best"]["value"], r["evaluations"], None

    def walked(*more):
        r = run([args.program, "path", folder, "--json", "-", *more], args.limit)
        gaps = [p["gap"] / p["objective"] for p in r["points"] if p.get("gap") is not None]
        return r["seconds"]["solving"], r["points"][r["best"]]["validation"], len(r["points"]), max(gaps) if gaps else None

    def other(python, tool, *more):
        r = run([python, peer, tool, folder, *more], args.limit, theirs)
        return r["seconds"], r["value"], r["points"], r["gap"]

    fives, fifty, python = folder / "fives.npy", folder / "fifty.npy", sys.executable
    tasks = {
        "`tune`": lambda: tuned(),
        "`tune --criterion cv` (10 folds)": lambda: tuned("--criterion", "cv"),
        "`path`": lambda: walked(),
        "`path --tolerance 2e-2`": lambda: walked("--tolerance", "2e-2"),
        "celer, path": lambda: other(python, "celer"),
        "scikit-learn, path": lambda: other(python, "scikit-learn"),
        "sparho, hoag_search": lambda: other(python, "sparho"),
        "`tune`, 50 strengths": lambda: tuned("--groups", fifty),
        "`path`, groups of 5": lambda: walked("--penalty", "group-lasso", "--groups", fives),
        "`path --tolerance 2e-2`, groups of 5": lambda: walked("--tolerance", "2e-2", "--penalty", "group-lasso", "--groups", fives),
    }
    if shape[1] <= 1000:
        tasks[f"`tune`, {shape[1]} strengths"] = lambda: tuned("--per-feature")
        tasks[f"sparho, hoag_search, {shape[1]} strengths"] = lambda: other(python, "sparho", "--per-feature")
    if args.adelie:
        tasks["adelie, path"] = lambda: other(args.adelie, "adelie")
        tasks["adelie, path, groups of 5"] = lambda: other(args.adelie, "adelie", "--groups", fives)
    return tasks


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program"); parser.add_argument("work", type=pathlib.Path); parser.add_argument("document", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3); parser.add_argument("--only", default="")
    parser.add_argument("--limit", type=float, default=60); parser.add_argument("--adelie")
    args = parser.parse_args()
    begun = time.perf_counter()
    lines = ["| data | what | seconds | validation loss | evaluations or points | largest relative gap | times slower than `tune` |", "|---|---|---|---|---|---|---|"]
    for name, shape in CASES.items():
        if args.only not in name or (not args.only and name in CHECKS):
            continue
        folder = args.work / f"tuning-{name}"
        draw(folder, *shape)
        tasks = tasks_of(name, shape, folder, args)
        found, failures = {label: [] for label in tasks}, {}
        for _ in range(args.rounds):
            for label, task in tasks.items():
                if label in failures or (found[label] and found[label][0][0] > 10):
                    continue
                try:
                    found[label].append(task())
                except Failed as reason:
                    failures[label] = str(reason)
        mine = statistics.median(r[0] for r in found["`tune`"]) if found["`tune`"] else float("nan")
        for label, results in found.items():
            if not results:
                lines.append(f"| {name} | {label} | {failures[label]} | – | – | – | – |")
            else:
                seconds = statistics.median(r[0] for r in results)
                gap = "–" if results[0][3] is None else f"{results[0][3]:.1g}"
                lines.append(f"| {name} | {label} | {seconds:.3g} | {results[0][1]:.7g} | {results[0][2]} | {gap} | {seconds / mine:.1f} |")
            print(lines[-1], flush=True)
    print(f"{time.perf_counter() - begun:.0f} s in all", file=sys.stderr)
    if args.only:
        return
    begin, end = MARK.format("begin"), MARK.format("end")
    text = args.document.read_text()
    if begin not in text or end not in text:
        sys.exit(f"{args.document}: the marks that the table goes between are missing")
    args.document.write_text(text.split(begin)[0] + begin + "\n" + "\n".join(lines) + "\n" + end + text.split(end)[1])


if __name__ == "__main__":
    main()
