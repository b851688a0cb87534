# SPDX-License-Identifier: MIT
"""Medians, and how sure we are of a ratio of two."""
import random
from statistics import median

RESAMPLES = 2000


def bootstrap(pairs, combine):
    """The 95 % interval of combine(median of firsts, median of seconds).

    The pairs are of the same round each: what disturbed one is likely to have disturbed
    the other. Repeatable: the generator starts from a fixed seed."""
    generator = random.Random(1)
    values = []
    for _ in range(RESAMPLES):
        chosen = [generator.choice(pairs) for _ in pairs]
        values.append(combine(median(a for a, _ in chosen), median(b for _, b in chosen)))
    values.sort()
    return values[int(0.025 * RESAMPLES)], values[int(0.975 * RESAMPLES) - 1]
