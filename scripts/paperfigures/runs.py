"""The files of `implicit-diff-bench figures`: reading, checking, means over seeds."""

import glob
import json
import os

import numpy as np

FORMAT = 2

# An error below the rounding unit is drawn as the unit: zero has no logarithm.
UNIT = 2.0**-53


class Failure(Exception):
    """One line for standard error, and the exit status."""

    def __init__(self, message, status):
        super().__init__(message)
        self.status = status


class Curve:
    """k, the axis and the error; nan where the method diverged."""

    def __init__(self, entry):
        self.k = np.array(entry["k"], dtype=float)
        self.x = np.array(entry["x"], dtype=float)
        error = np.array([np.nan if e is None else e for e in entry["error"]], dtype=float)
        self.error = np.where(error < UNIT, UNIT, error)

    def at(self, x):
        """The point of the grid that is nearest to x, and the error there."""
        nearest = int(np.argmin(np.abs(self.x - x)))
        return self.x[nearest], self.error[nearest]


class Run:
    def __init__(self, path):
        try:
            with open(path, encoding="utf-8") as file:
                content = json.load(file)
            found = content.get("format")
        except (OSError, ValueError, AttributeError):
            raise Failure(f"{path}: is not a file of implicit-diff-bench figures; move it away", 65)
        if found != FORMAT:
            raise Failure(
                f"{path}: format {found}; this script draws format {FORMAT}: "
                "run implicit-diff-bench figures of the same checkout again",
                65,
            )
        try:
            self.path = path
            self.version = content["version"]
            settings = content["settings"]
            self.figure, self.panel = settings["figure"], settings["panel"]
            self.seed, self.scale = settings["seed"], settings["scale"]
            self.numbers, self.words = settings["numbers"], settings["words"]
            self.facts = content["facts"]
            self.curves = {entry["name"]: Curve(entry) for entry in content["curves"]}
        except (KeyError, TypeError, ValueError) as error:
            raise Failure(f"{path}: is incomplete ({error}): run implicit-diff-bench figures again", 65)

    def fact(self, name):
        return self.facts[name][0]

    def common_settings(self):
        return (self.scale, self.version, sorted(self.numbers.items()), sorted(self.words.items()))


def load(folder):
    """The runs in a folder by (figure, panel), each a list in the order of the seeds."""
    paths = sorted(glob.glob(os.path.join(folder, "*.json")))
    if not paths:
        raise Failure(f"{folder}: no run in it; implicit-diff-bench figures --out {folder} makes them", 66)
    runs = {}
    for path in paths:
        run = Run(path)
        runs.setdefault((run.figure, run.panel), []).append(run)
    for group in runs.values():
        group.sort(key=lambda run: run.seed)
        for run in group[1:]:
            if run.common_settings() != group[0].common_settings():
                raise Failure(
                    f"{run.path}: has other settings than {group[0].path}: keep the runs of one scale and version "
                    "in a folder",
                    65,
                )
    return runs


class MeanCurve:
    """The geometric mean over seeds, exp(mean of log), and its band, times and divided by exp(std of log).

    Points where the method diverged for some seed are left out (nan), and `diverged` says so. The seeds share their
    grids, so nothing is interpolated.
    """

    def __init__(self, runs, name):
        curves = [run.curves[name] for run in runs]
        for run, curve in zip(runs, curves):
            if not np.array_equal(curve.k, curves[0].k):
                raise Failure(f"{run.path}: {name}: another grid than the other seeds'", 65)
        self.k, self.x = curves[0].k, curves[0].x
        errors = np.array([curve.error for curve in curves])
        logs = np.log(errors)
        self.arithmetic = errors.mean(axis=0)
        self.error, self.spread = np.exp(logs.mean(axis=0)), np.exp(logs.std(axis=0))
        self.diverged = bool(np.isnan(logs).any())

    at = Curve.at

    def arithmetic_at(self, x):
        return self.arithmetic[int(np.argmin(np.abs(self.x - x)))]


def fitted_slope(x, error):
    """The least-squares slope of log(error) against x; None with fewer than three points."""
    return float(np.polyfit(x, np.log(error), 1)[0]) if len(x) >= 3 else None


def slope_after(curve, start, floor=1e-11):
    """The slope of log(error) a step from `start` on, above the floor that rounding sets."""
    chosen = (curve.x >= start) & (curve.error > floor)
    return fitted_slope(curve.x[chosen], curve.error[chosen])
