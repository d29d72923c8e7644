#!/usr/bin/env python3
"""Runs this package and its peers alternately on every case and writes the table of docs/Performance.md.

    compare.py PROGRAM CASES_DIR REFERENCE_DIR DOCUMENT [--rounds 3] [--only NAME]

PROGRAM is the release build of implicit-diff. Each round runs the package, then every peer, on one case after the other; the
figures are medians over rounds, and the ratios are taken within them.
"""
import argparse, json, os, pathlib, platform, statistics, subprocess, sys, tempfile, time, warnings
# What Debian's older OpenBLAS may need is no setting for the one that NumPy brings, and NumPy reads it when it is imported.
OURS = dict(os.environ)
for key in [k for k in os.environ if k.startswith("OPENBLAS_")]:
    del os.environ[key]
import numpy as np

HERE = pathlib.Path(__file__).parent
MARK = "<!-- measured by scripts/compare-peers: {} -->"

CASES = [  # name, arguments of make_case.py, or None for a reference case
    ("elastic-net-paper-sparse", None),
    ("elastic-net-wide", None),
    ("elastic-net-diabetes", None),
    ("500x200", ["--samples", "500", "--features", "200", "--informative", "40"]),
    ("2000x2000", ["--samples", "2000", "--features", "2000", "--informative", "100"]),
    ("5000x500", ["--samples", "5000", "--features", "500", "--informative", "200", "--strength", "0.02"]),
    ("20000x1000", ["--samples", "20000", "--features", "1000", "--informative", "60", "--strength", "0.05"]),
    ("1000x20000", ["--samples", "1000", "--features", "20000", "--informative", "60", "--strength", "0.1"]),
    ("4000x4000", ["--samples", "4000", "--features", "4000", "--informative", "1000", "--strength", "0.02"]),
    ("sparse-5000x20000", ["sparse", "--samples", "5000", "--features", "20000", "--density", "2e-3"]),
    ("sparse-20000x50000", ["sparse", "--samples", "20000", "--features", "50000", "--density", "1e-3"]),
]


def make(cases):
    for name, arguments in CASES:
        if arguments is None or (cases / name / "case.json").exists():
            continue
        script, rest = ("make_sparse_case.py", arguments[1:]) if arguments[0] == "sparse" else ("make_case.py", arguments)
        print(f"making {name}", flush=True)
        subprocess.run([sys.executable, HERE / script, cases / name, *rest], check=True)


def ours(program, folder, case, repeat, solution=None):
    command = [program, "hypergradient", folder, "--lambda1", repr(case["lambda1"]), "--lambda2", repr(case["lambda2"]), "--repeat", str(repeat), "--json", "-"]
    if solution:
        command += ["--solution", solution]
    return json.loads(subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, env=OURS).stdout)


def peers(folder, repeat):
    with tempfile.NamedTemporaryFile(suffix=".json") as f:
        subprocess.run([sys.executable, HERE / "peers.py", folder, "--repeat", str(repeat), "--json", f.name], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ, OMP_NUM_THREADS="2"))
        return {row["peer"]: row for row in json.loads(pathlib.Path(f.name).read_text())}


def celer_seconds(folder, case, tolerance):
    """Seconds of celer's elastic net at a relative duality gap, after a warm-up."""
    sys.path.insert(0, str(HERE))
    from peers import load
    from celer import ElasticNet
    _, (X, y, _, _) = load(folder)
    X = X if hasattr(X, "tocsc") else np.asfortranarray(X)
    alpha = case["lambda1"] + case["lambda2"]
    times = []
    for _ in range(4):
        model = ElasticNet(alpha=alpha, l1_ratio=case["lambda1"] / alpha, fit_intercept=False, tol=tolerance, max_iter=1000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            t = time.perf_counter(); model.fit(X, y); times.append(time.perf_counter() - t)
    return statistics.median(times[1:])


def ms(seconds):
    return "–" if seconds is None else f"{seconds * 1e3:.3g}"


def replaced(old, new):
    """The old lines with the rows of the cases that were measured again, the first of a name in each table in turn."""
    rows = {}
    for line in new:
        if line.startswith("| ") and not line.startswith("| case"):
            rows.setdefault(line.split("|")[1], []).append(line)
    return [rows[line.split("|")[1]].pop(0) if line.startswith("|") and rows.get(line.split("|")[1]) else line for line in old]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program"); parser.add_argument("cases", type=pathlib.Path); parser.add_argument("reference", type=pathlib.Path)
    parser.add_argument("document", type=pathlib.Path); parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="measure the cases whose names contain this and replace their rows")
    args = parser.parse_args()
    make(args.cases)
    table, inner = [], []
    for name, arguments in CASES:
        if args.only and args.only not in name:
            continue
        folder = args.reference / name if arguments is None else args.cases / name
        case = json.loads((folder / "case.json").read_text())
        solution = args.cases / f"{name}-solution.npy"
        args.cases.mkdir(parents=True, exist_ok=True)
        np.save(solution, np.array(case["solution"]))
        small = case["n"] * case["p"] < 1e6
        rounds = []
        for _ in range(args.rounds):
            mine = ours(args.program, folder, case, 500 if small else 30, solution)
            rounds.append((mine, peers(folder, 200 if small else 10)))
        exact = np.array(case["hypergradient"])
        error = max(float(np.linalg.norm(np.array(r[0]["hypergradient"]) - exact) / np.linalg.norm(exact)) for r in rounds)
        seconds = statistics.median(r[0]["hypergradient_seconds"] for r in rounds)

        def peer(prefix):
            found = [[row["seconds"] for key, row in r[1].items() if key.startswith(prefix) and "seconds" in row] for r in rounds]
            return statistics.median(min(f) for f in found) if all(found) else None
        columns = [peer("NumPy"), peer("sparho"), peer("JAXopt"), peer("PyTorch")]
        known = [c for c in columns if c]
        table.append((name, f"{case['n']} × {case['p']}", len(case["support"]), seconds, columns, min(known) / seconds, columns[1] / seconds if columns[1] else None, error))
        solve = statistics.median(ours(args.program, folder, case, 1)["inner"]["seconds"] for _ in range(3))
        loose, tight = (celer_seconds(folder, case, t) for t in (1e-6, 1e-10))
        inner.append((name, solve, loose, tight))
        print(f"{name:26s} {ms(seconds):>8s} ms  peers {[ms(c) for c in columns]}  fastest/ours {table[-1][5]:.2f}  inner {ms(solve)} celer {ms(loose)} {ms(tight)}", flush=True)

    kernel = next(line for line in subprocess.run([args.program, "info"], capture_output=True, text=True, env=OURS).stdout.splitlines() if line.startswith("kernel")).split()[-1]
    lines = [
        f"`scripts/compare-peers`, {platform.processor() or platform.machine()}, {os.cpu_count()} cores, BLAS kernel {kernel}; medians over {args.rounds} alternating rounds; milliseconds for one hypergradient once w is known.", "",
        "| case | n × p | support | this package | NumPy on support | sparho | best JAXopt | PyTorch AID-FP | fastest peer / ours | sparho / ours | relative error |",
        "|---|---|---|---|---|---|---|---|---|---|---|"]
    for name, shape, support, seconds, columns, ratio, sparho, error in table:
        lines.append(f"| {name} | {shape} | {support} | {ms(seconds)} | " + " | ".join(ms(c) for c in columns) + f" | {ratio:.1f} | {'–' if sparho is None else f'{sparho:.1f}'} | {error:.0e} |")
    lines += ["", "Solving the inner problem, milliseconds: this package to rounding (optimality conditions met to some ulps), celer to the relative duality gaps named.", "",
              "| case | this package, to rounding | celer, 1e-6 | celer, 1e-10 | celer 1e-10 / ours |", "|---|---|---|---|---|"]
    for name, solve, loose, tight in inner:
        lines.append(f"| {name} | {ms(solve)} | {ms(loose)} | {ms(tight)} | {tight / solve:.1f} |")
    begin, end = MARK.format("begin"), MARK.format("end")
    text = args.document.read_text()
    if begin not in text or end not in text:
        sys.exit(f"{args.document}: the marks that the table goes between are missing")
    if args.only:
        lines = replaced(text.split(begin)[1].split(end)[0].strip("\n").split("\n"), lines)
    head, tail = text.split(begin)[0], text.split(end)[1]
    temporary = args.document.with_suffix(".tmp")
    temporary.write_text(head + begin + "\n" + "\n".join(lines) + "\n" + end + tail)
    temporary.replace(args.document)


if __name__ == "__main__":
    main()
