#!/usr/bin/env python3
"""What docs/Scaling.md says of more ranks than this machine has: calibrates the model on a table that scripts/scaling-namespaces printed, checks it against
the lines over a limited network, and predicts.

    scripts/scaling-namespaces > measured.tsv
    scripts/scaling.py measured.tsv OUT_DIR

Prints Markdown tables and draws scaling.png into OUT_DIR."""

import argparse
import csv
import math
import os

try:
    from paperfigures.style import pyplot
except ImportError as error:
    raise SystemExit(f"scaling: {error}; pip install -r scripts/requirements.txt brings what is needed")

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")


class Network:
    """Seconds that messages take: a latency, and bytes a second in each direction."""

    def __init__(self, name, latency, bandwidth):
        self.name, self.latency, self.bandwidth = name, latency, bandwidth

    def reduction(self, count, ranks):
        """A sum of `count` doubles on every rank: exchanges of all numbers for few, of shares of them for many."""
        if ranks == 1:
            return 0
        steps = math.ceil(math.log2(ranks))
        whole = steps * (self.latency + 8 * count / self.bandwidth)
        shares = 2 * steps * self.latency + 2 * (ranks - 1) / ranks * 8 * count / self.bandwidth
        return min(whole, shares)

    def gathering(self, count, ranks):
        """Everyone gets the numbers of all, `count` together."""
        if ranks == 1:
            return 0
        return math.ceil(math.log2(ranks)) * self.latency + (ranks - 1) / ranks * 8 * count / self.bandwidth


class Machine:
    """Work on one rank, in seconds for each entry of X: a Gram product, and all that a solve and a hypergradient do; with the messages of those two."""

    def __init__(self, alone, shared):
        entries = alone["rows"] * alone["columns"]
        self.work = {name: alone[name] / entries for name in ("gram", "solve", "hypergradient")}
        # Ranks that share a memory share its bandwidth.
        self.sharing = shared["local"] * shared["ranks"] / alone["local"]
        self.messages = {name: shared[name + "-messages"] for name in ("solve", "hypergradient")}
        self.per_row = {name: shared[name + "-gathered"] / shared["rows"] for name in ("solve", "hypergradient")}
        self.reduced = {name: shared[name + "-reduced"] for name in ("solve", "hypergradient")}

    def gram(self, rows, columns, ranks, network, sharing=1):
        return self.work["gram"] * rows * columns / ranks * sharing + network.reduction(columns, ranks)

    def whole(self, name, rows, columns, ranks, network, sharing=1):
        """A solve or a hypergradient: the messages are those of the measured problem, n numbers growing with n."""
        latencies = self.messages[name] * network.reduction(0, ranks)
        numbers = self.reduced[name] * (ranks > 1) * 8 / network.bandwidth
        gathered = network.gathering(self.per_row[name] * rows, ranks) - network.gathering(0, ranks)
        return self.work[name] * rows * columns / ranks * sharing + latencies + numbers + gathered


def read(path):
    with open(path) as file:
        table = list(csv.DictReader(file, delimiter="\t"))
    return {row["network"]: {k: float(v) for k, v in row.items() if k != "network"} for row in table}


def bytes_per_second(rate):
    """tc's: gbit and mbit are 10⁹ and 10⁶ bits."""
    number = float(rate[:-4])
    return number * {"gbit": 1e9, "mbit": 1e6}[rate[-4:]] / 8


def seconds(t):
    for unit, scale in (("s", 1), ("ms", 1e-3), ("µs", 1e-6)):
        if t >= scale:
            return f"{t / scale:.3g} {unit}"
    return f"{t * 1e9:.3g} ns"


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def check(machine, measured):
    """The lines over a limited network, beside what the rate and the latency without a limit say."""
    latency = measured["tcp-none"]["one"]
    rows = []
    for name, line in measured.items():
        if not name.endswith("bit"):
            continue
        network = Network(name, latency, bytes_per_second(name[len("tcp-"):]))
        n, p = line["rows"], line["columns"]
        said = {
            "gathering": network.gathering(n, 2), "reduction": network.reduction(p, 2),
            "gram": machine.gram(n, p, 2, network, machine.sharing),
            "solve": machine.whole("solve", n, p, 2, network, machine.sharing),
            "hypergradient": machine.whole("hypergradient", n, p, 2, network, machine.sharing),
        }
        rows.append([name] + [f"{seconds(line[k])} ({seconds(said[k])})" for k in said])
    table(["measured (predicted)", "gathering n", "reduction of p", "Gram product", "solve", "hypergradient"], rows)


def predict(machine, networks, out):
    ranks = [1, 4, 16, 64, 256, 1000]
    columns, strong, weak = 1000, 10**8, 10**7
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6))
    for title, rows_of, axis in (
        (f"strong: 10⁸ rows", lambda r: strong, axes[0]), (f"weak: 10⁷ rows per rank", lambda r: weak * r, axes[1])):
        rows = []
        for r in ranks:
            n = rows_of(r)
            row = [f"{r}", f"{n:.0e}"]
            for network in networks:
                row += [seconds(machine.gram(n, columns, r, network)), seconds(machine.whole("solve", n, columns, r, network)),
                        seconds(machine.whole("hypergradient", n, columns, r, network))]
            rows.append(row)
        print(title + f", {columns} columns\n")
        table(["ranks", "rows"] + [f"{what}, {k.name}" for k in networks for what in ("Gram", "solve", "hypergradient")], rows)
        many = [2**k for k in range(10)] + [1000]
        for color, network in zip(COLORS, networks):
            for style, name in (("-", "hypergradient"), ("--", "solve")):
                one = machine.whole(name, rows_of(1), columns, 1, network)
                share = [one * rows_of(r) / rows_of(1) / (r * machine.whole(name, rows_of(r), columns, r, network)) for r in many]
                axis.plot(many, share, style, color=color, label=f"{name}, {network.name}")
        axis.set_xscale("log")
        axis.set_ylim(0, 1.05)
        axis.set_xlabel("ranks")
        axis.set_ylabel("share of the time that is work")
        axis.set_title(title, fontsize=10)
    axes[0].legend(fontsize=7)
    figure.tight_layout()
    os.makedirs(out, exist_ok=True)
    figure.savefig(os.path.join(out, "scaling.png"), dpi=150)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measured", help="what scripts/scaling-namespaces printed")
    parser.add_argument("out", metavar="OUT_DIR")
    arguments = parser.parse_args()
    measured = read(arguments.measured)
    machine = Machine(measured["none"], measured["memory"])
    print(f"A Gram product takes {machine.work['gram'] * 1e9:.3g} ns for each entry; two ranks that share the memory {machine.sharing:.3g} times that.")
    print(f"Two processes exchange a number in {seconds(measured['memory']['one'])} in memory and {seconds(measured['tcp-none']['one'])} over TCP.\n")
    check(machine, measured)
    predict(machine, [Network("10 Gbit/s, 20 µs", 20e-6, 1.25e9), Network("100 Gbit/s, 2 µs", 2e-6, 12.5e9)], arguments.out)


if __name__ == "__main__":
    main()
