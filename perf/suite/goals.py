# SPDX-License-Identifier: MIT
"""The second table: what was measured against what is owed (perf/goals)."""
from statistics import median

from .statistic import bootstrap


def read(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                yield [field.strip() for field in line.split("|")]


def measured(results, label, contender, metric, reference):
    """(value, low, high), or None where something is missing. For a ratio or a
    difference the bounds are a 95 % interval, otherwise the smallest and largest."""
    kind, *where = reference.split()
    if kind == "max/min":
        rows = [results.get(row, contender, metric) for row in label.split()]
        if not all(rows):
            return None
        medians = [median(row) for row in rows]
        value = max(medians) / min(medians)
        return value, value, value
    ours = results.get(label, contender, metric)
    if kind == "=":
        return (median(ours), min(ours), max(ours)) if ours else None
    theirs = results.get(where[1] if len(where) > 1 else label, where[0], metric)
    if not ours or not theirs or (kind == "/" and min(theirs) <= 0):
        return None
    combine = (lambda a, b: a / b) if kind == "/" else (lambda a, b: a - b)
    low, high = bootstrap(list(zip(ours, theirs)), combine)
    return combine(median(ours), median(theirs)), low, high


def verdict(found, most, bound):
    """The upper end of an interval counts where there is one."""
    if most == "-":
        return ""
    value, low, high = found
    if not bound:
        return "yes" if value <= float(most) else "no"
    if high <= float(most):
        return "yes"
    return "unsure" if low <= float(most) else "no"


def compare(results, path, left_out):
    """Rows of [what, measured, low, high, owed, met, goal, met]. Those are missing that
    this run was told to leave out; those are not for which there is no bench, or no
    reference."""
    table = []
    for label, contender, metric, reference, owed, goal in read(path):
        if any(row in left_out for row in label.split()):
            continue
        what = f"{label} {contender}, {metric}" + (
            "" if reference == "=" else f" {reference}")
        found = measured(results, label, contender, metric, reference)
        if not found:
            table.append([what, None, None, None, owed, "not measured", goal, ""])
            continue
        bound = reference[0] in "/-"
        table.append([what, *found, owed, verdict(found, owed, bound), goal,
                      verdict(found, goal, bound)])
    return table
