"""What this process may use of the machine: cores and memory, a container's limits included."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def usable_cores(cgroup: Path = CGROUP) -> int:
    """Cores that this process may keep busy, at least 1.

    onnxruntime counts the machine's cores. On a hosted container that is dozens of threads for
    two cores' worth of time.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # Windows, macOS
        cores = os.cpu_count() or 1
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
        cores = min(cores, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError, ZeroDivisionError):
        pass  # no container, no limit ("max"), or no Linux
    return max(1, cores)


def free_memory(cgroup: Path = CGROUP, meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """Bytes that can still be had without swapping; None where the system does not tell simply."""
    known: list[int] = []
    try:
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                known.append(int(line.split()[1]) * 1024)
    except (OSError, ValueError, IndexError):
        pass  # no Linux
    try:
        limit = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
        # Cached files count as used, and are given up on demand.
        for line in (cgroup / "memory.stat").read_text().splitlines():
            if line.startswith("inactive_file "):
                used -= int(line.split()[1])
        known.append(max(0, limit - used))
    except (OSError, ValueError, IndexError):
        pass  # no container, or no limit ("max")
    return min(known, default=None)
