#!/usr/bin/env python3
"""Tunes on real data by this package, by a grid of it and by scikit-learn; writes the table and the picture of docs/RealData.md.

    real_data.py PROGRAM DATA DOCUMENT PICTURE [--limit 120]

DATA is the folder that `scripts/fetch-data tuning` makes. Each tool chooses by cross-validation on the rows of NAME-train and is judged by those of NAME-test.
Seconds are those of choosing, without reading. What takes more than --limit seconds is ended and said to.
"""

import argparse
import json
import multiprocessing
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
MARK = "<!-- measured by scripts/compare-peers --real-data: {} -->"
CASES = {
    "diabetes": dict(file="diabetes-{}.csv", options=["--penalty", "elastic-net", "--intercept", "--standardize"], folds=10),
    "breast cancer": dict(file="breast-cancer-{}.csv", options=["--model", "logistic", "--intercept", "--standardize"], folds=10),
    "breast cancer, svm": dict(file="breast-cancer-{}.csv", options=["--model", "svm", "--intercept", "--standardize"], folds=10),
    "digits": dict(file="digits-{}.csv", options=["--model", "multinomial", "--intercept"], folds=5),
    "words": dict(file="words-{}.svm", options=["--penalty", "elastic-net", "--intercept"], folds=5),
}


def command(arguments, limit):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=limit)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout)


def tuned(program, data, case, limit, *more):
    """The report of a search, and what its model makes of the other rows."""
    sizes = ["--features", len((data / "words-features.txt").read_text().split())] if case["file"].endswith(".svm") else []
    with tempfile.TemporaryDirectory() as folder:
        report = command([program, "tune", data / case["file"].format("train"), *case["options"], *sizes, "--criterion", "cv", "--folds", case["folds"],
                          *more, "--out", folder, "--json", "-"], limit)
        judged = command([program, "predict", folder, data / case["file"].format("test"), "--json", "-"], limit)
    return report, judged


def read(data, case):
    """Features and targets of both parts, for scikit-learn."""
    if case["file"].endswith(".svm"):
        from sklearn.datasets import load_svmlight_file
        count = len((data / "words-features.txt").read_text().split())
        return [load_svmlight_file(str(data / case["file"].format(part)), n_features=count) for part in ("train", "test")]
    tables = [[line.split(",") for line in (data / case["file"].format(part)).read_text().split()[1:]] for part in ("train", "test")]
    return [(numpy.array([row[:-1] for row in t], float), numpy.array([row[-1] for row in t])) for t in tables]


def peer(name, data, queue):
    """scikit-learn's estimator that people take, with a grid of its own for the folds: seconds, label, points, score on the other rows."""
    from sklearn.linear_model import ElasticNetCV, LogisticRegressionCV
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC
    warnings.simplefilter("ignore")
    case = CASES[name]
    (X, y), (Z, v) = read(data, case)
    ratios, folds = [.1, .5, .7, .9, .95, .99, 1], case["folds"]
    model, label, points = {
        "diabetes": lambda: (make_pipeline(StandardScaler(), ElasticNetCV(l1_ratio=ratios, cv=folds)), "ElasticNetCV", 700),
        "breast cancer": lambda: (make_pipeline(StandardScaler(), LogisticRegressionCV(Cs=100, cv=folds, penalty="l1", solver="liblinear", scoring="neg_log_loss")),
                                  "LogisticRegressionCV, liblinear", 100),
        "breast cancer, svm": lambda: (make_pipeline(StandardScaler(), GridSearchCV(LinearSVC(loss="hinge", max_iter=100_000), {"C": numpy.geomspace(1e-4, 1e4, 100)}, cv=folds)),
                                       "GridSearchCV of LinearSVC", 100),
        "digits": lambda: (LogisticRegressionCV(Cs=10, cv=folds, penalty="l1", solver="saga", scoring="neg_log_loss", max_iter=1000), "LogisticRegressionCV, saga", 10),
        "words": lambda: (ElasticNetCV(l1_ratio=[.1, .5, .9], cv=folds), "ElasticNetCV", 300),
    }[name]()
    if case["file"].startswith(("diabetes", "words")):
        y, v = y.astype(float), v.astype(float)
    start = time.perf_counter()
    model.fit(X, y)
    queue.put((time.perf_counter() - start, f"scikit-learn, {label}", points, float(model.score(Z, v))))


def limited_peer(name, data, limit):
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=peer, args=(name, data, queue))
    process.start()
    process.join(limit)
    if process.is_alive():
        process.terminate()
        process.join()
        return None
    return queue.get(timeout=10) if process.exitcode == 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program"); parser.add_argument("data", type=pathlib.Path); parser.add_argument("document", type=pathlib.Path)
    parser.add_argument("picture", type=pathlib.Path); parser.add_argument("--limit", type=float, default=120)
    args = parser.parse_args()
    lines = ["| data | tool | seconds | evaluations or points | mean over folds | on the rows left out |", "|---|---|---|---|---|---|"]
    drawn = {}
    for name, case in CASES.items():
        def row(tool, seconds, points, value, score):
            unit = "R² {:.4f}" if case["options"][0] != "--model" else "{:.2%} right"
            lines.append(f"| {name} | {tool} | {seconds:.3g} | {points} | {value} | {unit.format(score)} |")
            print(lines[-1], flush=True)
        for tool, more in (("`tune`", []), ("`tune --optimizer grid`", ["--optimizer", "grid", "--points", "10" if "elastic-net" in case["options"] else "100"])):
            try:
                report, judged = tuned(args.program, args.data, case, args.limit, *more)
            except subprocess.TimeoutExpired:
                lines.append(f"| {name} | {tool} | over {args.limit:g} | – | – | – |")
                print(lines[-1], flush=True)
                continue
            drawn.setdefault(name, []).append(report)
            row(tool, report["seconds"]["tuning"], report["evaluations"], f"{report['best']['value']:.7g}", judged.get("r_squared", judged.get("accuracy")))
        found = limited_peer(name, args.data, args.limit)
        if found is None:
            lines.append(f"| {name} | scikit-learn | over {args.limit:g} | – | – | – |")
            print(lines[-1], flush=True)
        else:
            row(found[1], found[0], found[2], "–", found[3])
    draw(drawn, args.picture)
    begin, end = MARK.format("begin"), MARK.format("end")
    text = args.document.read_text()
    if begin not in text or end not in text:
        sys.exit(f"{args.document}: the marks that the table goes between are missing")
    args.document.write_text(text.split(begin)[0] + begin + "\n" + "\n".join(lines) + "\n" + end + text.split(end)[1])


def draw(drawn, path):
    """The mean over folds along the strength, for the cases that have one."""
    from paperfigures.style import pyplot
    import tuning
    single = {name: reports for name, reports in drawn.items() if len(reports[0]["names"]) == 1}
    figure, axes = pyplot.subplots(1, len(single), figsize=(4 * len(single), 3.2), layout="constrained")
    for axis, (name, reports) in zip(numpy.atleast_1d(axes), single.items()):
        traces = [[r for r in report["trace"] if r.get("value") is not None] for report in reports]
        tuning.draw_curve(axis, reports[0], traces[0], traces[1] if len(traces) > 1 else None)
        values = [r["value"] for r in traces[0]]
        axis.set_ylim(min(values) - .05 * abs(min(values)), 1.6 * min(values))
        axis.set_title(name)
        axis.set_ylabel("mean over folds")
        axis.legend(frameon=False, fontsize=7)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
