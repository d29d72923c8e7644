#!/usr/bin/env python3
"""Draws the pictures of docs/Kinks.md into OUT_DIR: a lasso of five unknowns by trying every pattern of signs, so that nothing of the
package is in them."""

import argparse
import itertools
import os

import numpy

try:
    from paperfigures.style import pyplot
except ImportError as error:
    raise SystemExit(f"kinks: {error}; pip install -r scripts/requirements.txt brings what is needed")

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
# At λ = 1 the solution is (2, 0, 0, 0, −1), and three features are exactly at their thresholds: + for 1 and 3, − for 2.
Q = numpy.array([[4, 1, -1, 0, 0], [1, 3, 1, 1, 0], [-1, 1, 4, 0, 1], [0, 1, 0, 3, -1], [0, 0, 1, -1, 5]], float)
SOLUTION = numpy.array([2, 0, 0, 0, -1], float)
C = Q @ SOLUTION + numpy.array([1, 1, -1, 1, -1], float)
TARGET = numpy.array([1.5, 0.6, 0.4, 0.8, -0.5])


def solve(strength):
    """The minimizer of wᵀQw/2 − cᵀw + λ‖w‖₁."""
    best, least = None, numpy.inf
    for signs in itertools.product((-1, 0, 1), repeat=len(C)):
        signs = numpy.array(signs)
        chosen = signs != 0
        w = numpy.zeros(len(C))
        w[chosen] = numpy.linalg.solve(Q[numpy.ix_(chosen, chosen)], (C - strength * signs)[chosen])
        excess = numpy.abs(C - Q @ w) - strength
        violation = max(numpy.max(numpy.where(chosen, -signs * w, excess)), 0)
        if violation < least:
            best, least = w, violation
    return best


def outer(w):
    return 0.5 * numpy.sum((w - TARGET) ** 2)


def derivative(chosen, signs):
    """f'(λ) of the piece with this support."""
    w = numpy.zeros(len(C))
    w[chosen] = numpy.linalg.solve(Q[numpy.ix_(chosen, chosen)], -signs[chosen])
    return (SOLUTION - TARGET) @ w


def draw_path(out):
    strengths = numpy.linspace(0, 10, 2001)
    path = numpy.array([solve(s) for s in strengths])
    bends = numpy.abs(numpy.diff(path, 2, axis=0)).max(axis=1) > 1e-9
    figure, axes = pyplot.subplots(figsize=(5.6, 2.6), layout="constrained")
    for j, color in enumerate(COLORS):
        axes.plot(strengths, path[:, j], color=color, label=f"feature {j}")
    for place in strengths[1:-1][bends]:
        axes.axvline(place, color="#333333", linewidth=0.5, linestyle=":")
    axes.set_xlabel("λ")
    axes.set_ylabel("w(λ)")
    axes.legend(fontsize=7, ncols=2)
    return save(figure, out, "kinks-path")


def draw_kink(out):
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(7.2, 2.7), layout="constrained")
    strengths = numpy.linspace(0.7, 1.3, 241)
    path = numpy.array([solve(s) for s in strengths])
    for j, color in enumerate(COLORS):
        left.plot(strengths, path[:, j], color=color, label=f"feature {j}")
    left.set_xlabel("λ")
    left.set_ylabel("w(λ)")
    left.legend(fontsize=7, ncols=2)
    signs = numpy.array([1, 1, -1, 1, -1], float)
    selections = []
    for more in itertools.product((False, True), repeat=3):
        chosen = numpy.array([True, *more, True])
        selections.append(derivative(chosen, signs))
    values = numpy.array([outer(w) for w in path])
    slopes = numpy.diff(values) / numpy.diff(strengths)
    middles = (strengths[1:] + strengths[:-1]) / 2
    for side in (middles < 1, middles > 1):
        right.plot(middles[side], slopes[side], color=COLORS[0])
    right.plot([1, 1], [min(selections), max(selections)], color="#bbbbbb", linewidth=4, zorder=1)
    right.scatter(numpy.ones(len(selections)), selections, color=COLORS[1], s=14, zorder=3, label="the 8 selections")
    h = 1e-6
    ends = [(outer(solve(1 + h)) - outer(SOLUTION)) / h, (outer(SOLUTION) - outer(solve(1 - h))) / h]
    right.scatter([1, 1], ends, facecolors="none", edgecolors="black", s=60, zorder=4, label="the two one-sided derivatives")
    right.set_xlabel("λ")
    right.set_ylabel("f′(λ)")
    right.legend(fontsize=7)
    print(f"selections {min(selections):.4f} … {max(selections):.4f}, one-sided {ends[0]:.4f} (up), {ends[1]:.4f} (down)")
    return save(figure, out, "kinks-derivative")


def save(figure, out, name):
    path = os.path.join(out, name + ".png")
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", metavar="OUT_DIR", help="where the pictures go, as docs/figures")
    out = parser.parse_args().out
    os.makedirs(out, exist_ok=True)
    print(draw_path(out), draw_kink(out))


if __name__ == "__main__":
    main()
