"""The job: scan, run; stopped, refused, killed, on a full disk, from two processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.deadline import Deadline
from core.embedders.azure.embedder import AzureEmbedder
from core.errors import EmbedderRefused, EmbedderUnavailable, InputRefused
from core.index.in_memory.matrix import hex_ids
from core.indexing import embed as embedding
from core.model import Scope
from core.settings import load_settings
from tests import hostile_pictures as hostile
from tests.azure_emulator import Emulator, Fault
from tests.conftest import ColourEmbedder, fill, plain, wait_for
from tests.indexing.conftest import E, Job
from tests.small_disk import fill_up, needs_mount, small_disk

ROOT = Path(__file__).parents[2]


@pytest.fixture
def other(job: Job, tmp_path: Path, images: Path) -> Iterator[Job]:
    """Another object on the folder of `job`, as a second process would have."""
    made = Job(tmp_path, images)
    yield made
    made.close()


def azure(emulator: Emulator, **options: float) -> AzureEmbedder:
    settings = load_settings({"VISION_ENDPOINT": emulator.url, "VISION_KEY": emulator.key})
    return AzureEmbedder(settings, **options)


def paid_calls(emulator: Emulator) -> int:
    return sum(
        deadline.status == 200 and deadline.kind == "image" for deadline in list(emulator.calls)
    )


# -- what a run does -------------------------------------------------------------------------


def test_a_run_embeds_every_picture_once(job: Job, images: Path) -> None:
    fill(images, 10)
    embedder = ColourEmbedder()
    job.run(embedder)
    progress = job.indexer.progress()
    assert (progress.state, progress.done, progress.total) == ("done", 10, 10)
    assert job.store.counts(E, Scope()) == (10, 10)
    job.run(embedder)
    assert len(embedder.calls) == 10


def test_duplicates_are_embedded_once(job: Job, images: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        (images / name).write_bytes(plain("red"))
    job.run(None)
    planned = job.store.plan(E, Scope())
    assert (planned.calls, planned.duplicates) == (1, 2)
    embedder = ColourEmbedder()
    job.run(embedder)
    assert len(embedder.calls) == 1


def test_a_renamed_file_costs_no_call(job: Job, images: Path) -> None:
    files = fill(images, 3)
    embedder = ColourEmbedder()
    job.run(embedder)
    (images / "deeper").mkdir()
    files[0].rename(images / "deeper" / "renamed.png")
    job.run(embedder)
    assert len(embedder.calls) == 3
    assert job.store.counts(E, Scope()) == (3, 3)


def test_a_deleted_file_leaves_the_results_with_its_thumbnail(job: Job, images: Path) -> None:
    files = fill(images, 2)
    job.run(ColourEmbedder())
    for i in job.store.ids(Scope()):
        (job.thumbs / f"{i}.jpg").write_bytes(b"")
    files[0].unlink()
    job.run(None)
    left = job.store.ids(Scope())
    assert [file.stem for file in job.thumbs.iterdir()] == left
    with job.store.searchable(E) as (_, ids, _rows):
        assert list(hex_ids(ids)) == left


def test_a_changed_file_takes_its_old_thumbnail_along(job: Job, images: Path) -> None:
    file = fill(images, 1)[0]
    job.run(ColourEmbedder())
    old = job.thumbs / f"{job.store.ids(Scope())[0]}.jpg"
    old.write_bytes(b"")
    file.write_bytes(plain("blue"))
    job.run(ColourEmbedder())
    assert not old.exists()


def test_a_file_that_comes_back_costs_no_call(job: Job, images: Path) -> None:
    file = fill(images, 1)[0]
    embedder = ColourEmbedder()
    job.run(embedder)
    data = file.read_bytes()
    file.unlink()
    job.run(embedder)
    assert job.store.counts(E, Scope()) == (0, 0)
    file.write_bytes(data)
    job.run(embedder)
    assert job.store.counts(E, Scope()) == (1, 1)
    assert len(embedder.calls) == 1


def test_a_folder_without_pictures_is_done_at_once(job: Job) -> None:
    job.run(ColourEmbedder())
    assert job.state == "done"
    assert job.store.plan(E, Scope()).calls == 0


def test_a_plan_counts_calls_copies_and_what_cannot_be_read(job: Job, images: Path) -> None:
    fill(images, 3)
    (images / "copy.png").write_bytes((images / "0000.png").read_bytes())
    (images / "letter.jpg").write_bytes(hostile.text())
    job.run(None)
    planned = job.store.plan(E, Scope())
    assert (planned.calls, planned.duplicates, planned.skipped, planned.failed) == (3, 1, 1, 0)


def test_batches_are_as_large_as_the_embedder_asks(job: Job, images: Path) -> None:
    fill(images, 10)
    embedder = ColourEmbedder(batch_size=4)
    job.run(embedder)
    assert len(embedder.calls) == 3
    assert job.store.counts(E, Scope()) == (10, 10)


def test_what_is_in_flight_is_bounded_by_bytes_not_only_by_calls(
    job: Job, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "IN_FLIGHT_BYTES", 1_000_000)
    for number in range(40):
        (images / f"{number}.png").write_bytes(plain((number, 1, 1)) + bytes(200_000))
    embedder = ColourEmbedder(batch_size=8, concurrency=8)
    job.run(embedder)
    assert job.store.counts(E, Scope()) == (40, 40)
    assert embedder.most_bytes <= 1_000_000


def test_a_picture_larger_than_the_bound_is_embedded_all_the_same(
    job: Job, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "IN_FLIGHT_BYTES", 1000)
    fill(images, 3)
    (images / "large.png").write_bytes(plain("blue") + bytes(5000))
    job.run(ColourEmbedder(batch_size=2))
    assert job.store.counts(E, Scope()) == (4, 4)


def test_what_the_service_would_refuse_for_size_is_sent_smaller_and_remembered(
    job: Job, images: Path
) -> None:
    (images / "ribbon.png").write_bytes(plain("red", width=16_001, height=12))
    fill(images, 1)
    job.run(ColourEmbedder())
    with job.store.export(E, Scope()) as (altered, _):
        assert sorted(altered.values()) == [False, True]


# -- what goes wrong with one picture --------------------------------------------------------


def test_one_refused_picture_does_not_stop_the_others(job: Job, images: Path) -> None:
    fill(images, 5)
    (images / "0002.png").write_bytes(plain("black"))
    first = iter([InputRefused("This one is not taken.")])

    def refuse_one(deadline: Deadline) -> None:
        for error in first:
            raise error

    embedder = ColourEmbedder(concurrency=1, before_answer=refuse_one)
    job.run(embedder)
    assert job.state == "done"
    assert job.indexer.progress().failed == 1
    assert job.store.counts(E, Scope()) == (4, 5)
    (failure,) = job.store.failures(E)
    assert failure.reason == "This one is not taken."
    job.run(embedder)
    assert len(embedder.calls) == 5
    assert job.store.plan(E, Scope()).failed == 1


def test_retry_failed_asks_again(job: Job, images: Path) -> None:
    fill(images, 1)
    answers = iter([InputRefused("Not now.")])

    def refuse_once(deadline: Deadline) -> None:
        for error in answers:
            raise error

    embedder = ColourEmbedder(before_answer=refuse_once)
    job.run(embedder)
    job.store.clear_failures(E)
    job.run(embedder)
    assert job.store.counts(E, Scope()) == (1, 1)
    assert job.store.failures(E) == []


def test_the_one_that_spoils_a_batch_is_found(job: Job, images: Path) -> None:
    fill(images, 6)

    class Picky(ColourEmbedder):
        def embed_images(self, images, deadline):  # type: ignore[no-untyped-def]
            if any(len(data) > 10_000 for data in images):
                raise InputRefused("Too heavy.")
            return super().embed_images(images, deadline)

    (images / "0003.png").write_bytes(plain("blue") + bytes(20_000))
    job.run(Picky(batch_size=6))
    assert job.store.counts(E, Scope()) == (5, 6)
    assert [f.path for f in job.store.failures(E)] == ["images/0003.png"]


def test_a_picture_deleted_between_scan_and_call_is_said_and_asked_again_when_it_is_back(
    job: Job, images: Path
) -> None:
    files = fill(images, 3)
    data = files[2].read_bytes()
    job.run(None)  # so that the run reads the files anew

    def delete(deadline: Deadline) -> None:
        files[2].unlink(missing_ok=True)

    job.run(ColourEmbedder(concurrency=1, before_answer=delete))
    # Read ahead, it may have been in time; else it is said.
    if job.store.counts(E, Scope())[0] == 2:
        (failure,) = job.store.failures(E)
        assert "deleted or changed" in failure.reason
    files[2].write_bytes(data)
    job.run(ColourEmbedder())
    assert job.store.counts(E, Scope()) == (3, 3)
    assert job.store.failures(E) == []


def test_a_whole_folder_deleted_during_a_run_is_no_outage(job: Job, images: Path) -> None:
    files = fill(images, 30)
    job.run(None)  # so that the run reads the files anew

    def delete(deadline: Deadline) -> None:
        for file in files:
            file.unlink(missing_ok=True)

    job.run(ColourEmbedder(concurrency=1, before_answer=delete))
    assert job.state == "done"
    assert job.indexer.progress().failed > 20


def test_an_embedder_that_breaks_in_an_unforeseen_way_is_a_sentence(job: Job, images: Path) -> None:
    fill(images, 2)
    answers = iter([ZeroDivisionError("a bug")])

    def break_once(deadline: Deadline) -> None:
        for error in answers:
            raise error

    job.run(ColourEmbedder(before_answer=break_once))
    assert job.state == "done"
    assert "unexpected" in job.store.failures(E)[0].reason


# -- what goes wrong with the service --------------------------------------------------------


def test_five_pictures_in_a_row_without_an_answer_end_the_run(job: Job, images: Path) -> None:
    fill(images, 40)

    def nobody(deadline: Deadline) -> None:
        raise EmbedderUnavailable("Nobody answers.")

    embedder = ColourEmbedder(before_answer=nobody)
    job.run(embedder)
    assert job.state == "failed"
    assert "5 pictures in a row" in job.indexer.progress().sentence
    assert "Nobody answers." in job.indexer.progress().sentence
    assert len(embedder.calls) < 12


def test_after_an_outage_start_indexing_asks_for_everything_that_is_missing(
    job: Job, images: Path
) -> None:
    fill(images, 12)

    def nobody(deadline: Deadline) -> None:
        raise EmbedderUnavailable("Nobody answers.")

    job.run(ColourEmbedder(before_answer=nobody))
    assert job.store.plan(E, Scope()).calls == 12
    job.run(ColourEmbedder())
    assert job.store.counts(E, Scope()) == (12, 12)
    assert job.store.failures(E) == []


def test_an_unlucky_picture_now_and_then_does_not_end_the_run(job: Job, images: Path) -> None:
    fill(images, 40)
    asked = iter(range(1000))

    def three_of_four(deadline: Deadline) -> None:
        if next(asked) % 4:
            raise EmbedderUnavailable("No answer.")

    job.run(ColourEmbedder(concurrency=1, before_answer=three_of_four))
    assert job.state == "done"
    assert job.store.counts(E, Scope()) == (10, 40)


def test_a_refusal_ends_the_run_and_what_is_in_flight_is_kept(job: Job, images: Path) -> None:
    fill(images, 20)
    together = threading.Barrier(4)
    asked = iter(range(1000))

    def one_is_refused(deadline: Deadline) -> None:
        number = next(asked)
        if number < 4:
            together.wait(30)
        if number == 0:
            raise EmbedderRefused("The key is wrong. Copy it again.")
        wait_for(deadline.cancel.is_set)

    embedder = ColourEmbedder(concurrency=4, before_answer=one_is_refused)
    job.run(embedder)
    progress = job.indexer.progress()
    assert (progress.state, progress.sentence) == ("failed", "The key is wrong. Copy it again.")
    assert job.store.counts(E, Scope()) == (len(embedder.calls) - 1, 20)
    assert 4 <= len(embedder.calls) < 8
    assert job.store.failures(E) == []


@pytest.mark.parametrize("fault", ["key", "quota", "gone"])
def test_a_refusal_by_the_service_stops_the_run_with_its_sentence(
    job: Job, images: Path, emulator: Emulator, fault: str
) -> None:
    fill(images, 60)
    emulator.quota = 10 if fault == "quota" else None
    settings = load_settings(
        {
            "VISION_ENDPOINT": emulator.url,
            "VISION_KEY": "wrong" if fault == "key" else emulator.key,
            "VISION_API_VERSION": "2023-02-01-preview" if fault == "gone" else "",
        }
    )
    job.run(AzureEmbedder(settings))
    progress = job.indexer.progress()
    assert progress.state == "failed"
    assert len(progress.sentence) > 20
    assert job.store.counts("azure:2023-04-15", Scope())[0] == paid_calls(emulator)
    assert len(emulator.calls) < 60


# -- stop ------------------------------------------------------------------------------------


def test_stop_ends_soon_and_keeps_what_was_answered(
    job: Job, images: Path, emulator: Emulator
) -> None:
    fill(images, 200)
    emulator.latency = 0.1
    embedder = azure(emulator)
    job.indexer.start(embedder, Scope)
    wait_for(lambda: job.embedded >= 5)
    job.indexer.stop()
    assert job.state == "stopping"
    stopped = time.monotonic()
    job.indexer.join(10)
    assert time.monotonic() - stopped < 2.5
    assert job.state == "stopped"
    kept = job.store.counts(embedder.id, Scope())[0]
    assert kept == paid_calls(emulator)
    job.run(embedder)
    assert job.store.counts(embedder.id, Scope()) == (200, 200)
    assert paid_calls(emulator) == 200


def test_stop_ends_a_run_whose_service_hangs(job: Job, images: Path, emulator: Emulator) -> None:
    fill(images, 20)
    emulator.when(lambda seen: True, "hang")
    job.indexer.start(azure(emulator, grace_seconds=0.5), Scope)
    wait_for(lambda: emulator.calls)
    job.indexer.stop()
    job.indexer.join(5)
    assert job.state == "stopped"


def test_stop_during_a_scan_ends_it(job: Job, images: Path) -> None:
    fill(images, 400)
    job.indexer.start(ColourEmbedder(), Scope)
    wait_for(lambda: job.indexer.progress().done >= 1)
    job.indexer.stop()
    job.indexer.join(5)
    assert job.state == "stopped"
    assert 0 < len(job.store.files()) < 400


def test_stop_without_a_run_does_nothing(job: Job, images: Path) -> None:
    job.indexer.stop()
    fill(images, 2)
    job.run(ColourEmbedder())
    assert job.state == "done"


# -- one run, many askers --------------------------------------------------------------------


@contextmanager
def held_open(job: Job, embedder: ColourEmbedder) -> Iterator[threading.Event]:
    """A run that answers nothing until the event is set."""
    going = threading.Event()
    embedder.before_answer = lambda deadline: wait_for(
        lambda: going.is_set() or deadline.cancel.is_set()
    )
    assert job.indexer.start(embedder, Scope)
    wait_for(lambda: embedder.calls)
    try:
        yield going
    finally:
        going.set()
        job.indexer.join(30)


def test_what_is_asked_for_during_a_run_is_added_to_it(job: Job, images: Path) -> None:
    fill(images, 2)
    embedder = ColourEmbedder()
    with held_open(job, embedder):
        (images / "later.png").write_bytes(plain("blue"))
        assert job.indexer.start(embedder, Scope)
    assert job.store.counts(E, Scope()) == (3, 3)
    assert len(embedder.calls) == 3


def test_start_pressed_while_a_scan_is_on_follows_the_scan(job: Job, images: Path) -> None:
    fill(images, 100)
    embedder = ColourEmbedder()
    job.indexer.start(None, Scope)
    job.indexer.start(embedder, Scope)
    job.indexer.join(30)
    assert job.store.counts(E, Scope()) == (100, 100)


def test_start_pressed_while_a_run_is_stopping_begins_anew(job: Job, images: Path) -> None:
    fill(images, 30)
    going = threading.Event()
    embedder = ColourEmbedder(before_answer=lambda deadline: going.wait(30) and None)
    job.indexer.start(embedder, Scope)
    wait_for(lambda: embedder.calls)
    job.indexer.stop()
    assert job.indexer.start(embedder, Scope)
    going.set()
    wait_for(lambda: job.state == "done")
    assert job.store.counts(E, Scope()) == (30, 30)
    assert len(embedder.calls) == 30


def test_a_page_opened_while_a_scan_is_stopping_does_not_bring_the_paid_run_back(
    job: Job, images: Path
) -> None:
    fill(images, 400)
    embedder = ColourEmbedder()
    job.indexer.start(embedder, Scope)
    wait_for(lambda: job.indexer.progress().done >= 1)
    job.indexer.stop()
    job.indexer.start(None, Scope)  # what opening the page Indexing does
    wait_for(lambda: job.state == "done")
    assert len(job.store.files()) == 400
    assert embedder.calls == []


def test_starting_from_many_threads_at_once_makes_no_call_twice(job: Job, images: Path) -> None:
    fill(images, 30)
    embedder = ColourEmbedder(concurrency=4)
    threads = [
        threading.Thread(target=job.indexer.start, args=(embedder, Scope)) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    job.indexer.join(30)
    job.run(embedder)
    assert len(embedder.calls) == 30


def test_starting_just_as_a_run_ends_never_hangs(job: Job, images: Path) -> None:
    fill(images, 1)
    for _ in range(40):
        job.indexer.start(ColourEmbedder(), Scope)
        wait_for(lambda: job.indexer.progress().state != "scanning")
    job.indexer.join(10)
    assert job.state == "done"


def test_another_object_on_the_folder_shows_the_run_and_never_starts_another(
    job: Job, other: Job, images: Path
) -> None:
    fill(images, 5)
    embedder = ColourEmbedder()
    with held_open(job, embedder):
        assert not other.indexer.start(embedder, Scope)
        wait_for(lambda: other.indexer.progress().total == 5)
        assert other.indexer.progress().state == "indexing"
        assert other.indexer.progress().embedder_id == E
    assert other.state == "done"
    assert other.indexer.progress().done == 5
    assert len(embedder.calls) == 5


def test_another_object_on_the_folder_can_stop_the_run(job: Job, other: Job, images: Path) -> None:
    fill(images, 50)
    with held_open(job, ColourEmbedder()):
        other.indexer.stop()
        job.indexer.join(5)
        assert job.state == "stopped"
        assert other.state == "stopped"
    job.run(ColourEmbedder())
    assert job.state == "done"


# What a shell starts in the background, such as these tests, ignores Ctrl-C, and passes that on.
RUN = """
import signal
import sys
from pathlib import Path
from core.embedders.azure import AzureEmbedder
from core.settings import load_settings
from core.model import Scope
from tests.indexing.conftest import Job
signal.signal(signal.SIGINT, signal.default_int_handler)
folder, images, url, key = sys.argv[1:]
job = Job(Path(folder), Path(images))
embedder = AzureEmbedder(load_settings({
    "VISION_ENDPOINT": url, "VISION_KEY": key, "VISION_CALLS_PER_SECOND": "10",
}))
print(job.indexer.start(embedder, Scope), flush=True)
job.indexer.join()
print(job.state, flush=True)
"""


def run_elsewhere(folder: Path, images: Path, emulator: Emulator) -> subprocess.Popen[str]:
    """At ten calls a second, so that a run of hundreds is still on however late a test looks."""
    command = [sys.executable, "-c", RUN, str(folder), str(images), emulator.url, emulator.key]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def test_two_processes_on_one_folder_do_one_run_and_either_can_stop_it(
    job: Job, images: Path, tmp_path: Path, emulator: Emulator
) -> None:
    fill(images, 300)
    emulator.latency = 0.1
    with run_elsewhere(tmp_path, images, emulator) as process:
        wait_for(lambda: job.embedded >= 3, 30)
        assert not job.indexer.start(azure(emulator), Scope)
        job.indexer.stop()
        said, _ = process.communicate(timeout=20)
    assert said.split() == ["True", "stopped"]
    assert job.state == "stopped"
    assert job.store.counts("azure:2023-04-15", Scope())[0] == paid_calls(emulator)


def test_after_kill_9_the_next_start_pays_only_for_what_was_in_flight(
    job: Job, images: Path, tmp_path: Path, emulator: Emulator
) -> None:
    fill(images, 120)
    emulator.latency = 0.1
    with run_elsewhere(tmp_path, images, emulator) as process:
        wait_for(lambda: job.store.counts("azure:2023-04-15", Scope())[0] >= 20, 30)
        process.kill()
        process.wait()
    assert job.state == "idle"
    embedder = azure(emulator)
    kept = job.store.counts(embedder.id, Scope())[0]
    paid = paid_calls(emulator)
    assert kept >= 20
    assert job.store.plan(embedder.id, Scope()).calls == 120 - kept
    # What the emulator was still answering when its caller died.
    emulator.latency = 0.0
    job.run(embedder)
    assert job.store.counts(embedder.id, Scope()) == (120, 120)
    again = [deadline.body for deadline in list(emulator.calls) if deadline.kind == "image"]
    twice = len(again) - len(set(again))
    assert twice <= embedder.concurrency
    assert paid - kept <= embedder.concurrency


@pytest.mark.parametrize("fault", ["", "hang"])
def test_ctrl_c_ends_the_program_soon_and_keeps_what_was_paid_for(
    job: Job, images: Path, tmp_path: Path, emulator: Emulator, fault: str
) -> None:
    fill(images, 200)
    emulator.latency = 0.2
    with run_elsewhere(tmp_path, images, emulator) as process:
        wait_for(lambda: job.embedded >= 5, 30)
        if fault:
            emulator.when(lambda seen: True, Fault(fault, seconds=60))
        process.send_signal(signal.SIGINT)
        process.wait(15)
    kept = job.store.counts("azure:2023-04-15", Scope())[0]
    assert 5 <= kept == paid_calls(emulator) < 200


# -- a full disk -----------------------------------------------------------------------------


@needs_mount
def test_answers_that_a_full_disk_does_not_take_are_kept_until_there_is_room(
    tmp_path: Path, images: Path, emulator: Emulator
) -> None:
    fill(images, 60)
    with small_disk(tmp_path / "disk", "3m") as disk:
        job = Job(disk, images)
        job.run(None)
        embedder = azure(emulator)
        emulator.latency = 0.05
        job.indexer.start(embedder, Scope)
        wait_for(lambda: job.store.counts(embedder.id, Scope())[0] >= 5)
        fill_up(disk)
        job.indexer.join(30)
        progress = job.indexer.progress()
        assert progress.state == "failed"
        assert "The disk is full: nothing was lost." in progress.sentence
        assert job.store.counts(embedder.id, Scope())[0] < 60
        (disk / "films").unlink()
        job.run(embedder)
        assert job.state == "done"
        assert job.store.counts(embedder.id, Scope()) == (60, 60)
        assert paid_calls(emulator) == 60
        job.close()
