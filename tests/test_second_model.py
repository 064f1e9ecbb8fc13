"""A second embedder beside the first: added, stopped, lost, compared, switched to and back."""

from __future__ import annotations

import importlib.util
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import EmbedderRefused, QueryError
from core.model import EVERYTHING
from core.search import Part, Term
from core.settings import load_settings
from core.workspace import Workspace
from tests import tiny_clip
from tests.azure_emulator import Emulator
from tests.conftest import plain, wait_for

COLOURS = ("red", "green", "blue", "yellow")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    images = tmp_path / "images"
    (images / "gallery").mkdir(parents=True)
    for colour in COLOURS:
        (images / f"{colour}.png").write_bytes(plain(colour, width=64, height=64))
    return tmp_path


def opened(root: Path, emulator: Emulator | None = None, **environ: str) -> Workspace:
    """The built-in model answers; with the emulator's settings Azure could."""
    settings = emulator.settings if emulator is not None else {}
    environ = {"EMBEDDER": "builtin", **settings, **environ}
    workspace = Workspace(load_settings(environ, root=root), root)
    workspace.indexer.join(60)
    return workspace


def with_azure(root: Path, emulator: Emulator) -> tuple[Workspace, Workspace]:
    workspace = opened(root, emulator)
    workspace.models.add_second("azure")
    second = workspace.models.second()
    assert second is not None
    return workspace, second


def embed(second: Workspace) -> None:
    assert second.start_indexing()
    second.indexer.join(60)


def test_a_second_model_embeds_the_pictures_of_the_first(root: Path, emulator: Emulator) -> None:
    workspace, second = with_azure(root, emulator)
    assert second.plan().calls == len(COLOURS)
    assert len(emulator.calls) == 0
    embed(second)
    assert len(emulator.calls) == len(COLOURS)
    assert second.searchable() == workspace.searchable() == len(COLOURS)
    assert workspace.embedder.id != second.embedder.id
    workspace.close()


def test_each_model_is_asked_in_its_own_space(root: Path, emulator: Emulator) -> None:
    workspace, second = with_azure(root, emulator)
    embed(second)
    found = []
    for one in (workspace, second):
        parts = one.asking.parts_of([Term(text="red")])
        assert len(parts[0].vector) == one.embedder.dimensions
        found.append(one.search(parts, EVERYTHING))
    assert [len(ranking) for ranking in found] == [len(COLOURS)] * 2
    assert found[0].hits[0].cosine != found[1].hits[0].cosine
    workspace.close()


def test_a_picture_that_a_visitor_brought_is_asked_of_each_model(
    root: Path, emulator: Emulator
) -> None:
    workspace, second = with_azure(root, emulator)
    own = workspace.asking.bring(plain("red", width=80, height=80), "mine.png")
    (part,) = second.asking.parts_of([Term(picture_id=own.id)], {own.id: own})
    assert len(part.vector) == second.embedder.dimensions != workspace.embedder.dimensions
    second.asking.parts_of([Term(picture_id=own.id)], {own.id: own})
    assert len(emulator.calls) == 1
    workspace.close()


def test_a_link_that_one_service_fetched_itself_is_nothing_that_another_can_see(
    root: Path, emulator: Emulator
) -> None:
    workspace, second = with_azure(root, emulator)
    own = replace(workspace.asking.bring(plain("red", width=80, height=80), "mine.png"), data=b"")
    with pytest.raises(QueryError, match="Bring the file instead"):
        second.asking.parts_of([Term(picture_id=own.id)], {own.id: own})
    workspace.close()


def test_a_second_model_out_of_quota_goes_on_later_and_pays_nothing_twice(
    root: Path, emulator: Emulator
) -> None:
    emulator.quota = 2
    workspace, second = with_azure(root, emulator)
    embed(second)
    assert "is used up" in workspace.progress().sentence
    assert second.searchable() == 2
    assert workspace.searchable() == len(COLOURS)
    emulator.quota = None
    before = emulator.statuses()[200]
    embed(second)
    assert emulator.statuses()[200] - before == len(COLOURS) - 2
    assert second.searchable() == len(COLOURS)
    workspace.close()


def test_a_run_of_the_second_that_was_stopped_goes_on_and_pays_nothing_twice(
    root: Path, emulator: Emulator
) -> None:
    emulator.latency = 0.1
    for number in range(20):
        (root / "images" / f"{number}.png").write_bytes(plain((number, 9, 9), width=64, height=64))
    workspace, second = with_azure(root, emulator)
    assert second.start_indexing()
    wait_for(lambda: emulator.statuses()[200])
    workspace.stop_indexing()
    workspace.indexer.join(60)
    assert workspace.progress().state == "stopped"
    emulator.latency = 0.0
    embed(second)
    assert second.searchable() == len(COLOURS) + 20 == emulator.statuses()[200]
    workspace.close()


KILLED = """
import os, sys, threading
from pathlib import Path
from core.settings import load_settings
from core.workspace import Workspace
root = Path(sys.argv[1])
workspace = Workspace(load_settings(root=root), root)
workspace.indexer.join(60)
workspace.models.add_second("azure")
second = workspace.models.second()
keep = workspace.indexer._keep
def kept(*given):
    keep(*given)
    os.kill(os.getpid(), 9)
workspace.indexer._keep = kept
second.start_indexing()
workspace.indexer.join(60)
"""


def test_a_run_of_the_second_that_is_killed_has_lost_no_answer_that_was_kept(
    root: Path, emulator: Emulator
) -> None:
    environ = {"EMBEDDER": "builtin", **emulator.settings}
    code = subprocess.run(
        [sys.executable, "-c", KILLED, str(root)],
        env={**environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        timeout=120,
    ).returncode
    assert code == -9
    workspace = opened(root, emulator)
    second = workspace.models.second()
    assert second is not None
    kept = second.searchable()
    assert kept > 0
    assert second.plan().calls == len(COLOURS) - kept
    before = len(emulator.calls)
    embed(second)
    assert len(emulator.calls) - before == len(COLOURS) - kept
    workspace.close()


def test_a_second_that_equals_the_first_is_refused(root: Path) -> None:
    workspace = opened(root)
    assert "builtin" not in workspace.models.addable()
    with pytest.raises(EmbedderRefused, match="answers already"):
        workspace.models.add_second("builtin")
    assert workspace.models.second() is None
    workspace.close()


def test_a_second_whose_settings_are_gone_is_named_and_its_vectors_wait(
    root: Path, emulator: Emulator
) -> None:
    workspace, second = with_azure(root, emulator)
    embed(second)
    workspace.close()

    without = opened(root)
    assert without.models.second() is None
    (problem,) = without.problems
    assert problem.startswith("Azure AI Vision was chosen on the page Indexing, and is not set up")
    without.close()

    again = opened(root, emulator)
    back = again.models.second()
    assert again.problems == []
    assert back is not None and back.searchable() == len(COLOURS)
    again.close()


def test_a_switch_makes_the_second_the_first_also_after_a_restart(
    root: Path, emulator: Emulator
) -> None:
    workspace, second = with_azure(root, emulator)
    embed(second)
    first_id, second_id = workspace.embedder.id, second.embedder.id
    workspace.models.switch_over()
    workspace.close()

    opened(root, emulator).close()
    switched = opened(root, emulator)
    other = switched.models.second()
    assert other is not None
    assert (switched.embedder.id, other.embedder.id) == (second_id, first_id)
    assert switched.status().indexed == switched.status().total == len(COLOURS)
    switched.models.switch_over()
    switched.close()

    back = opened(root, emulator)
    assert back.embedder.id == first_id
    assert back.models.second_kind == "azure"
    assert len(emulator.calls) == len(COLOURS)
    back.close()


def test_a_switch_in_one_process_makes_what_the_other_has_open_outdated(
    root: Path, emulator: Emulator
) -> None:
    here, second = with_azure(root, emulator)
    embed(second)
    there = opened(root, emulator)
    assert not there.is_outdated()
    there.close()

    there = opened(root, emulator)
    here.models.switch_over()
    assert there.is_outdated()
    there.close()
    here.close()
    following = opened(root, emulator)
    assert following.embedder.id == second.embedder.id
    assert not following.is_outdated()
    following.close()


def test_what_one_adds_and_removes_oneself_makes_nothing_outdated(
    root: Path, emulator: Emulator
) -> None:
    workspace, _ = with_azure(root, emulator)
    assert not workspace.is_outdated()
    workspace.close()
    workspace = opened(root, emulator)
    workspace.models.remove_second()
    assert not workspace.is_outdated()
    workspace.close()


def test_whoever_changes_the_settings_takes_a_switch_back(root: Path, emulator: Emulator) -> None:
    workspace, _ = with_azure(root, emulator)
    workspace.models.switch_over()
    workspace.close()
    moved = opened(root, emulator, EMBEDDER="azure")
    assert moved.embedder.id.startswith("azure:")
    assert moved.models.second_kind == "builtin"
    moved.close()


def test_after_a_switch_to_a_model_that_is_gone_the_settings_decide(
    root: Path, emulator: Emulator
) -> None:
    workspace, _ = with_azure(root, emulator)
    workspace.models.switch_over()
    workspace.close()
    without = opened(root)
    assert without.embedder.id.startswith("builtin:")
    assert "only the built-in model answers" in without.problems[0]
    without.close()


def test_a_paid_model_that_is_switched_to_keeps_the_gallery_in_view(
    root: Path, emulator: Emulator
) -> None:
    for file in (root / "images").glob("*.png"):
        file.rename(root / "images" / "gallery" / file.name)
    workspace, second = with_azure(root, emulator)
    embed(second)
    workspace.models.switch_over()
    workspace.close()
    switched = opened(root, emulator)
    assert switched.status().total == switched.status().indexed == len(COLOURS)
    switched.close()


def test_a_vote_names_the_better_model_first(root: Path, emulator: Emulator) -> None:
    workspace, second = with_azure(root, emulator)
    workspace.models.vote("red", for_second=False)
    workspace.models.vote("blue", for_second=True)
    ids = workspace.embedder.id, second.embedder.id
    votes = {vote.query: (vote.better, vote.other) for vote in workspace.models.votes()}
    assert votes == {"red": ids, "blue": (ids[1], ids[0])}
    workspace.close()


def test_without_the_second_its_vectors_stay(root: Path, emulator: Emulator) -> None:
    workspace, second = with_azure(root, emulator)
    embed(second)
    workspace.models.remove_second()
    assert workspace.models.second() is None
    workspace.models.add_second("azure")
    again = workspace.models.second()
    assert again is not None and again.searchable() == len(COLOURS)
    assert len(emulator.calls) == len(COLOURS)
    workspace.close()


def test_a_scan_for_the_first_takes_nothing_back_that_was_asked_of_the_second(
    root: Path, emulator: Emulator
) -> None:
    workspace, second = with_azure(root, emulator)
    assert second.start_indexing()
    assert workspace.rescan()
    workspace.indexer.join(60)
    assert second.searchable() == len(COLOURS)
    workspace.close()


def test_a_second_model_is_not_opened_before_somebody_asks_for_it(
    root: Path, emulator: Emulator
) -> None:
    workspace, _ = with_azure(root, emulator)
    workspace.close()
    start = (
        "import sys; from pathlib import Path; from core.settings import load_settings; "
        "from core.workspace import Workspace; root = Path(sys.argv[1]); "
        "Workspace(load_settings(root=root), root).indexer.join(60); "
        "print('core.embedders.azure' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", start, str(root)],
        env={
            "EMBEDDER": "builtin",
            **emulator.settings,
            "PYTHONPATH": str(Path(__file__).parents[1]),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.stdout.split() == ["False"], told.stderr


needs_clip = pytest.mark.skipif(
    importlib.util.find_spec("fastembed") is None, reason="needs requirements-clip.txt"
)


@needs_clip
def test_a_clip_whose_towers_were_deleted_is_named_and_the_first_answers(
    root: Path, tmp_path: Path
) -> None:
    pair = tiny_clip.make_pair(tmp_path / "pair")
    workspace = opened(root, CLIP_MODEL_DIR=str(pair))
    workspace.models.add_second("clip")
    second = workspace.models.second()
    assert second is not None
    embed(second)
    assert second.searchable() == len(COLOURS)
    assert second.embedder.dimensions != workspace.embedder.dimensions
    workspace.close()

    (pair / "text" / "model.onnx").unlink()
    without = opened(root, CLIP_MODEL_DIR=str(pair))
    assert without.searchable() == len(COLOURS)
    with pytest.raises(EmbedderRefused, match=r"model\.onnx"):
        without.models.second()
    with sqlite3.connect(root / "data" / "index.sqlite") as db:
        kinds = db.execute("SELECT DISTINCT embedder_id FROM vectors ORDER BY 1").fetchall()
    assert [kind.partition(":")[0] for (kind,) in kinds] == ["builtin", "clip"]
    assert without.search([Part(without.queries.text("red"))], EVERYTHING).hits
    without.close()


@needs_clip
def test_weights_that_are_missing_can_be_downloaded_and_nothing_is_lost_meanwhile(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    workspace = opened(root)
    workspace.models.add_second("clip")
    with pytest.raises(EmbedderRefused):
        workspace.models.second()
    assert workspace.models.second_setup is not None
    workspace.start_clip_download()
    assert "HF_HUB_OFFLINE forbids" in workspace.models.second_setup.state().sentence
    assert workspace.searchable() == len(COLOURS)
    workspace.close()
