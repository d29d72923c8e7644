"""Figures B and C: means over seeds with geometric bands, over epochs."""

import numpy as np
from matplotlib.ticker import LogFormatterSciNotation, LogLocator

from .runs import MeanCurve
from .style import GUIDE, band, legend_below, pyplot, save


def seeds(runs):
    numbers = [run.seed for run in runs]
    if len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"seeds {numbers[0]}–{numbers[-1]}"
    return ("seeds " if len(numbers) > 1 else "seed ") + ", ".join(map(str, numbers))


def over_epochs(axes, runs, names, last, bottom, heading):
    curves = {name: MeanCurve(runs, name) for name in names}
    for name, curve in curves.items():
        band(axes, name, curve)
    axes.set_yscale("log")
    axes.set_xlim(0, last)
    axes.set_ylim(bottom, 1.5)
    axes.set_title(heading, fontsize=9)
    axes.set_xlabel("epochs")
    axes.set_ylabel("normalised error of the hypergradient")


def draw_b(runs, folder):
    group = runs[("b", "elastic-net")]
    figure, axes = pyplot.subplots(
        1, 3, figsize=(12.6, 4.4), layout="constrained", gridspec_kw={"width_ratios": [1.5, 1, 1]}
    )
    over_epochs(
        axes[0], group,
        ["NSID constant", "SID decreasing", "NSID decreasing", "AID-FP", "NSID variance-reduced"], 75,
        # The variance-reduced curve goes on in the panel at the right.
        3e-4,
        f"Elastic net, minibatches of {group[0].numbers['batch']:.0f}, {seeds(group)}",
    )
    draw_rate(axes[1], group)
    draw_variance_reduction(axes[2], group)
    legend_below(figure, axes, 4)
    return save(
        figure, folder, "b",
        f"Left: normalised error of the hypergradient against epochs, geometric mean over {seeds(group)} with a band "
        f"times and divided by exp(std of log), steps: {group[0].words['steps']}, {group[0].scale} scale. Middle: "
        "NSID sampling with replacement against its steps k in log-log, with a slope of -1/2. Right: variance-reduced "
        "NSID against epochs, at the last deterministic iterate and at the exact inner solution.",
    )


def label_twos_and_fives(axes):
    """For an axis of few decades."""
    axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
    axes.yaxis.set_minor_formatter(LogFormatterSciNotation(minor_thresholds=(np.inf, np.inf)))


def draw_rate(axes, group):
    name = "NSID decreasing, with replacement"
    curve = MeanCurve(group, name)
    band(axes, name, curve, x=curve.k)
    axes.set_xscale("log")
    axes.set_yscale("log")
    # The guide passes above the last point, where the rate has set in.
    anchor = 2 * curve.error[-1] * np.sqrt(curve.k[-1])
    axes.plot(curve.k, anchor / np.sqrt(curve.k), linestyle=(0, (5, 3)), **GUIDE)
    middle = np.sqrt(curve.k[0] * curve.k[-1])
    axes.annotate(
        "slope −1/2", (middle, anchor / np.sqrt(middle)), xytext=(6, 8), textcoords="offset points", fontsize=8
    )
    axes.set_title("Sampling with replacement", fontsize=9)
    label_twos_and_fives(axes)
    axes.set_xlabel("steps k")


def draw_variance_reduction(axes, group):
    exact = "NSID variance-reduced, at the exact solution"
    curve = MeanCurve(group, exact)
    band(axes, exact, curve)
    band(axes, "NSID variance-reduced", MeanCurve(group, "NSID variance-reduced"))
    axes.set_yscale("log")
    reached = np.nonzero(curve.error <= 1e-12)[0]
    axes.set_xlim(0, curve.x[min(reached[0] + 3, len(curve.x) - 1)] if len(reached) else curve.x[-1])
    axes.set_ylim(1e-13, 3)
    axes.axhline(1e-12, color="#9a9a9a", linewidth=0.9, linestyle=(0, (1, 2)))
    axes.set_title("Variance-reduced", fontsize=9)
    axes.set_xlabel("epochs")


def draw_c(runs, folder):
    group = runs[("c", "poisoning")]
    floor = float(np.exp(np.mean(np.log([run.fact("floor_of_AID") for run in group]))))
    figure, axes = pyplot.subplots(figsize=(5.6, 4.6), layout="constrained")
    over_epochs(
        axes, group, ["NSID constant", "NSID decreasing", "AID-FP"], group[0].numbers["epochs"],
        0.7 * floor,
        f"Data poisoning, {group[0].numbers['digits']:,.0f} digits, minibatches of {group[0].numbers['batch']:.0f}, "
        f"{seeds(group)}",
    )
    axes.axhline(floor, label="the linear system solved exactly", linestyle=(0, (2, 2)), **GUIDE)
    label_twos_and_fives(axes)
    legend_below(figure, [axes], 2)
    return save(
        figure, folder, "c",
        f"Normalised error of the hypergradient against epochs, geometric mean over {seeds(group)} with a band times "
        f"and divided by exp(std of log), steps: {group[0].words['steps']}, {group[0].scale} scale, "
        f"{group[0].numbers['digits']:.0f} MNIST digits. Dashed: the linear system solved exactly at the same iterate, "
        "where AID-FP ends.",
    )
