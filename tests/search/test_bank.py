"""core.search.bank: what a model is asked for once, to tell what is usual."""

from __future__ import annotations

from pathlib import Path

from core.search import LearningState
from core.settings import load_settings
from core.workspace import BANK_WORDS, Workspace
from tests.azure_emulator import Emulator
from tests.conftest import fill, wait_for


def opened(root: Path, emulator: Emulator) -> Workspace:
    (root / "images").mkdir(exist_ok=True)
    fill(root / "images", 2)
    environ = {"VISION_ENDPOINT": emulator.url, "VISION_KEY": emulator.key}
    workspace = Workspace(load_settings(environ, root=root), root)
    workspace.indexer.join(60)
    return workspace


def texts_asked(emulator: Emulator) -> int:
    return sum(call.kind == "text" for call in emulator.calls)


def learned(workspace: Workspace) -> LearningState:
    workspace.words.learn_words()
    wait_for(lambda: not workspace.words.bank_state().learning, 60)
    return workspace.words.bank_state()


def test_a_paid_bank_asks_nothing_by_itself(tmp_path: Path, emulator: Emulator) -> None:
    workspace = opened(tmp_path, emulator)
    assert workspace.words.bank_state() == LearningState(0, BANK_WORDS, learning=False, problem="")
    assert workspace.words._bank.vectors() is None
    assert texts_asked(emulator) == 0
    workspace.close()


def test_a_paid_bank_asks_for_each_word_once_for_good(tmp_path: Path, emulator: Emulator) -> None:
    workspace = opened(tmp_path, emulator)
    assert learned(workspace).complete
    vectors = workspace.words._bank.vectors()
    assert vectors is not None
    assert vectors.shape == (BANK_WORDS, 1024)
    assert learned(workspace).complete
    workspace.close()
    again = opened(tmp_path, emulator)
    assert again.words.bank_state().complete
    assert texts_asked(emulator) == BANK_WORDS
    again.close()


def test_a_bank_that_was_stopped_goes_on_where_it_was(tmp_path: Path, emulator: Emulator) -> None:
    workspace = opened(tmp_path, emulator)
    emulator.latency = 0.02
    workspace.words.learn_words()
    wait_for(lambda: workspace.words.bank_state().known >= 3, 60)
    workspace.close()
    wait_for(lambda: not workspace.words.bank_state().learning, 60)
    emulator.latency = 0.0
    again = opened(tmp_path, emulator)
    assert 3 <= again.words.bank_state().known < BANK_WORDS
    assert learned(again).complete
    # The one that was in the air when it was stopped may have been answered and not kept.
    assert texts_asked(emulator) <= BANK_WORDS + 1
    again.close()


def test_a_list_in_the_data_folder_takes_the_place_of_the_shipped_one(
    tmp_path: Path, emulator: Emulator
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "words.txt").write_text("red\nblue\n", "utf-8")
    workspace = opened(tmp_path, emulator)
    assert workspace.words.bank_state().total == 2
    workspace.close()


def test_what_ends_the_learning_is_a_sentence(tmp_path: Path, emulator: Emulator) -> None:
    workspace = opened(tmp_path, emulator)
    emulator.key = "another-key-0123456789abcdef0123"
    state = learned(workspace)
    assert not state.complete
    assert state.problem.endswith(".")
    workspace.close()


def test_a_list_of_which_the_model_takes_nothing_is_no_bank(
    tmp_path: Path, emulator: Emulator
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "words.txt").write_text("red\nblue\n", "utf-8")
    workspace = opened(tmp_path, emulator)
    emulator.when(lambda seen: seen.kind == "text", "bad request")
    state = learned(workspace)
    assert state == LearningState(0, 0, learning=False, problem="")
    assert workspace.words._bank.vectors() is None
    workspace.close()
