"""The pace against gateways of every kind in virtual time, and the limiter with real threads."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from benchmarks.pacing import Row, Run, World, constant, missed, neighbour, rows, simulate
from core.deadline import Deadline
from core.embedders.pacing import PAUSE_CAP, Limiter, Pace, seconds_in_words
from core.errors import Cancelled, DeadlinePassed
from tests.conftest import wait_for

TWENTY = World(constant(20), seconds=100)


# --- The pace ------------------------------------------------------------------------------------

# In this world the first Retry-After of the bucket is 1 second, which does not tell a minute.
TOLD_TOO_LITTLE = "20 a minute, bucket, 1 s"


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "row", [row for row in rows() if row.name != TOLD_TOO_LITTLE], ids=lambda row: row.name
)
def test_every_goal_of_the_table_is_reached(row: Row, seed: int) -> None:
    assert missed(simulate(replace(row.world, seed=seed), Pace()), row) == []


def test_a_bucket_that_tells_too_little_is_refused_more_but_used_as_well() -> None:
    (row,) = (row for row in rows() if row.name == TOLD_TOO_LITTLE)
    run = simulate(row.world, Pace())
    assert run.share() >= 0.95
    assert run.refused_share() < 0.06


@pytest.mark.parametrize("late", [0.003, 0.02])
def test_a_neighbour_who_leaves_is_noticed_within_twenty_seconds(late: float) -> None:
    world = World(neighbour(20, 15, lambda now: now < 60), seconds=120, late=late)
    assert simulate(world, Pace()).seconds_until(18, after=60) < 20


@pytest.mark.parametrize("takes", [5, 10])
@pytest.mark.parametrize("period", [45, 60, 75])
def test_a_smaller_neighbour_who_comes_and_goes_is_followed(takes: int, period: int) -> None:
    world = World(neighbour(20, takes, lambda now: now // period % 2 == 1))
    run = simulate(world, Pace())
    assert run.share() >= 0.88
    assert run.refused_share() < 0.02


# Each look above a limit costs a refused call, and of few calls one is a larger share.
@pytest.mark.parametrize(("calls", "most_refused"), [(5, 0.05), (10, 0.03), (20, 0.02), (50, 0.02)])
def test_an_unknown_limit_is_found_and_nearly_reached(calls: int, most_refused: float) -> None:
    run = simulate(replace(TWENTY, limit=constant(calls)), Pace())
    assert run.share(20) >= 0.95
    assert run.refused_share() < most_refused


@pytest.mark.parametrize("kind", ["sliding", "fixed", "bucket"])
@pytest.mark.parametrize("phase", [0.0, 0.3, 0.6, 0.9])
def test_the_kind_of_window_and_when_it_begins_matter_little(kind: str, phase: float) -> None:
    run = simulate(replace(TWENTY, kind=kind, phase=phase), Pace())
    assert run.share(20) >= 0.95
    assert run.refused_share() < 0.035


def test_the_first_ten_seconds_are_used_for_the_most_part() -> None:
    assert simulate(TWENTY, Pace()).share(0, 10) >= 0.8


def test_threads_that_wake_late_cost_little() -> None:
    run = simulate(replace(TWENTY, late=0.02), Pace())
    assert run.share(20) >= 0.95
    assert run.refused_share() < 0.02


def test_a_refusal_without_a_time_slows_the_pace_all_the_same() -> None:
    run = simulate(replace(TWENTY, says=False), Pace())
    assert run.share(20) >= 0.95
    assert run.refused_share() < 0.02


def test_a_minute_that_was_partly_used_before_does_not_set_the_limit() -> None:
    world = World(lambda now: 7 if now < 40 else 20, per=60, seconds=1200)
    assert simulate(world, Pace()).share(900) >= 0.9


def test_nothing_leaves_during_a_pause_of_more_than_a_second() -> None:
    run = simulate(World(constant(20), per=60, seconds=100), Pace())
    heard = run.refused[0] + run.world.latency
    resumed = min(left for left in run.accepted + run.refused if left > heard)
    assert resumed >= 60


def storm(now: float) -> float:
    return 1.0 if 20 <= now < 50 else 0.0


def test_a_storm_is_waited_out_with_about_a_call_a_second() -> None:
    run = simulate(World(constant(20), chance=storm, seconds=90), Pace())
    assert len(run.refused_anyway) < 45


def test_a_storm_is_forgotten_soon() -> None:
    run = simulate(World(constant(20), chance=storm, seconds=90), Pace())
    assert run.share(60) >= 0.9


def told_ten(limit: float) -> Run:
    return simulate(replace(TWENTY, limit=constant(limit), seconds=60), Pace(told=10))


def test_the_rate_that_was_told_is_reached_and_not_exceeded() -> None:
    run = told_ten(100)
    assert run.refused == []
    assert 590 <= len(run.accepted) <= 601


def test_a_told_rate_that_is_too_fast_is_slowed() -> None:
    run = told_ten(5)
    assert run.share() >= 0.93
    assert run.refused_share() < 0.06


def test_a_told_rate_below_one_a_second_is_kept() -> None:
    run = simulate(replace(TWENTY, seconds=600), Pace(told=0.1))
    assert 59 <= len(run.accepted) <= 61


def test_calls_that_are_slow_by_themselves_are_not_held_up_for_long() -> None:
    run = simulate(replace(TWENTY, latency=2.0), Pace())
    assert run.refused == []
    late = [left for left in run.accepted if left >= 30]
    assert len(late) >= 0.95 * 16 / 2 * 70, "sixteen workers, two seconds a call"


def test_the_first_call_beyond_a_free_minute_leaves_when_all_are_answered() -> None:
    pace = Pace()
    for call in range(20):
        pace.leave(call / 10)
    assert pace.delay(3.0) > 0
    for call in range(20):
        pace.accepted(call / 10)
    assert pace.delay(3.0) == 0


def test_the_first_call_beyond_a_free_minute_leaves_alone() -> None:
    pace = Pace()
    for call in range(20):
        pace.leave(call / 10)
        pace.accepted(call / 10)
    pace.leave(3.0)
    assert pace.delay(4.0) > 0


def test_an_answer_that_nobody_reports_holds_up_nobody_for_long() -> None:
    pace = Pace()
    for call in range(20):
        pace.leave(call / 10)
    assert pace.delay(8.0) == 0


def test_a_told_pace_is_kept_though_some_calls_are_refused_whatever_it_is() -> None:
    world = World(constant(1000), chance=constant(0.04), seconds=200)
    assert len(simulate(world, Pace(told=20)).accepted) >= 0.85 * 20 * 200


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
