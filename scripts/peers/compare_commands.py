#!/usr/bin/env python3
"""The whole command against the whole Python script (whole_script.py): from files to the hypergradient; writes a table of
docs/Performance.md.

    compare_commands.py PROGRAM WORK_DIR DOCUMENT [--rounds 5] [--only NAME]

The command's time is its wall clock from start to exit of a new process, the script's is taken inside its process after the
imports. The page cache is warm for both, they run alternately, and the figures are medians.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys, time
import numpy as np
from scipy import sparse

MARK = "<!-- measured by scripts/compare-peers, commands: {} -->"
CASES = [  # n, p, density (None: dense), features that matter, strength as a share of the one that empties the support
    (4000, 4000, None, 300, .1), (1500, 15_000, None, 100, .1), (12_000, 1800, None, 200, .05), (20_000, 50_000, 1e-3, 100, .1),
]


def draw(folder, n, p, density, informative, share, dtype):
    """A data folder; the two strengths."""
    note = folder / "strengths.json"
    if note.exists():
        return json.loads(note.read_text())
    rng = np.random.default_rng(0)
    w = np.zeros(p); w[rng.choice(p, informative, replace=False)] = rng.standard_normal(informative)
    folder.mkdir(parents=True, exist_ok=True)
    for part, rows in (("train", n), ("val", n // 2)):
        if density:
            X = sparse.random(rows, p, density=density, format="csc", random_state=rng, data_rvs=rng.standard_normal).astype(dtype)
            X.sort_indices()
            for name in ("data", "indices", "indptr"):
                np.save(folder / f"X_{part}.{name}.npy", getattr(X, name))
        else:
            X = rng.standard_normal((rows, p)).astype(dtype)
            np.save(folder / f"X_{part}.npy", X)
        y = (X @ w + .5 * rng.standard_normal(rows)).astype(dtype)
        np.save(folder / f"y_{part}.npy", y)
        if part == "train":
            largest = float(np.abs(X.T @ y).max()) / n
    strengths = [share * largest, 1e-3 if density else .01]
    note.write_text(json.dumps(strengths))
    return strengths


def timed(command, environment=None):
    start = time.perf_counter()
    done = subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, env=environment)
    return time.perf_counter() - start, json.loads(done.stdout)


def ms(seconds):
    return f"{seconds * 1e3:.3g}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program"); parser.add_argument("work", type=pathlib.Path); parser.add_argument("document", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="print the cases whose names contain this and leave the document alone")
    args = parser.parse_args()
    lines = ["| n × p | data | support | the command | of it: reading | solving | hypergradient | the script | script / command | relative difference |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    # What Debian's older OpenBLAS may need is no setting for the one that NumPy brings.
    theirs = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    for n, p, density, informative, share in CASES:
        for dtype in ("float64", "float32"):
            name = f"{n}x{p}-{dtype}"
            if args.only not in name:
                continue
            folder = args.work / f"command-{name}"
            lambda1, lambda2 = draw(folder, n, p, density, informative, share, dtype)
            ours = [args.program, "hypergradient", folder, "--lambda1", repr(lambda1), "--lambda2", repr(lambda2), "--json", "-"]
            script = [sys.executable, pathlib.Path(__file__).parent / "whole_script.py", folder, repr(lambda1), repr(lambda2)]
            rounds = []
            for _ in range(args.rounds + 1):
                rounds.append((*timed(ours), timed(script, theirs)[1]))
            rounds = rounds[1:]
            mine = statistics.median(r[0] for r in rounds)
            other = statistics.median(r[2]["seconds"] for r in rounds)
            ratio = statistics.median(r[2]["seconds"] / r[0] for r in rounds)
            report, exact = rounds[-1][1], np.array(rounds[-1][2]["hypergradient"])
            difference = float(np.linalg.norm(np.array(report["hypergradient"]) - exact) / np.linalg.norm(exact))
            part = lambda key: ms(statistics.median(r[1]["seconds"][key] for r in rounds))
            rest = ms(statistics.median(sum(r[1]["seconds"][k] for k in ("linearizing", "adjoint", "bound")) for r in rounds))
            kind = f"sparse, {dtype}" if density else dtype
            lines.append(f"| {n} × {p} | {kind} | {report['support_size']} | {ms(mine)} | {part('reading')} | {part('solving')} | {rest} | {ms(other)} | {ratio:.1f} | {difference:.0e} |")
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
