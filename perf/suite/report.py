# SPDX-License-Identifier: MIT
"""Tables for the terminal, CSV and JSON for programs."""
import csv
import json
from statistics import median


def number(value):
    if value is None:
        return "-"
    if value >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def with_spread(values):
    """The median, and half of the range in per cent of it."""
    middle = median(values)
    if len(values) == 1 or not middle:
        return number(middle)
    return f"{number(middle)} ±{50 * (max(values) - min(values)) / middle:.0f}%"


def table(heads, rows):
    widths = [max(len(line[i]) for line in [heads, *rows]) for i in range(len(heads))]
    for line in [heads, *rows]:
        print("  ".join([line[0].ljust(widths[0])] +
                        [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])])
              .rstrip())


def print_rows(results, rows):
    """A line for each row and metric that counts, a column for each contender."""
    columns = [name for name in results.contenders
               if any(results.get(row.label, name, row.metric) for row in rows)
               and name != "raw"]
    lines = []
    for row in rows:
        if row.bench == "limits":
            continue
        unit = results.units.get((row.label, row.metric), "")
        name = row.label + ("" if row.metric == "time" else " " + row.metric)
        line = [name, unit]
        for contender in columns:
            values = results.get(row.label, contender, row.metric)
            # a contender that can't, or the limit of another bench
            line.append(with_spread(values) if values else "n/a")
        lines.append(line)
    if columns:
        print("\nMedians and half the range; n/a: does not apply\n")
        table(["", "unit"] + columns, lines)


def print_limits(results):
    found = [(metric, values) for (_, name, metric), values in results.values.items()
             if name == "raw"]
    if found:
        print("\nSingle steps, ns\n")
        table(["", ""], [[metric, number(median(values))] for metric, values in found])


def print_goals(compared):
    if not compared:
        return
    print("\nAgainst what is owed. Ratios and differences: with their 95 % interval, of "
          "which the upper end counts\n")
    table(["", "measured", "", "owed", "met", "goal", "met"],
          [[what, number(value),
            "" if low is None or low == high else f"({number(low)}-{number(high)})",
            owed, met, goal, reached]
           for what, value, low, high, owed, met, goal, reached in compared])


def write(path, machine, settings, results, compared):
    with open(path + ".csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["row", "contender", "metric", "unit", "round", "value"])
        for (label, contender, metric), values in results.values.items():
            for i, value in enumerate(values):
                writer.writerow([label, contender, metric, results.units[label, metric],
                                 i + 1, value])
    medians = [{"row": label, "contender": contender, "metric": metric,
                "unit": results.units[label, metric], "median": median(values),
                "values": values}
               for (label, contender, metric), values in results.values.items()]
    heads = ["what", "measured", "low", "high", "owed", "owed_met", "goal", "goal_met"]
    with open(path + ".json", "w", encoding="utf-8") as file:
        json.dump({"machine": machine, "settings": settings, "absent": results.absent,
                   "failed": results.failed, "results": medians,
                   "goals": [dict(zip(heads, line)) for line in compared]},
                  file, indent=1)
        file.write("\n")
