# SPDX-License-Identifier: MIT
"""Pictures by gnuplot: bars for each bench, percentiles, growth. SVG and PNG."""
import os
import re
import shutil
import subprocess
from statistics import median

COLOURS = ["#0b6e4f", "#6bbf59", "#08415c", "#00a6a6", "#888888", "#cc2936", "#e09f3e",
           "#9e6cc0", "#3f88c5", "#7f5539", "#f4a6c0", "#b5b500", "#ff6f00", "#000000",
           "#444444", "#222266", "#662222", "#226622"]


def colour(results, name):
    return COLOURS[results.contenders.index(name) % len(COLOURS)]


def quoted(text):
    return '"' + text.replace('"', "'") + '"'


def panel(results, title, xlabel, ylabel, series, ticks=""):
    """The commands for one plot of lines: {contender: [(x, y), ...]}."""
    series = {name: points for name, points in series.items() if points}
    commands = [f"set title {quoted(title)}", f"set xlabel {quoted(xlabel)}",
                f"set ylabel {quoted(ylabel)}", "set logscale xy",
                f"set xtics ({ticks})" if ticks else "set xtics auto"]
    plots = []
    for i, (name, points) in enumerate(series.items()):
        commands += [f"$d{i} << EOD", *(f"{x} {y}" for x, y in points), "EOD"]
        plots.append(f"$d{i} using 1:2 with linespoints pt 7 ps 0.4 lw 1.5 "
                     f"lc rgb '{colour(results, name)}' title {quoted(name)}")
    return commands + (["plot " + ", ".join(plots)] if plots else [])


def bars(results, rows, title, unit):
    """A cluster for each row, a bar for each contender."""
    names = [name for name in results.contenders
             if any(results.get(row.label, name, row.metric) for row in rows)]
    commands = [f"set title {quoted(title)}", f"set ylabel {quoted(unit)}", "set xlabel",
                "set style data histogram", "set style histogram clustered gap 2",
                "set style fill solid 0.9 noborder", "unset logscale", "set logscale y",
                "set xtics auto", "$d << EOD"]
    for row in rows:
        cells = [results.get(row.label, name, row.metric) for name in names]
        # a value of 0 has no place on a logarithmic axis
        commands.append(" ".join([quoted(row.label)] + [
            str(median(cell)) if cell and median(cell) > 0 else "NaN" for cell in cells]))
    plots = [f"$d using {i + 2}{':xtic(1)' if i == 0 else ''} "
             f"lc rgb '{colour(results, name)}' title {quoted(name)}"
             for i, name in enumerate(names)]
    return commands + ["EOD", "plot " + ", ".join(plots)] if names else []


def percentiles(results, row):
    """How many in 1/x are slower than y."""
    series = {}
    for (label, name, metric), values in results.values.items():
        found = re.fullmatch(r"p([0-9.]+)", metric)
        if label == row.label and found:
            x = 1 / (1 - float(found.group(1)) / 100)
            series.setdefault(name, []).append((x, median(values)))
    ticks = '"50" 2, "90" 10, "99" 100, "99.9" 1000, "99.99" 10000'
    return panel(results, row.label, "percentile", "us", series, ticks)


def growth(results, rows, pattern, title, xlabel, metric, at=0):
    """The metric of the rows whose label matches, against the number in it."""
    series, unit = {}, ""
    for row in rows:
        found = re.fullmatch(pattern, row.label)
        for name in results.contenders if found else []:
            values = results.get(row.label, name, metric)
            if values:
                unit = results.units[row.label, metric]
                series.setdefault(name, []).append(
                    (float(found.groups()[at]), median(values)))
    return panel(results, title, xlabel, unit, series)


def pictures(kind, results, rows):
    """{name: (columns, lines, [commands of each plot])}"""
    if kind == "growth":
        plots = [growth(results, rows, *arguments) for arguments in (
            (r"tasks\[(\d+)\]", "submit, 1 worker", "tasks", "time"),
            (r"submit\[(\d+)\]", "submit", "workers", "time"),
            (r"e2e\[(\d+)\]", "e2e", "workers", "time"),
            (r"tree\[(\d+)\]", "tree", "workers", "time"),
            (r"mp\[2,(\d+)\]", "mp, 2 workers", "producers", "time"),
            (r"depth\[(\d+)\]", "memory of a queued task", "tasks in the queue", "bytes"),
            (r"depth\[(\d+)\]", "queueing", "tasks in the queue", "queue"),
            (r"depth\[(\d+)\]", "draining", "tasks in the queue", "drain"),
            (r"depth\[(\d+)\]", "resident once drained", "tasks that were queued",
             "drained"))]
        return {"growth": (3, 3, plots)}
    if kind == "latency":
        return {"latency": (3, 3, [percentiles(results, row) for row in rows])}
    pings = [row for row in rows if row.bench.startswith("ping")]
    tasks = [row for row in rows if results.units.get((row.label, row.metric)) == "ns"
             and row.bench != "limits"]
    found = {}
    if tasks:
        found["benches"] = (1, 1, [bars(results, tasks, "Cost of a task", "ns")])
    if pings:
        found["ping"] = (2, 3, [bars(results, pings, "Round trip, median", "us")] +
                         [percentiles(results, row) for row in pings])
    return found


def draw(kind, output, results, rows):
    if not shutil.which("gnuplot"):
        print("skipped: the pictures (gnuplot is not installed)")
        return
    for name, (columns, lines, plots) in pictures(kind, results, rows).items():
        path = os.path.join(output, name)
        size = f"{max(640 * columns, 1100)},{max(400 * lines, 600)}"
        script = [f"set multiplot layout {lines},{columns}", "set grid ytics",
                  "set key outside right top"]
        for plot in plots:
            script += plot or ["set multiplot next"]
        script.append("unset multiplot")
        for terminal, ending in (("svg", "svg"), ("pngcairo", "png")):
            head = [f"set terminal {terminal} size {size} background 'white'",
                    f"set output {quoted(path + '.' + ending)}"]
            subprocess.run(["gnuplot"], input="\n".join(head + script), text=True,
                           check=True, timeout=60)
        print(f"{path}.svg, {name}.png")
