#!/usr/bin/env python3
"""Draws the rows of a matrix, each a square grey image, as a sheet: digits, say, poisoned ones.

Entries lie in [0, 1], or in [-1, 1] where some are below -1/2; what lies outside is clipped.
"""

import argparse
import math
import sys

try:
    import matplotlib

    matplotlib.use("Agg")
    import numpy as np
    from matplotlib import pyplot
except ImportError as error:
    sys.exit(f"picture-sheet: {error}; pip install -r scripts/requirements.txt brings what is needed")


class Failure(Exception):
    pass


def read_images(path):
    """The images, count x side x side, in [0, 1]."""
    try:
        rows = np.load(path, allow_pickle=False)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or 'is not a NumPy array'}")
    except ValueError:
        raise Failure(f"{path}: is not a NumPy array of numbers")
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.size == 0 or rows.dtype.kind not in "fiub":
        raise Failure(f"{path}: is not a matrix of numbers with an image in each row")
    side = math.isqrt(rows.shape[1])
    if side * side != rows.shape[1]:
        raise Failure(f"{path}: {rows.shape[1]} columns are no square image")
    rows = rows.astype(float)
    if not np.isfinite(rows).all():
        raise Failure(f"{path}: has entries that are not finite")
    if rows.min() < -0.5:
        rows = (rows + 1) / 2
    return np.clip(rows, 0, 1).reshape(-1, side, side)


def read_titles(path, count):
    try:
        with open(path, encoding="utf-8") as file:
            titles = file.read().splitlines()
    except (OSError, UnicodeDecodeError):
        raise Failure(f"{path}: cannot be read as text")
    if len(titles) != count:
        raise Failure(f"{path}: {len(titles)} titles for {count} images")
    return titles


def draw(images, columns, titles, path):
    count, side, _ = images.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    gap, head = max(2, side // 14), 0.42 * side if titles else 0
    pitch = (side + gap + head, side + gap)
    scale = 1 / 32  # inches a pixel
    size = (scale * (columns * pitch[1] + gap), scale * (rows * pitch[0] + gap))
    figure = pyplot.figure(figsize=size)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for index, image in enumerate(images):
        top = gap + (index // columns) * pitch[0] + head
        left = gap + (index % columns) * pitch[1]
        axes.imshow(image, cmap="gray", vmin=0, vmax=1, extent=(left, left + side, top + side, top))
        if titles:
            axes.text(left + side / 2, top - 0.1 * side, titles[index], ha="center", va="bottom", fontsize=0.26 * side)
    axes.set_xlim(0, columns * pitch[1] + gap)
    axes.set_ylim(rows * pitch[0] + gap, 0)
    figure.savefig(path, dpi=100, metadata={"Software": None})
    pyplot.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", metavar="IMAGES.npy", help="a matrix, one image per row")
    parser.add_argument("out", metavar="OUT.png")
    parser.add_argument("--columns", type=int, default=10, metavar="N", help="images beside each other (default: 10)")
    parser.add_argument("--titles", metavar="FILE", help="a text file with one title per line, for each image")
    options = parser.parse_args()
    if options.columns < 1:
        parser.error(f"--columns: {options.columns} is below 1")
    try:
        images = read_images(options.images)
        titles = read_titles(options.titles, len(images)) if options.titles else []
        draw(images, options.columns, titles, options.out)
    except Failure as failure:
        print(f"picture-sheet: {failure}", file=sys.stderr)
        return 65
    except OSError as error:
        print(f"picture-sheet: {options.out}: {error.strerror}", file=sys.stderr)
        return 73
    print(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
