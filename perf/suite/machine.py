# SPDX-License-Identifier: MIT
"""Where it was measured."""
import os
import platform
import subprocess
import time


def said_by(*command):
    """The first line that a command prints, or "unknown"."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return (done.stdout.splitlines() or ["unknown"])[0].strip()


def cpuinfo(*names):
    """What /proc/cpuinfo has under the first of these names."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
            for line in info:
                if line.split(":")[0].strip() in names:
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()


def describe():
    return {
        "cpu": cpuinfo("model name", "Hardware"),
        "cpus": len(os.sched_getaffinity(0)),
        "virtual": "yes" if " hypervisor" in cpuinfo("flags") else "unknown",
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()),
        "compiler": said_by(os.environ.get("CC", "cc"), "--version"),
        "flags": os.environ.get("CFLAGS", ""),
        "commit": said_by("git", "describe", "--always", "--abbrev=12", "--dirty"),
        "load": round(os.getloadavg()[0], 2),
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
    }
