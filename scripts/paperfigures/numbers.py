"""numbers.md: what an independent float64 reproduction found, beside what the files hold."""

import math
import os

import numpy as np

from .runs import MeanCurve, fitted_slope, slope_after

NOT_RUN = "not run"

B_FACTORS = (0.98239, 0.97691, 0.97882, 0.98114, 0.97545, 0.97767, 0.97893, 0.97896, 0.98215, 0.97504)
B_EPOCHS = (10, 20, 40, 75)
B_ERRORS = (
    ("AID-FP", ("5e-2", "2e-2", "1e-2", "4e-3")),
    ("NSID decreasing", ("1.6e-2", "1e-2", "8e-3", "3e-3")),
    ("SID decreasing", ("stays near 4e-2",) * 4),
)


class Table:
    def __init__(self, title):
        self.lines = [f"## {title}", "", "| number | reference | here |", "|---|---|---|"]

    def row(self, name, reference, here):
        self.lines.append(f"| {name} | {reference} | {here} |")

    def text(self):
        return "\n".join(self.lines) + "\n"


def number(value, digits=7):
    """Shortest with so many digits, in the typography of the reference column."""
    if not math.isfinite(value):
        return "diverged"
    mantissa, e, exponent = f"{value:.{digits}g}".partition("e")
    return (mantissa + (f"e{int(exponent)}" if e else "")).replace("-", "−", 1 if value < 0 else 0)


def magnitude(value):
    """An error, with two digits and a power of ten."""
    if not math.isfinite(value):
        return "diverged"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def fixed(value, places):
    return f"{value:.{places}f}".replace("-", "−")


def vector(values):
    return "(" + ", ".join(fixed(value, 6) for value in values) + ")"


def steps_from_files(runs):
    """What the runs have in common, as a line."""
    some = next(iter(runs.values()))[0]
    rules = {run.words["steps"] for group in runs.values() for run in group if "steps" in run.words}
    rule = f", step sizes: {', '.join(sorted(rules))}" if rules else ""
    return f"Version {some.version}, {some.scale} scale{rule}."


def panel_table(runs, panel, title, reference):
    """Figure A: `reference` maps a fact to what theory.md has, and `errors` t to (ITD, AID-FP)."""
    table = Table(title)
    group = runs.get(("a", panel))
    run = group[0] if group else None

    def here(compute):
        return NOT_RUN if run is None else compute(run)

    for name, label, show in (
        ("L", "L", number), ("mu", "μ", lambda v: number(v, 5)), ("step", "s", lambda v: number(v, 6)),
        ("q", "q", lambda v: fixed(v, 6)), ("q_S", "q_S", lambda v: fixed(v, 6)),
        ("support", "support", lambda v: f"{v:.0f}"), ("identified", "support identified at t", lambda v: f"{v:.0f}"),
    ):
        if name in reference:
            table.row(label, reference[name], here(lambda run: show(run.fact(name))))
    table.row("hypergradient", reference["hypergradient"], here(lambda run: vector(run.facts["hypergradient"])))
    t, errors = reference["errors"]
    for name, expected in zip(("ITD", "AID-FP"), errors):
        def error(run):
            x, value = run.curves[name].at(t)
            return magnitude(value) + ("" if x == t else f" (t = {x:.0f})")
        table.row(f"error of {name} at t = {t}", expected, here(error))
    for name in ("ITD", "AID-FP"):
        def slope(run):
            value = slope_after(run.curves[name], run.fact("identified"))
            logs = [fixed(math.log(run.fact(factor)), 4) for factor in ("q_S", "q")]
            return f"{fixed(value, 4)} (log q_S = {logs[0]}, log q = {logs[1]})"
        table.row(f"slope of {name} after identification", reference["slope"] + ", log q_S", here(slope))
    if "crossing" in reference:
        table.row("AID-FP is worse than ITD before t", reference["crossing"], here(last_crossing))
    if "stall" in reference:
        def stall(run):
            curve = run.curves["AID-CG as the authors ran it"]
            late = curve.error[curve.x >= 200]
            return f"{magnitude(late.min())} to {magnitude(late.max())} from t = 200 on"
        table.row("AID-CG as the authors ran it stalls at", reference["stall"], here(stall))
        def restricted(run):
            return f"{magnitude(run.curves['AID-CG, symmetric form'].error[-1])} at t = {run.numbers['iterations']:.0f}"
        table.row("AID-CG, symmetric form", "does not stall", here(restricted))
    return table.text()


def last_crossing(run):
    itd, fixed = run.curves["ITD"], run.curves["AID-FP"]
    worse = np.nonzero(fixed.error > itd.error)[0]
    return "never" if len(worse) == 0 else f"{fixed.x[min(worse[-1] + 1, len(fixed.x) - 1)]:.0f}"


def toy_table(runs):
    table = Table("Toy")
    group = runs.get(("toy", "elastic-net"))
    if not group:
        table.row("toy figure", "–", NOT_RUN)
        return table.text()
    run = group[0]
    for name, label in (("q", "q"), ("q_S", "q_S"), ("q_range", "q_S on the range of X_Sᵀ")):
        table.row(label, "–", fixed(run.fact(name), 6))
    table.row("support", "–", f"{run.fact('support'):.0f}")
    table.row("support identified at t", "–", f"{run.fact('identified'):.0f}")
    table.row("hypergradient", "–", vector(run.facts["hypergradient"]))
    for name in ("ITD", "AID-FP"):
        slope = slope_after(run.curves[name], run.fact("identified"), floor=1e-8)
        table.row(f"slope of {name} after identification", f"{fixed(math.log(run.fact('q_range')), 4)}, the range's", fixed(slope, 4))
    return table.text()


def b_table(runs):
    group = runs.get(("b", "elastic-net"), [])
    table = Table("B")
    by_seed = {run.seed: run for run in group}
    for seed, reference in enumerate(B_FACTORS):
        run = by_seed.get(seed)
        table.row(f"q, seed {seed}", f"{reference:.5f}", NOT_RUN if run is None else f"{run.fact('q'):.5f}")
    for name, references in B_ERRORS:
        curve = MeanCurve(group, name) if group else None
        for epochs, reference in zip(B_EPOCHS, references):
            here = NOT_RUN
            if curve is not None:
                x, error = curve.at(epochs)
                here = f"{magnitude(error)}, {magnitude(curve.arithmetic_at(epochs))} (at {x:.1f})"
            table.row(f"mean error of {name} at {epochs} epochs, geometric, arithmetic", reference, here)
    if not group:
        table.row("bias of SID by seed", "7e-4 to 0.15", NOT_RUN)
        table.row("slope of NSID, with replacement", "−1/2", NOT_RUN)
        table.row("slope of NSID, reshuffled epochs", "near −1", NOT_RUN)
        table.row("variance-reduced NSID at the exact solution", "linear", NOT_RUN)
        return table.text()
    # A single error is noisy: the geometric mean of the last fifth of a seed's grid.
    tails = [tail_mean(run.curves["SID decreasing"]) for run in group]
    table.row("error of SID near the end, by seed", "7e-4 to 0.15", f"{magnitude(min(tails))} to {magnitude(max(tails))}")
    for name, label, reference in (
        ("NSID decreasing, with replacement", "slope of NSID, with replacement", "−1/2"),
        ("NSID decreasing", "slope of NSID, reshuffled epochs", "near −1"),
    ):
        curve = MeanCurve(group, name)
        late = curve.k >= curve.k[-1] / 8
        slope = fitted_slope(np.log(curve.k[late]), curve.error[late])
        table.row(label, reference, f"{fixed(slope, 2)} (fitted from k = {curve.k[late][0]:.0f} on)")
    curve = MeanCurve(group, "NSID variance-reduced, at the exact solution")
    falling = curve.error > 1e-11
    slope = fitted_slope(curve.x[falling], curve.error[falling])
    table.row(
        "variance-reduced NSID at the exact solution", "linear, past 1e-8",
        f"{magnitude(curve.error.min())} reached" + ("" if slope is None else f", factor {math.exp(slope):.3f} an epoch"),
    )
    return table.text()


def tail_mean(curve):
    tail = curve.error[-max(1, len(curve.error) // 5):]
    return float(np.exp(np.log(tail).mean()))


def c_table(runs):
    group = runs.get(("c", "poisoning"), [])
    table = Table("C")
    rows = (
        ("support identified at the last iterate", "no"), ("floor of AID-FP at the last iterate", "near 0.1"), ("AID-FP at the end", "–"),
        ("NSID decreasing at the end", "–"), ("NSID constant at the end", "–"), ("q", "–"), ("step", "–"),
        ("training digits", "30,000"), ("support of the solution", "–"), ("support at the last iterate", "–"),
        ("norm of the hypergradient", "–"), ("accuracy on the held-out digits", "–"), ("first decreasing step", "–"),
        ("constant step", "–"),
    )
    if not group:
        for name, reference in rows:
            table.row(name, reference, NOT_RUN)
        return table.text()

    def span(name, digits=4):
        values = [run.fact(name) for run in group]
        low, high = (number(value, digits) for value in (min(values), max(values)))
        return low if low == high else f"{low} to {high}"

    identified = sum(run.fact("identified_at_the_state") for run in group)
    here = [f"no, for {len(group)} of {len(group)} seeds" if identified == 0 else f"for {identified:.0f} of {len(group)} seeds"]
    here.append(span("floor_of_AID", 2))
    for name in ("AID-FP", "NSID decreasing", "NSID constant"):
        curve = MeanCurve(group, name)
        here.append(f"{magnitude(curve.error[-1])} (at {curve.x[-1]:.0f} epochs)")
    here += [
        span("q", 6), span("step"), span("train", 6), span("support"), span("support_at_the_state"),
        span("hypergradient_norm"), span("accuracy", 3), span("decreasing_first_step"), span("constant_step"),
    ]
    for (name, reference), found in zip(rows, here):
        table.row(name, reference, found)
    return table.text()


def write(runs, folder):
    parts = [
        "# The figures' numbers\n",
        "The reference column was measured independently in float64 (figure A, B) or is what the theory predicts; the "
        "other one is computed from the files of `implicit-diff-bench figures`. The pictures show geometric means; nothing "
        f"is interpolated: the point of the grid that was read stands in parentheses. {steps_from_files(runs)}\n",
        toy_table(runs),
        panel_table(
            runs, "sparse", "A, λ = (0.02, 0.002)",
            {
                "L": "3.901064", "mu": "3.0044e-4", "step": "0.512116", "q": "0.998822", "q_S": "0.936810",
                "support": "46", "identified": "175", "hypergradient": "(2.691505, 4.801274)",
                "errors": (300, ("2.2e-5", "2.1e-6")), "slope": "−0.0653", "crossing": "about 100",
                "stall": "3e-3 to 1e-2",
            },
        ),
        panel_table(
            runs, "dense", "A, λ = (0.002, 0.002)",
            {
                "q_S": "0.988829", "support": "77", "identified": "587", "hypergradient": "(−8.332163, 21.229822)",
                "errors": (1000, ("1.2e-3", "3.9e-4")), "slope": "−0.0112",
            },
        ),
        b_table(runs),
        c_table(runs),
    ]
    path = os.path.join(folder, "numbers.md")
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write("\n".join(parts))
    os.replace(path + ".part", path)
    return path
