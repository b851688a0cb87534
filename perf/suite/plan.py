# SPDX-License-Identifier: MIT
"""What is measured: contenders, and the rows of each kind of run."""
from collections import namedtuple

OURS = ["threadlet", "threadlet-adaptive", "threadlet-spin", "threadlet-help"]
PACKAGED = ["mutex", "tbb", "glib", "libuv", "asio", "libgomp"]
MORE = ["java", "go", "rayon"]  # measured with PEERS=all

# What the hardware allows says nothing beyond the benches that it is the limit of.
LIMITS = {
    "raw": ["limits"],
    "raw-futex": ["ping", "ping_same", "ping_apart", "ping_idle"],
    "raw-line": ["ping_apart"],
    "raw-ring": ["submit"],
    "raw-thread": ["spawn"],
    "raw-calls": ["fib", "for", "tree_forks"],
}
# Pools with an option: the benches that it is for.
OPTIONS = {"threadlet-spin": ["ping_apart"], "threadlet-help": ["ping_apart"]}

# One line of a table: a bench with its arguments. `metric` is what the table shows; the
# others are kept too. `most` bounds the rounds of what takes long or hardly varies.
Row = namedtuple("Row", "label bench workers n more metric most", defaults=[99])


def contenders(peers):
    """The names that PEERS asks for, ours and the limits included."""
    chosen = {"": PACKAGED, "all": PACKAGED + MORE, "none": []}.get(peers, peers.split())
    unknown = set(chosen) - set(PACKAGED + MORE)
    if unknown:
        raise SystemExit(f"PEERS: no such peer: {' '.join(sorted(unknown))}")
    return OURS + chosen + list(LIMITS)


def takes_part(contender, row):
    if contender in LIMITS:
        return row.bench in LIMITS[contender] and (
            contender != "raw-ring" or row.workers == 1) and (
            contender != "raw-calls" or row.workers == 1 or row.bench != "tree_forks")
    return row.bench in OPTIONS.get(contender, [row.bench])


def row(bench, workers, n, *more, metric="time", most=99):
    label = f"{bench}[{','.join(str(x) for x in (workers, *more))}]"
    return Row(label, bench, workers, n, more, metric, most)


def bench_rows(n):
    rows = [row("limits", 1, 20, metric="add", most=1)]
    rows += [row(b, w, n) for b in ("submit", "submit_task") for w in (1, 2)]
    rows += [row("mp", 2, n)]
    rows += [row(b, w, n) for b in ("tree", "tree_forks") for w in (1, 2)]
    rows += [row("e2e", w, n) for w in (1, 2, 4, 8)]
    rows += [row("e2e", 2, n, 65536, metric="peak_beside", most=3)]
    rows += [row("collect", w, n) for w in (1, 2)]
    rows += [row("ping_same", 1, 20000, metric="p50"),
             row("ping_apart", 1, 3000, metric="p50"),
             row("ping", 1, 5000, metric="p50"),
             row("ping_idle", 1, 1500, metric="p50"),
             row("spawn", 1, 1000),
             row("fib", 1, 38), row("fib", 2, 38),
             row("for", 1, 10**8), row("for", 2, 10**8),
             *(row(b, w, size) for b, size in (("queens", 13), ("multiply", 512),
                                               ("sort", 10**6), ("trees", 100))
               for w in (1, 2)),
             row("burst", 64, 64, most=3),
             row("idle", 2, 3, metric="switches", most=1)]
    return rows


def growth_rows(n):
    """n: the most tasks."""
    sizes = [10**e for e in range(3, 8) if 10**e <= n] or [n]
    depths = [size for size in sizes if size <= 10**6]
    many = min(n, 10**6)
    rows = [row("submit", 1, size)._replace(label=f"tasks[{size}]") for size in sizes]
    rows += [row("depth", 1, size, metric="bytes")._replace(label=f"depth[{size}]")
             for size in depths]
    for w in (1, 2, 4, 8, 16, 32, 64):
        rows += [row(b, w, many) for b in ("submit", "e2e", "tree")]
    rows += [row("mp", 2, many, p) for p in (1, 2, 4, 8, 16)]
    return rows


def latency_rows(seconds, seed):
    """One worker: beside it the thread that submits needs a CPU."""
    rows = []
    for work in (1, 10, 100):
        for load in (10, 50, 80):
            n = int(load / 100 * 1e6 / work * seconds)
            rows.append(row("latency", 1, n, load, work, seed, metric="p99")
                        ._replace(label=f"latency[{load}%,{work}us]"))
    return rows
