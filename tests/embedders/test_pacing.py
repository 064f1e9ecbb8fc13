"""The pace against gateways of every kind in virtual time, and the limiter with real threads."""

from __future__ import annotations

import heapq
import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from core.deadline import Deadline
from core.embedders.pacing import PAUSE_CAP, Limiter, Pace, seconds_in_words
from core.errors import Cancelled, DeadlinePassed
from tests.conftest import wait_for

Gateway = Callable[[float], float]
"""Time of arrival -> 0 if the call is let through, else seconds until one would be."""


def sliding(calls: int, per: float = 1.0) -> Gateway:
    times: deque[float] = deque()

    def hit(now: float) -> float:
        while times and times[0] <= now - per:
            times.popleft()
        if len(times) < calls:
            times.append(now)
            return 0.0
        return times[0] + per - now

    return hit


def fixed(calls: int, per: float = 1.0, begins: float = 0.0) -> Gateway:
    counts: dict[int, int] = {}

    def hit(now: float) -> float:
        window = math.floor((now - begins) / per)
        if counts.get(window, 0) < calls:
            counts[window] = counts.get(window, 0) + 1
            return 0.0
        return (window + 1) * per + begins - now

    return hit


def bucket(calls: int, per: float = 1.0, holds: int | None = None) -> Gateway:
    size, speed = holds or calls, calls / per
    state = [float(size), 0.0]

    def hit(now: float) -> float:
        state[0] = min(size, state[0] + (now - state[1]) * speed)
        state[1] = now
        if state[0] >= 1:
            state[0] -= 1
            return 0.0
        return (1 - state[0]) / speed

    return hit


@dataclass
class Run:
    times: list[float]  # seconds to each answer, ascending
    left: list[float]  # when each call left
    refusals: list[float]  # when each refused call left
    pace: Pace

    def share(self, count: int, per_second: float) -> float:
        return count / self.times[count - 1] / per_second


def drive(
    gateway: Gateway,
    count: int,
    pace: Pace | None = None,
    latency: float = 0.15,
    jitter: float = 0.003,
    says: bool = True,
    workers: int = 16,
) -> Run:
    """So many pictures through a gateway, with the workers of an embedder, in virtual time.

    latency and jitter in seconds. says: refusals carry Retry-After in whole seconds.
    """
    chance = random.Random(1)
    pace = pace or Pace()
    run = Run([], [], [], pace)
    flying: list[tuple[float, int, float, float]] = []
    now, waiting = 0.0, count
    while len(run.times) < count:
        leaves = math.inf
        if waiting and len(flying) < workers:
            leaves = now + pace.delay(now)
            if leaves > now:  # a worker that slept wakes a little late
                leaves += chance.expovariate(1000)
        if flying and flying[0][0] <= leaves:
            now, _, left, refused = heapq.heappop(flying)
            if refused:
                pace.refused(left, now, math.ceil(refused) if says else None)
                waiting += 1
            else:
                pace.accepted(left)
                run.times.append(now)
            continue
        now = leaves
        pace.leave(now)
        waiting -= 1
        run.left.append(now)
        arrives = now + abs(chance.gauss(0, jitter))
        refused = gateway(arrives)
        if refused:
            run.refusals.append(now)
        heapq.heappush(flying, (arrives + latency, len(run.left), now, refused))
    return run


# --- The pace ------------------------------------------------------------------------------------


@pytest.mark.parametrize("calls", [10, 17, 20, 30])
@pytest.mark.parametrize("kind", [sliding, fixed, bucket])
def test_an_unknown_limit_is_found_and_nearly_reached(
    kind: Callable[[int], Gateway], calls: int
) -> None:
    run = drive(kind(calls), 100 * calls)
    assert run.share(100 * calls, calls) >= 0.95
    assert run.share(10 * calls, calls) >= 0.85, "the first ten seconds, ramp included"
    assert len(run.refusals) / len(run.left) < 0.02


@pytest.mark.parametrize("part", range(20))
def test_it_does_not_matter_when_a_fixed_window_begins(part: int) -> None:
    run = drive(fixed(20, begins=part / 20), 2000)
    assert run.share(2000, 20) >= 0.95
    assert run.share(200, 20) >= 0.84
    assert len(run.refusals) / len(run.left) < 0.02


@pytest.mark.parametrize("holds", [5, 60])
def test_a_small_or_a_large_bucket_is_found_too(holds: int) -> None:
    run = drive(bucket(20, holds=holds), 2000)
    assert run.share(2000, 20) >= 0.95
    assert len(run.refusals) / len(run.left) < 0.03


@pytest.mark.parametrize("kind", [sliding, fixed, bucket])
def test_twenty_calls_a_minute_are_found_too(kind: Callable[[int, float], Gateway]) -> None:
    run = drive(kind(20, 60.0), 200)
    assert run.share(200, 20 / 60) >= 0.95
    assert len(run.refusals) <= 25
    assert len([left for left in run.refusals if left > 200]) <= 6


def test_a_minute_that_was_partly_used_before_does_not_set_the_limit() -> None:
    gateway = sliding(20, 60.0)
    for i in range(13):
        gateway(-20 + i / 10)
    run = drive(gateway, 300)
    late = [time for time in run.times if time > run.times[-1] - 300]
    assert len(late) / 300 >= 0.9 * 20 / 60


def test_jitter_beyond_the_margin_costs_a_little_pace_and_few_refusals() -> None:
    run = drive(sliding(20), 2000, jitter=0.02)
    assert run.share(2000, 20) >= 0.85
    assert len(run.refusals) < 20


def test_nothing_leaves_during_a_pause_of_more_than_a_second() -> None:
    run = drive(sliding(20, 60.0), 60)
    first = min(run.refusals)
    heard = first + 0.2
    resumed = min(left for left in run.left if left > heard)
    assert resumed - first >= 58


def test_a_refusal_without_a_time_slows_the_pace_all_the_same() -> None:
    run = drive(sliding(20), 400, says=False)
    assert run.share(400, 20) >= 0.85
    assert len(run.refusals) < 15


def test_a_storm_is_waited_out_gently_and_forgotten() -> None:
    calm = sliding(20)
    run = drive(lambda now: 0.5 if 5 <= now < 35 else calm(now), 600)
    during = [left for left in run.refusals if 6 < left < 35]
    assert len(during) < 120, "fewer than four calls a second"
    assert 18 < run.pace.rate < 20
    assert run.times[-1] < 35 + 30


def test_a_limit_that_rises_is_followed() -> None:
    low, high = sliding(10), sliding(30)
    run = drive(lambda now: low(now) if now < 20 else high(now), 8000)
    assert run.pace.rate > 25


def test_a_limit_that_falls_is_followed() -> None:
    low, high = sliding(10), sliding(30)
    run = drive(lambda now: high(now) if now < 20 else low(now), 1200)
    assert 9 < run.pace.rate < 10
    assert len(run.refusals) < 60


def test_the_rate_that_was_told_is_not_exceeded_and_not_probed() -> None:
    run = drive(sliding(100), 600, Pace(told=10))
    assert run.refusals == []
    assert run.times[-1] >= 59


def test_a_told_rate_that_is_too_fast_is_slowed() -> None:
    run = drive(sliding(10), 600, Pace(told=20))
    assert run.pace.rate < 10
    assert len(run.refusals) < 20


def test_calls_that_are_slow_by_themselves_are_not_held_up() -> None:
    run = drive(sliding(20), 200, latency=2.0)
    assert run.refusals == []
    assert run.times[-1] < 200 / 16 * 2 + 3


def test_a_quota_of_days_is_not_slept_for() -> None:
    pace = Pace()
    pace.leave(0.0)
    assert pace.refused(0.0, 0.1, 186_688) == PAUSE_CAP
    assert pace.delay(0.1) <= PAUSE_CAP


# --- The limiter ---------------------------------------------------------------------------------


def test_calls_are_spaced_for_all_threads_together() -> None:
    limiter = Limiter(told=50)
    times: list[float] = []
    threads = [
        threading.Thread(target=lambda: times.append(limiter.take(Deadline()))) for _ in range(26)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(times) - min(times) >= 25 / 50 - 0.02


def test_a_person_goes_before_all_that_wait() -> None:
    limiter = Limiter(told=10)
    order: list[str] = []
    lock = threading.Lock()

    def take(name: str, deadline: Deadline) -> None:
        limiter.take(deadline)
        with lock:
            order.append(name)

    threads = [threading.Thread(target=take, args=("job", Deadline())) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_for(lambda: order)
    person = threading.Thread(target=take, args=("person", Deadline.for_person()))
    person.start()
    for thread in [*threads, person]:
        thread.join()
    assert order.index("person") <= 2


def test_everybody_who_waits_can_be_stopped() -> None:
    limiter = Limiter(told=0.1)
    limiter.take(Deadline())
    deadline = Deadline()
    outcomes: list[type] = []

    def take() -> None:
        with pytest.raises(Cancelled):
            limiter.take(deadline)
        outcomes.append(Cancelled)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    deadline.cancel.set()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 8
    assert time.monotonic() - began < 1


def test_one_who_leaves_does_not_hold_up_the_others() -> None:
    limiter = Limiter(told=20)
    limiter.take(Deadline())
    stopped = Deadline()
    stopped.cancel.set()
    with pytest.raises(Cancelled):
        limiter.take(stopped)
    began = time.monotonic()
    limiter.take(Deadline())
    assert time.monotonic() - began < 0.5


def test_a_pause_beyond_the_deadline_is_said_at_once() -> None:
    limiter = Limiter()
    left = limiter.take(Deadline())
    limiter.refused(left, 40)
    began = time.monotonic()
    with pytest.raises(DeadlinePassed, match="40 seconds"):
        limiter.take(Deadline.for_person())
    assert time.monotonic() - began < 0.5


def test_a_hold_stops_everybody_for_its_time() -> None:
    limiter = Limiter(told=1000)
    limiter.hold(0.3)
    began = time.monotonic()
    limiter.take(Deadline())
    assert time.monotonic() - began >= 0.29


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (40, "40 seconds"),
        (100, "2 minutes"),
        (7200, "2 hours"),
        (186_688, "2 days"),
    ],
)
def test_a_time_is_said_as_people_say_it(seconds: float, words: str) -> None:
    assert seconds_in_words(seconds) == words
