"""core.hosting.meter: what is counted, when, and what a cap keeps from being made."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path

import pytest

from core.errors import CapReached, EmbedderRefused
from core.hosting import CallMeter, Caps
from core.index import open_index
from core.index.sqlite import SqliteIndex
from core.settings import NAMES, load_settings
from tests.app.server import environment
from tests.conftest import wait_for
from tests.small_disk import fill_up, needs_mount, small_disk

ROOT = Path(__file__).parents[2]

# Noon of 27 November 2026 in UTC.
NOON = 1_795_780_800.0


class Clock:
    """A time that a test sets."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def meter_of(store: SqliteIndex, caps: Caps | None = None, visitor: str = "ada") -> CallMeter:
    return CallMeter(store, lambda: "e:1", caps or Caps(), lambda: visitor, now=Clock())


def test_a_call_is_counted_before_it_is_answered(store: SqliteIndex) -> None:
    meter_of(store).reserve("text")
    assert meter_of(store).usage().answered == 1


def test_a_call_that_is_not_charged_is_taken_back(store: SqliteIndex) -> None:
    meter = meter_of(store)
    meter.reserve("text").release()
    meter.reserve("image").release(refused=True)
    usage = meter.usage()
    assert (usage.answered, usage.refused) == (0, 1)


def test_what_is_said_of_a_call_first_holds(store: SqliteIndex) -> None:
    meter = meter_of(store)
    call = meter.reserve("text")
    call.settle()
    call.release(refused=True)
    other = meter.reserve("text")
    other.release()
    other.release()
    usage = meter.usage()
    assert (usage.answered, usage.refused) == (1, 0)


def test_a_question_that_is_drawn_again_is_one_answer_from_the_cache(store: SqliteIndex) -> None:
    meter = meter_of(store)
    for _ in range(3):
        meter.heard("text", "red", kept=True)
    assert meter.usage().cached == 1


def test_what_a_visitor_paid_for_is_no_answer_from_the_cache(store: SqliteIndex) -> None:
    meter = meter_of(store)
    meter.heard("text", "red", kept=False)
    meter.heard("text", "red", kept=True)
    assert meter.usage().cached == 0


def test_an_answer_from_the_cache_is_written_without_anybody_asking(store: SqliteIndex) -> None:
    meter_of(store).heard("text", "red", kept=True)
    wait_for(lambda: meter_of(store).usage().cached == 1)


def test_days_are_those_of_utc(store: SqliteIndex) -> None:
    clock = Clock(NOON + 12 * 3600 - 1)
    meter = CallMeter(store, lambda: "e:1", Caps(), lambda: "", now=clock)
    meter.reserve("text")
    clock.now += 1
    meter.reserve("text")
    assert [count.day for count in meter.usage().days] == ["2026-11-27", "2026-11-28"]


def test_a_clock_that_goes_back_loses_no_count(store: SqliteIndex) -> None:
    clock = Clock()
    meter = CallMeter(store, lambda: "e:1", Caps(per_day=2), lambda: "", now=clock)
    meter.reserve("text")
    clock.now += 86_400
    meter.reserve("text")
    clock.now -= 86_400
    meter.reserve("text")
    assert meter.usage().answered == 3
    with pytest.raises(CapReached):
        meter.reserve("text")


def test_a_call_over_midnight_is_taken_back_on_its_own_day(store: SqliteIndex) -> None:
    clock = Clock()
    meter = CallMeter(store, lambda: "e:1", Caps(per_day=1), lambda: "", now=clock)
    call = meter.reserve("text")
    clock.now += 86_400
    meter.reserve("text").settle()
    call.release()
    assert [count.answered for count in meter.usage().days] == [0, 1]


KILLED = """
import os, signal, sys
from pathlib import Path
from core.hosting import CallMeter, Caps
from core.index.sqlite import SqliteIndex
meter = CallMeter(SqliteIndex(Path(sys.argv[1])), lambda: "e:1", Caps(), lambda: "")
for number in range(7):
    call = meter.reserve("text")
    if number < 5:
        call.settle()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_kill_9_loses_no_call_whether_answered_or_in_flight(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, timeout=60)
    store = SqliteIndex(tmp_path)
    meter = CallMeter(store, lambda: "e:1", Caps(), lambda: "")
    assert meter.usage().answered == 7
    store.close()


TO_THE_CAP = """
import sys
from pathlib import Path
from core.errors import CapReached
from core.hosting import CallMeter, Caps
from core.index import open_index
from core.settings import load_settings
index = open_index(load_settings(root=Path(sys.argv[1])))
meter = CallMeter(index, lambda: "e:1", Caps(per_day=300), lambda: "")
sys.stdin.readline()
made = 0
try:
    while True:
        meter.reserve("text").settle()
        made += 1
except CapReached:
    print(made)
index.close()
"""


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_two_processes_on_one_index_keep_to_one_cap(
    request: pytest.FixtureRequest, tmp_path: Path, engine: str
) -> None:
    there = asdict(request.getfixturevalue("postgres")) if engine == "postgres" else {}
    names = [name for name in NAMES if name.startswith("POSTGRES_")]
    server = {name: str(there[name.lower()]) for name in names if there}
    open_index(load_settings(server, root=tmp_path)).close()
    command = [sys.executable, "-c", TO_THE_CAP, str(tmp_path)]
    both = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(**server),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    made = [int(process.communicate(timeout=60)[0]) for process in both]
    assert sum(made) == 300


# -- a full disk -----------------------------------------------------------------------------


@needs_mount
def test_with_a_full_disk_and_a_cap_no_call_is_made_and_a_sentence_says_why(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        store = SqliteIndex(disk)
        meter = meter_of(store, Caps(per_day=100, visitor_per_minute=1))
        fill_up(disk)
        with pytest.raises(EmbedderRefused, match=r"disk is full.*none could be counted\.$"):
            reserve_until_full(meter)
        (disk / "films").unlink()
        meter.reserve("text")
        store.close()


@needs_mount
def test_with_a_full_disk_and_no_cap_calls_are_counted_once_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        store = SqliteIndex(disk)
        meter = meter_of(store)
        fill_up(disk)
        for _ in range(50):
            meter.reserve("text").settle()
        meter.reserve("text").release()
        (disk / "films").unlink()
        assert meter.usage().answered == 50
        store.close()


def reserve_until_full(meter: CallMeter) -> None:
    """What the log of the index has room for is still counted, and taken back."""
    for _ in range(1000):
        meter.reserve("text").release()


# -- caps ------------------------------------------------------------------------------------


def test_the_cap_of_the_day_is_a_sentence_that_says_when_it_opens_again(
    store: SqliteIndex,
) -> None:
    meter = meter_of(store, Caps(per_day=1))
    meter.reserve("text")
    with pytest.raises(CapReached, match=r"12 hours, at midnight UTC\. .* still answers\.$"):
        meter.reserve("text")
    assert meter.usage().capped == 1


def test_a_visitor_who_asks_too_fast_waits_for_less_than_a_minute(store: SqliteIndex) -> None:
    clock = Clock()
    caps = Caps(visitor_per_minute=2)
    meter = CallMeter(store, lambda: "e:1", caps, lambda: "ada", now=Clock(), clock=clock)
    meter.reserve("text")
    clock.now += 25
    meter.reserve("text")
    with pytest.raises(CapReached, match="try again in 35 seconds"):
        meter.reserve("text")
    clock.now += 35
    meter.reserve("text")


def test_two_models_beside_each_other_share_the_minute_of_a_visitor(store: SqliteIndex) -> None:
    caps = Caps(visitor_per_minute=2)
    first = CallMeter(store, lambda: "e:1", caps, lambda: "ada", now=Clock(), clock=Clock())
    second = CallMeter(store, lambda: "e:2", caps, lambda: "ada", now=Clock(), beside=first)
    first.reserve("text")
    second.reserve("text")
    for meter in (first, second):
        with pytest.raises(CapReached, match="At most 2 new searches a minute"):
            meter.reserve("text")


def test_a_call_that_is_not_charged_does_not_use_up_the_minute(store: SqliteIndex) -> None:
    meter = meter_of(store, Caps(visitor_per_minute=1))
    meter.reserve("text").release(refused=True)
    meter.reserve("text")
    with pytest.raises(CapReached):
        meter.reserve("text")


def test_a_call_that_another_cap_holds_back_does_not_use_up_the_minute(store: SqliteIndex) -> None:
    clock = Clock()
    caps = Caps(per_day=1, visitor_per_minute=2)
    meter = CallMeter(store, lambda: "e:1", caps, lambda: "ada", now=clock, clock=Clock())
    meter.reserve("text")
    with pytest.raises(CapReached, match="Today’s"):
        meter.reserve("text")
    clock.now += 86_400
    meter.reserve("text")


def test_what_is_done_for_nobody_is_held_by_the_cap_of_the_day_alone(store: SqliteIndex) -> None:
    caps = Caps(per_day=3, visitor_per_day=1, visitor_per_minute=1)
    run = meter_of(store, caps, visitor="")
    for _ in range(3):
        run.reserve("image")
    with pytest.raises(CapReached, match="Today’s"):
        run.reserve("image")


@pytest.mark.parametrize(
    "caps", [Caps(per_day=0), Caps(visitor_per_day=0), Caps(visitor_per_minute=0)]
)
def test_a_cap_of_zero_promises_no_opening(store: SqliteIndex, caps: Caps) -> None:
    with pytest.raises(CapReached, match=r"^Nothing new is asked here\. .* still answers\.$"):
        meter_of(store, caps).reserve("text")


def test_twenty_at_once_make_as_many_calls_as_the_cap_allows(store: SqliteIndex) -> None:
    meter = meter_of(store, Caps(per_day=7))
    outcomes: list[str] = []

    def ask() -> None:
        try:
            meter.reserve("text").settle()
            outcomes.append("made")
        except CapReached:
            outcomes.append("held back")

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (outcomes.count("made"), outcomes.count("held back")) == (7, 13)
