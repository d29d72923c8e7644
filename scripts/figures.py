#!/usr/bin/env python3
"""Draws the paper's figures (PNG and PDF) and a table of their numbers (numbers.md) from the files in DATA_DIR that
implicit-diff-bench figures writes."""

import argparse
import os
import sys

try:
    from paperfigures import deterministic, numbers, stochastic
    from paperfigures.runs import Failure, load
except ImportError as error:
    sys.exit(f"figures: {error}; pip install -r scripts/requirements.txt brings what is needed")

FIGURES = (
    ("toy", deterministic.draw_toy),
    ("a", deterministic.draw_a),
    ("b", stochastic.draw_b),
    ("c", stochastic.draw_c),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", metavar="DATA_DIR", help="the folder with the runs, one JSON file each")
    parser.add_argument("out", metavar="OUT_DIR", help="where the pictures and numbers.md go")
    options = parser.parse_args()
    try:
        runs = load(options.data)
        os.makedirs(options.out, exist_ok=True)
        present = {figure for figure, _ in runs}
        for name, draw in FIGURES:
            if name in present:
                print(" ".join(draw(runs, options.out)))
            else:
                print(f"figure {name}: no run of it in {options.data}")
        print(numbers.write(runs, options.out))
    except Failure as failure:
        print(f"figures: {failure}", file=sys.stderr)
        return failure.status
    except KeyError as missing:
        print(f"figures: {options.data}: nothing called {missing} in the files; make them again", file=sys.stderr)
        return 65
    except OSError as error:
        print(f"figures: {error.filename}: {error.strerror}", file=sys.stderr)
        return 73
    return 0


if __name__ == "__main__":
    sys.exit(main())
