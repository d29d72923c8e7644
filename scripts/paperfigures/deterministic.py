"""The toy figure and figure A: iterative against implicit differentiation, both after t steps."""

import numpy as np

from .style import GUIDE, legend_below, line, pyplot, save

ORDER = ("ITD", "AID-CG as the authors ran it", "AID-FP", "AID-CG, symmetric form")


def draw_toy(runs, folder):
    run = runs[("toy", "elastic-net")][0]
    figure, axes = pyplot.subplots(figsize=(5.6, 4.6), layout="constrained")
    draw_panel(axes, run, f"Toy elastic net, {title(run)}")
    legend_below(figure, [axes], 2)
    return save(figure, folder, "toy", caption(run) + ".")


def draw_a(runs, folder):
    panels = [(panel, runs[("a", panel)][0]) for panel in ("sparse", "dense") if ("a", panel) in runs]
    figure, axes = pyplot.subplots(
        1, len(panels), figsize=(4.9 * len(panels), 4.4), layout="constrained", squeeze=False
    )
    for one, (panel, run) in zip(axes[0], panels):
        draw_panel(one, run, f"{panel.capitalize()}: {title(run)}")
    legend_below(figure, axes[0], 3)
    return save(figure, folder, "a", "; ".join(f"{panel}: {caption(run)}" for panel, run in panels) + ".")


def title(run):
    return rf"$\lambda$ = ({run.numbers['lambda1']:g}, {run.numbers['lambda2']:g}), |S| = {run.fact('support'):.0f}"


def caption(run):
    return (
        f"Normalised error of the hypergradient against t, seed {run.seed}, "
        f"lambda = ({run.numbers['lambda1']:g}, {run.numbers['lambda2']:g}), {run.scale} scale, "
        f"support of {run.fact('support'):.0f} identified at t = {run.fact('identified'):.0f} (grey line), "
        f"q = {run.fact('q'):.6f}, q_S = {run.fact('q_S'):.6f}"
    )


def draw_panel(axes, run, heading):
    identified = run.fact("identified")
    axes.axvline(identified, color="#9a9a9a", linewidth=1.1, zorder=1)
    for name in ORDER:
        curve = run.curves[name]
        line(axes, name, curve.x, curve.error)
    axes.set_yscale("log")
    axes.set_xlim(0, run.numbers["iterations"])
    axes.set_title(heading, fontsize=9)
    axes.set_xlabel("t")
    axes.set_ylabel("normalised error of the hypergradient")
    axes.annotate(
        f"support identified,\nt = {identified:.0f}", (identified, 0.985), xycoords=("data", "axes fraction"),
        xytext=(4, 0), textcoords="offset points", va="top", fontsize=7.5, color="#777777",
    )
    draw_guides(axes, run, identified)


def draw_guides(axes, run, identified):
    """Lines of the theoretical slopes, a little above AID-FP where it is first seen with the support identified."""
    bottom, top = axes.get_ylim()
    curve = run.curves["AID-FP"]
    first = min(int(np.searchsorted(curve.x, identified)), len(curve.x) - 1)
    t = np.array([curve.x[first], run.numbers["iterations"]])
    factors = [("q_S", "slope log $q_S$", (0, (2, 2))), ("q", "slope log q", (0, (1, 3)))]
    if abs(run.fact("q") - run.fact("q_S")) < 1e-9:
        factors = [("q", "slope log $q_S$ = log q", (0, (2, 2)))]
    if abs(run.fact("q_range") - run.fact("q_S")) > 1e-9:
        factors.append(("q_range", r"slope log $q_S$ on the range of $X_S^\top$", (0, (6, 2))))
    for name, label, style in factors:
        # A power of t is a straight line on this axis: two points are enough.
        guide = 3 * curve.error[first] * run.fact(name) ** (t - t[0])
        axes.plot(t, np.maximum(guide, 1e-300), linestyle=style, label=label, **GUIDE)
    axes.set_ylim(max(bottom, 1e-15), 3 * top)
