"""Colours, axes and files."""

import os

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot  # noqa: E402 (the backend is chosen first)

# Okabe and Ito's colours, told apart by colour-blind readers; line styles differ as well.
STYLES = {
    "ITD": ("#D55E00", "-"),
    "AID-FP": ("#0072B2", "-"),
    "AID-CG as the authors ran it": ("#CC79A7", "-"),
    "AID-CG, symmetric form": ("#009E73", (0, (5, 3))),
    "NSID decreasing": ("#E69F00", "-"),
    "NSID decreasing, with replacement": ("#56B4E9", "-"),
    "NSID constant": ("#CC79A7", (0, (4, 1.5))),
    "SID decreasing": ("#D55E00", (0, (6, 1.5, 1, 1.5))),
    "NSID variance-reduced": ("#009E73", "-"),
    "NSID variance-reduced, at the exact solution": ("#000000", (0, (5, 2))),
}

GUIDE = {"color": "#333333", "linewidth": 0.9}

pyplot.rcParams.update(
    {
        "font.size": 9,
        "axes.grid": True,
        "grid.color": "#e4e4e4",
        "grid.linewidth": 0.6,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "lines.linewidth": 1.5,
        "pdf.fonttype": 42,
    }
)


def line(axes, name, x, error, label=None, **more):
    color, style = STYLES[name]
    return axes.plot(x, error, color=color, linestyle=style, label=label or name, **more)[0]


def band(axes, name, curve, x=None, label=None):
    """A mean over seeds with its band."""
    x = curve.x if x is None else x
    label = (label or name) + (", diverged for some seeds" if curve.diverged else "")
    line(axes, name, x, curve.error, label=label)
    axes.fill_between(
        x, curve.error / curve.spread, curve.error * curve.spread, color=STYLES[name][0], alpha=0.16, linewidth=0
    )


def legend_below(figure, axes, columns):
    """One legend for all panels under them, where it covers nothing."""
    entries = {}
    for one in axes:
        for handle, label in zip(*one.get_legend_handles_labels()):
            entries.setdefault(label, handle)
    figure.legend(
        list(entries.values()), list(entries.keys()), loc="outside lower center", ncols=columns, handlelength=2.8
    )


def save(figure, folder, name, caption):
    """PNG and PDF with the caption as metadata; no dates inside, so that equal runs give equal files."""
    paths = [os.path.join(folder, name + ending) for ending in (".png", ".pdf")]
    figure.savefig(paths[0], dpi=150, metadata={"Title": name, "Description": caption, "Software": None})
    figure.savefig(paths[1], metadata={"Title": name, "Subject": caption, "CreationDate": None})
    pyplot.close(figure)
    return paths
