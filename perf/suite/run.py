# SPDX-License-Identifier: MIT
"""Runs the programs, interleaved, and keeps what they print."""
import os
import subprocess
import sys
import time

from . import plan

LIMIT = 120  # seconds for one run


class Results:
    """values[label, contender, metric] = [value of each round], units[metric]."""

    def __init__(self):
        self.values, self.units = {}, {}
        self.absent, self.failed, self.offered = [], [], {}
        self.labels, self.contenders = [], []

    def add(self, label, contender, line):
        metric, value, unit = line.split(" ", 2)
        self.values.setdefault((label, contender, metric), []).append(float(value))
        self.units[label, metric] = unit

    def get(self, label, contender, metric):
        return self.values.get((label, contender, metric), [])


def find(programs, names, results):
    """Which of the contenders are here, and what each offers."""
    for name in names:
        program = os.path.join(programs, name)
        if not os.access(program, os.X_OK):
            results.absent.append(name)
            print(f"absent: {name} (its packages were not installed when the programs "
                  "were built)")
            continue
        listed = subprocess.run([program, "list"], capture_output=True, text=True,
                                timeout=LIMIT, check=True).stdout
        results.offered[name] = {line.split()[0] for line in listed.splitlines()}
        results.contenders.append(name)


def on_one_cpu():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def run_one(program, row, results):
    name = os.path.basename(program)
    command = [program, row.bench, str(row.workers), str(row.n), *map(str, row.more)]
    try:
        # not every runtime can see to that by itself
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT,
                              preexec_fn=on_one_cpu if row.bench == "ping_same" else None)
        trouble = None if done.returncode == 0 else done.stderr.strip() or (
            f"status {done.returncode}")
    except subprocess.TimeoutExpired:
        trouble = f"not done after {LIMIT} s"
    if trouble:
        results.failed.append(f"{' '.join(command)}: {trouble}")
        return
    for line in done.stdout.splitlines():
        results.add(row.label, name, line)


def chosen(rows, wanted):
    """The rows whose bench or label is wanted; all without a wish."""
    known = {row.bench for row in rows} | {row.label for row in rows}
    unknown = set(wanted) - known
    if unknown:
        raise SystemExit(f"BENCHES: no such bench: {' '.join(sorted(unknown))}")
    return [row for row in rows if not wanted or row.bench in wanted or row.label in wanted]


def busy():
    """Seconds that all CPUs were at work for somebody else, since whenever."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, irq, soft = map(int, file.readline().split()[1:8])
    own = os.times()
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK") - (
        own.user + own.system + own.children_user + own.children_system)


def measure(programs, names, rows, rounds):
    results = Results()
    find(programs, names, results)
    results.labels = [row.label for row in rows]
    begun, others, terminal = time.monotonic(), busy(), sys.stderr.isatty()
    for number in range(rounds):
        # every second round goes the other way: nobody always follows the same one
        order = results.contenders[::-1] if number % 2 else results.contenders
        for row in rows:
            if number >= row.most:
                continue
            if terminal:
                print(f"\r\033[Kround {number + 1} of {rounds}: {row.label}", end="",
                      file=sys.stderr, flush=True)
            for name in order:
                if row.bench in results.offered[name] and plan.takes_part(name, row):
                    run_one(os.path.join(programs, name), row, results)
    if terminal:
        print("\r\033[K", end="", file=sys.stderr)
    results.seconds = time.monotonic() - begun
    results.disturbed = max(0, busy() - others) / results.seconds / os.cpu_count()
    return results
