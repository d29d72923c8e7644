#!/usr/bin/env python3
"""Draws what `implicit-diff tune --json` wrote: the criterion at every strength that was tried, with the slope that the gradient says there, and
where the search ended.

    scripts/tuning.py REPORT.json PICTURE.png [--grid REPORT.json]

--grid adds the report of a grid search of the same problem as a line. For several strengths the criterion is drawn over evaluations instead.
"""

import argparse
import json

import numpy

try:
    from paperfigures.style import pyplot
except ImportError as error:
    raise SystemExit(f"tuning: {error}; pip install -r scripts/requirements.txt brings what is needed")


def records(path):
    with open(path) as file:
        report = json.load(file)
    return report, [r for r in report["trace"] if r.get("value") is not None]


def draw_curve(axes, report, trace, grid):
    if grid is not None:
        points = sorted((r["parameters"][0], r["value"]) for r in grid)
        axes.plot(*zip(*points), color="#999999", linewidth=1, label=f"grid of {len(points)} points")
    strengths = numpy.array([r["parameters"][0] for r in trace])
    values = numpy.array([r["value"] for r in trace])
    span = 0.06 * (numpy.log(strengths.max()) - numpy.log(strengths.min()) + 1)
    for record, strength, value in zip(trace, strengths, values):
        if record.get("log_gradient"):
            ends = strength * numpy.exp([-span, span])
            axes.plot(ends, value + record["log_gradient"][0] * numpy.array([-span, span]), color="#D55E00", linewidth=1)
    axes.plot(strengths, values, "o", color="#0072B2", markersize=4, label=f"{len(trace)} evaluations, with their slopes")
    best = report["best"]
    axes.plot(best["parameters"][0], best["value"], "*", color="#009E73", markersize=12, label="chosen")
    axes.set_xscale("log")
    axes.set_xlabel(report["names"][0])


def draw_evaluations(axes, report, trace):
    values = numpy.array([r["value"] for r in trace])
    axes.plot(numpy.arange(len(values)), values, ".", color="#999999", label="evaluations")
    axes.plot(numpy.arange(len(values)), numpy.minimum.accumulate(values), color="#0072B2", label="best so far")
    axes.set_xlabel(f"evaluation, {len(report['names'])} hyperparameters")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report")
    parser.add_argument("picture")
    parser.add_argument("--grid")
    arguments = parser.parse_args()
    report, trace = records(arguments.report)
    if not trace:
        raise SystemExit(f"tuning: {arguments.report} holds no evaluation that has a value")
    grid = records(arguments.grid)[1] if arguments.grid else None
    figure, axes = pyplot.subplots(figsize=(5.6, 3.2), layout="constrained")
    if len(report["names"]) == 1:
        draw_curve(axes, report, trace, grid)
    else:
        draw_evaluations(axes, report, trace)
    axes.set_ylabel("mean over folds" if report["criterion"] == "cv" else "validation loss")
    axes.legend(frameon=False)
    figure.savefig(arguments.picture, dpi=150)


if __name__ == "__main__":
    main()
