#!/usr/bin/env python3
"""Choosing strengths by this package and by what people use instead, alternately in one run; writes a table of docs/Performance.md.

    compare_tuning.py PROGRAM WORK_DIR DOCUMENT [--rounds 3] [--only NAME] [--adelie PYTHON] [--slow]

Seconds are without reading the data, taken inside each process, and medians; the value is half the mean squared error on the validation rows.
--adelie names a Python of an environment with adelie and numpy < 2; --slow adds scikit-learn's path and sparho's search, minutes on the larger cases.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys
import numpy as np

MARK = "<!-- measured by scripts/compare-peers --tune, tuning: {} -->"
CASES = {  # n, p, density, features that matter, noise
    "1500x15000": (1500, 15_000, None, 80, .5), "1000x20000": (1000, 20_000, None, 80, .5), "20000x1000": (20_000, 1000, None, 100, .5),
    "sparse-20000x50000": (20_000, 50_000, 1e-3, 100, .5),
}


def draw(folder, n, p, density, informative, noise):
    if (folder / "y_val.npy").exists():
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


def run(command, environment=None):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        return None
    return json.loads(done.stdout.splitlines()[-1] if done.stdout.startswith("{\"") else done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program"); parser.add_argument("work", type=pathlib.Path); parser.add_argument("document", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3); parser.add_argument("--only", default="")
    parser.add_argument("--adelie"); parser.add_argument("--slow", action="store_true")
    args = parser.parse_args()
    peer = pathlib.Path(__file__).parent / "tune_peer.py"
    theirs = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")} | {"OMP_NUM_THREADS": "2"}
    lines = ["| data | what | seconds | validation loss | evaluations or points | largest relative gap | times slower than `tune` |", "|---|---|---|---|---|---|---|"]
    for name, shape in CASES.items():
        if args.only not in name:
            continue
        folder = args.work / f"tuning-{name}"
        draw(folder, *shape)
        ours = [args.program, "tune", folder, "--json", "-"]

        def tuned(*more):
            r = run(ours + list(more))
            return r and (r["seconds"]["tuning"], r["best"]["value"], r["evaluations"], None)

        def walked(*more):
            r = run([args.program, "path", folder, "--json", "-", *more])
            return r and (r["seconds"]["solving"], r["points"][r["best"]]["validation"], len(r["points"]),
                          max(p["gap"] / p["objective"] for p in r["points"]))

        def other(python, tool, *more):
            r = run([python, peer, tool, folder, *more], theirs)
            return r and (r["seconds"], r["value"], 100, r["gap"])

        fives, fifty = folder / "fives.npy", folder / "fifty.npy"
        tasks = [("`tune`", lambda: tuned()), ("`tune --criterion cv` (10 folds)", lambda: tuned("--criterion", "cv")),
                 ("`path`", lambda: walked()), ("celer, path", lambda: other(sys.executable, "celer")),
                 ("`tune`, 50 strengths", lambda: tuned("--groups", fifty)),
                 ("`path --tolerance 2e-2`", lambda: walked("--tolerance", "2e-2")),
                 ("`path`, groups of 5", lambda: walked("--penalty", "group-lasso", "--groups", fives)),
                 ("`path --tolerance 2e-2`, groups of 5",
                  lambda: walked("--tolerance", "2e-2", "--penalty", "group-lasso", "--groups", fives))]
        if args.adelie:
            tasks[4:4] = [("adelie, path", lambda: other(args.adelie, "adelie"))]
            tasks.append(("adelie, path, groups of 5", lambda: other(args.adelie, "adelie", "--groups", fives)))
        if args.slow:
            tasks += [("scikit-learn, path", lambda: other(sys.executable, "scikit-learn")), ("sparho, hoag_search", lambda: other(sys.executable, "sparho"))]
        found = {label: [] for label, _ in tasks}
        for _ in range(args.rounds):
            for label, task in tasks:
                result = task()
                if result:
                    found[label].append(result)
        mine = statistics.median(r[0] for r in found["`tune`"])
        for label, results in found.items():
            if not results:
                lines.append(f"| {name} | {label} | failed | – | – | – | – |")
            else:
                seconds = statistics.median(r[0] for r in results)
                gap = "–" if results[0][3] is None else f"{results[0][3]:.1g}"
                lines.append(f"| {name} | {label} | {seconds:.3g} | {results[0][1]:.7g} | {results[0][2]} | {gap} | {seconds / mine:.1f} |")
            print(lines[-1], flush=True)
    if args.only:
        return
    begin, end = MARK.format("begin"), MARK.format("end")
    text = args.document.read_text()
    if begin not in text or end not in text:
        sys.exit(f"{args.document}: the marks that the table goes between are missing")
    args.document.write_text(text.split(begin)[0] + begin + "\n" + "\n".join(lines) + "\n" + end + text.split(end)[1])


if __name__ == "__main__":
    main()
