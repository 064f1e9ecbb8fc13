"""How the pace does against gateways of many kinds, in virtual time.

    python -m benchmarks.pacing

A simulated client of sixteen workers calls a simulated gateway on a simulated clock, so ten minutes
take a second and every run with the same seed gives the same figures. Three other clients stand
beside it: the tutorial's loop (one call after the other), four threads without any pacing, and the
pace as it was before its redesign, read from git where the repository and that commit are there.

Two things are counted.
- Share: calls accepted, over the calls that were available. Available is the limit summed over the
  time of the run; a neighbour's part is taken off first, because a neighbour's calls always pass; a
  bucket that is full at the start adds its content once. Refusals whatever the pace take nothing
  off. A window that was begun before a run or a minute and ends after it can lift a share slightly
  above 100 %.
- Refused: calls refused because of the limit, over all calls made. Calls that the gateway refuses
  whatever the pace are not counted as refused, but they are calls made.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import subprocess
import sys
import types
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from core.embedders.pacing import Pace

WORKERS = 16  # as many as the Azure embedder has
LATENCY = 0.15  # seconds from a call to its answer
BEFORE = "ac8cfdb:core/embedders/pacing.py"  # the pace before its redesign

Timeline = Callable[[float], float]
"""Seconds since the start of a run -> the value at that time."""


def constant(value: float) -> Timeline:
    return lambda now: value


class Client(Protocol):
    """What a simulated client asks before each call and tells after each answer: see `Pace`."""

    def delay(self, now: float) -> float: ...
    def leave(self, now: float) -> None: ...
    def accepted(self, left: float) -> None: ...
    def refused(self, left: float, now: float, retry_after: float | None) -> float: ...


class Unpaced:
    """Calls whenever a worker is free; a refused call waits as long as the gateway asks."""

    def delay(self, now: float) -> float:
        return 0.0

    def leave(self, now: float) -> None:
        pass

    def accepted(self, left: float) -> None:
        pass

    def refused(self, left: float, now: float, retry_after: float | None) -> float:
        return retry_after or 1.0


@dataclass(frozen=True)
class World:
    """A gateway, and the machine that calls it.

    limit: calls per window that are left for this client, over the time of the run.
    per: length of a window in seconds. kind: how calls are counted (sliding, fixed, bucket).
    chance: the probability that a call is refused whatever the pace; such a call is not counted.
    seconds: length of the run. latency: seconds until an answer.
    phase: seconds by which the first fixed window is over early.
    jitter: standard deviation of the time a call is on its way, in seconds.
    late: a worker that has slept wakes up to so many seconds late.
    says: whether refusals carry Retry-After, in whole seconds and at least 1, as Azure's do.
    """

    limit: Timeline
    per: float = 1.0
    kind: str = "sliding"
    chance: Timeline = lambda now: 0.0
    seconds: float = 600.0
    latency: float = LATENCY
    phase: float = 0.0
    jitter: float = 0.003
    late: float = 0.003
    says: bool = True
    seed: int = 1

    def available(self, start: float, end: float) -> float:
        """Calls that the limit leaves for this client between two times, in seconds."""
        steps = math.ceil((end - start) * 10)
        width = (end - start) / steps
        total = sum(self.limit(start + (i + 0.5) * width) for i in range(steps)) * width / self.per
        return total + (self.limit(0.0) if self.kind == "bucket" and start == 0 else 0.0)


class Gateway:
    """Counts the calls that it accepts, in one kind of window."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._times: deque[float] = deque()
        self._window = -1
        self._count = 0
        self._tokens = world.limit(0.0)
        self._filled = 0.0

    def call(self, now: float) -> float:
        """A call arrives -> 0 if it is accepted, else the seconds until one would be."""
        world, per = self._world, self._world.per
        limit = world.limit(now)
        if world.kind == "sliding":
            while self._times and self._times[0] <= now - per:
                self._times.popleft()
            if len(self._times) < limit:
                self._times.append(now)
                return 0.0
            return self._times[len(self._times) - int(limit)] + per - now
        if world.kind == "fixed":
            window = math.floor((now + world.phase) / per)
            if window != self._window:
                self._window, self._count = window, 0
            if self._count < limit:
                self._count += 1
                return 0.0
            return (window + 1) * per - world.phase - now
        self._tokens = min(limit, self._tokens + (now - self._filled) * limit / per)
        self._filled = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) * per / limit


@dataclass
class Run:
    """What came of a run: the times at which calls left, in seconds, ascending."""

    world: World
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)  # for the limit
    refused_anyway: list[float] = field(default_factory=list)  # whatever the pace

    def share(self, start: float = 0.0, end: float | None = None) -> float:
        """Calls accepted over calls available."""
        end = self.world.seconds if end is None else end
        return _between(self.accepted, start, end) / self.world.available(start, end)

    def refused_share(self, start: float = 0.0, end: float | None = None) -> float:
        """Calls refused for the limit over all calls made."""
        end = self.world.seconds if end is None else end
        refused = _between(self.refused, start, end)
        others = _between(self.accepted, start, end) + _between(self.refused_anyway, start, end)
        return refused / max(1, refused + others)

    def seconds_until(self, per_second: float, after: float) -> float:
        """From `after` until a second in which so many calls were accepted."""
        need = math.ceil(per_second)
        times = self.accepted[bisect_left(self.accepted, after) :]
        pairs = zip(times, times[need - 1 :], strict=False)
        return next((last - after for first, last in pairs if last - first <= 1), math.inf)


def _between(times: list[float], start: float, end: float) -> int:
    return bisect_left(times, end) - bisect_left(times, start)


def simulate(world: World, client: Client, workers: int = WORKERS) -> Run:
    """One run, with more pictures to embed than it can embed."""
    chance = random.Random(world.seed)
    gateway, run = Gateway(world), Run(world)
    # Workers that wait for an answer, or sleep after a refusal: when, a number that tells two of
    # the same time apart, when the call left, and what the gateway said. None: it has slept.
    events: list[tuple[float, int, float, float | None]] = []
    now, idle, number = 0.0, workers, 0
    while now < world.seconds:
        leaves = math.inf
        if idle:
            delay = client.delay(now)
            leaves = now + delay + (chance.uniform(0, world.late) if delay else 0.0)
        if events and events[0][0] <= leaves:
            now, _, left, wait = heapq.heappop(events)
            if wait is None:
                idle += 1
            elif wait == 0:
                client.accepted(left)
                idle += 1
            else:
                retry_after = max(1.0, math.ceil(wait)) if world.says else None
                pause = client.refused(left, now, retry_after)
                heapq.heappush(events, (now + pause, number, left, None))
                number += 1
            continue
        now = leaves
        if client.delay(now) > 1e-6:  # the pace has changed meanwhile
            continue
        client.leave(now)
        idle -= 1
        arrives = now + abs(chance.gauss(0, world.jitter))
        if chance.random() < world.chance(now):
            wait = 1.0
            run.refused_anyway.append(now)
        else:
            wait = gateway.call(arrives)
            (run.refused if wait else run.accepted).append(now)
        heapq.heappush(events, (arrives + world.latency, number, now, wait))
        number += 1
    return run


def neighbour(total: float, takes: float, times: Callable[[float], bool]) -> Timeline:
    """What another client leaves of a limit, if it calls at the times for which `times` holds."""
    return lambda now: total - takes if times(now) else total


@dataclass(frozen=True)
class Row:
    """goal: the least share. parts: pieces of the run with goals of their own: start, end, goal."""

    name: str
    world: World
    goal: float
    most_refused: float = 0.02
    parts: tuple[tuple[float, float, float], ...] = ()


def minutes(change: int, count: int) -> tuple[tuple[float, float, float], ...]:
    """90 % of every minute, and 70 % of that in which the limit changes."""
    return tuple((60.0 * m, 60.0 * m + 60, 0.7 if m == change else 0.9) for m in range(count))


def rows() -> list[Row]:
    """The worlds that the pace has to do well in, and how well."""
    twenty = constant(20)
    table = [
        Row("nothing (300 s)", World(twenty, seconds=300), 0.97),
        Row(
            "a neighbour takes 15 of 20 in the first 60 s",
            World(neighbour(20, 15, lambda now: now < 60)),
            0.92,
        ),
        Row(
            "a neighbour takes 15 of 20 in every other minute",
            World(neighbour(20, 15, lambda now: now // 60 % 2 == 1)),
            0.88,
        ),
        Row(
            "20 % refused whatever the pace in the first 20 s",
            World(twenty, chance=lambda now: 0.2 if now < 20 else 0.0),
            0.92,
        ),
        Row("1 % refused whatever the pace", World(twenty, chance=constant(0.01)), 0.93),
        Row("5 % refused whatever the pace", World(twenty, chance=constant(0.05)), 0.80),
        Row(
            "the limit rises from 10 to 50 after 60 s (300 s)",
            World(lambda now: 10 if now < 60 else 50, seconds=300),
            0.0,
            parts=minutes(1, 5),
        ),
        Row(
            "the limit falls from 50 to 10 after 60 s (300 s)",
            World(lambda now: 50 if now < 60 else 10, seconds=300),
            0.0,
            parts=minutes(1, 5),
        ),
    ]
    for kind in ("fixed", "sliding", "bucket"):
        for latency in (0.15, 1.0, 3.0):
            world = World(twenty, 60.0, kind, latency=latency)
            name = f"20 a minute, {kind}, {latency:g} s"
            table.append(Row(name, world, 0.95, most_refused=0.03))
    return table


def pace_before() -> type[Client] | None:
    """The pace before its redesign, from git; None where that is not to be had."""
    try:
        source = subprocess.run(
            ["git", "show", BEFORE],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    module = types.ModuleType("pacing_before")
    sys.modules[module.__name__] = module  # a dataclass looks for its module there
    exec(compile(source, BEFORE, "exec"), module.__dict__)
    found: type[Client] = module.Pace
    return found


def figures(run: Run, row: Row) -> str:
    """The share of a run, the worst of its parts, and the refused share."""
    text = f"{run.share():.1%}"
    if row.parts:
        text = " ".join(f"{run.share(start, end):.0%}" for start, end, _ in row.parts)
    return f"{text}; {run.refused_share():.1%}"


def missed(run: Run, row: Row) -> list[str]:
    """The goals of a row that a run does not reach, in words."""
    failures = []
    if run.share() < row.goal:
        failures.append(f"share {run.share():.1%} of {row.goal:.0%}")
    for start, end, goal in row.parts:
        if run.share(start, end) < goal:
            share = run.share(start, end)
            failures.append(f"{start:g} to {end:g} s: {share:.1%} of {goal:.0%}")
    if run.refused_share() >= row.most_refused:
        failures.append(f"refused {run.refused_share():.1%}")
    if row.world.per == 60 and run.refused_share(0, 60) >= 0.05:
        failures.append(f"first minute: refused {run.refused_share(0, 60):.1%}")
    return failures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--late", type=float, default=0.003, help="seconds that threads wake late")
    options = parser.parse_args()

    before = pace_before()
    print("Share of what was available; refused for the limit.\n")
    print("| what happens | at least; under | this project | one call after the other |", end="")
    print(" four threads | the pace before |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    remarks: list[str] = []
    for row in rows():
        world = replace(row.world, seed=options.seed, late=options.late)
        run = simulate(world, Pace())
        goal = f"{row.goal:.0%}" if row.goal else "90 %, once 70 %"
        cells = [
            f"{goal}; {row.most_refused:.0%}",
            figures(run, row),
            figures(simulate(world, Unpaced(), 1), row),
            figures(simulate(world, Unpaced(), 4), row),
            figures(simulate(world, before()), row) if before else "–",
        ]
        print(f"| {row.name} | {' | '.join(cells)} |", flush=True)
        remarks += [f"Missed: {row.name}: {text}." for text in missed(run, row)]
        if "first 60 s" in row.name:
            back = run.seconds_until(18, 60.0)
            remarks.append(f"Back above 18 a second {back:.1f} s after the neighbour has left.")
    print("\n" + "\n".join(remarks))


if __name__ == "__main__":
    main()
