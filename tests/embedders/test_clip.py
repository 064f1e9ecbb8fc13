"""The local CLIP, with tiny towers that know colours and a hub on loopback. No network.

Without the extra (`pip install -r requirements-clip.txt`) most of these skip; REQUIRE_CLIP=1 makes
that a failure.
"""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.deadline import Deadline
from core.embedders.clip import embedder as clip
from core.embedders.clip import files as clip_files
from core.embedders.clip import setup as clip_setup
from core.embedders.clip.embedder import ClipEmbedder
from core.embedders.clip.files import ClipWeightsMissing
from core.embedders.clip.machine import free_memory, usable_cores
from core.embedders.clip.setup import ClipSetup
from core.errors import Cancelled, DeadlinePassed, EmbedderRefused, InputRefused
from core.explore.similarity import similarity_matrix
from core.file_lock import FileLock
from core.model import EVERYTHING
from core.pictures.checking import picture_id
from core.search.query import Part
from core.settings import Settings
from core.workspace import Workspace
from tests import tiny_clip
from tests.tiny_hub import TinyHub

INSTALLED = importlib.util.find_spec("fastembed") is not None
needs_clip = pytest.mark.skipif(
    not INSTALLED, reason="fastembed is not installed (requirements-clip.txt)"
)
VISION, TEXT = "Qdrant/clip-ViT-B-32-vision", "Qdrant/clip-ViT-B-32-text"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for name in ("HF_ENDPOINT", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_clip.make_pair(tmp_path_factory.mktemp("towers") / "pair")


@pytest.fixture
def own(tmp_path: Path, pair: Path) -> Path:
    """A copy of the towers that a test may spoil."""
    return Path(shutil.copytree(pair, tmp_path / "own"))


@pytest.fixture(scope="module")
def embedder(pair: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClipEmbedder]:
    made = ClipEmbedder(settings(tmp_path_factory.mktemp("data"), pair))
    yield made
    made.close()


def settings(data: Path, model_dir: Path | None = None, **more: Any) -> Settings:
    return Settings(embedder="clip", data_dir=data, clip_model_dir=model_dir, **more)


def picture(colour: str | tuple[int, ...], mode: str = "RGB", kind: str = "PNG") -> bytes:
    value = tiny_clip.COLOURS[colour] if isinstance(colour, str) else colour
    out = io.BytesIO()
    Image.new(mode, (320, 240), value).save(out, kind)
    return out.getvalue()


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen"
        threading.Event().wait(0.01)


def refusal(given: Settings) -> str:
    with pytest.raises(EmbedderRefused) as caught:
        ClipEmbedder(given)
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith(".")
    return said


def test_the_extra_is_installed_where_it_is_required() -> None:
    assert INSTALLED or os.environ.get("REQUIRE_CLIP") != "1", "REQUIRE_CLIP=1 without fastembed"


# --- The default install ------------------------------------------------------------------------


def test_importing_the_embedder_imports_neither_fastembed_nor_onnxruntime() -> None:
    code = (
        "import sys, core.embedders, core.embedders.clip\n"
        "found = {'fastembed', 'onnxruntime', 'huggingface_hub', 'tokenizers'} & set(sys.modules)\n"
        "sys.exit(', '.join(found) or None)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_without_fastembed_the_sentence_names_the_command(
    tmp_path: Path, pair: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fastembed", None)
    assert "pip install -r requirements-clip.txt" in refusal(settings(tmp_path, pair))
    state = ClipSetup(settings(tmp_path)).start()
    assert (state.phase, state.total_bytes) == ("failed", 0)
    assert "pip install -r requirements-clip.txt" in state.sentence


# --- Vectors ------------------------------------------------------------------------------------


@needs_clip
def test_the_name_of_a_colour_is_nearest_to_the_picture_of_it(embedder: ClipEmbedder) -> None:
    images = embedder.embed_images([picture(name) for name in tiny_clip.COLOURS], Deadline())
    for number, name in enumerate(tiny_clip.COLOURS):
        text = embedder.embed_text(f"a {name} house" if name == "red" else name, Deadline())
        assert int(np.argmax(images @ text)) == number


@needs_clip
def test_pictures_and_texts_become_unit_vectors_of_one_size(embedder: ClipEmbedder) -> None:
    images = embedder.embed_images([picture("red"), picture("blue")], Deadline())
    text = embedder.embed_text("red", Deadline())
    assert images.shape == (2, embedder.dimensions) == (2, 8)
    assert text.shape == (8,)
    assert images.dtype == text.dtype == np.float32
    assert np.linalg.norm(images, axis=1) == pytest.approx(1, abs=1e-6)
    assert np.linalg.norm(text) == pytest.approx(1, abs=1e-6)


@needs_clip
def test_the_same_picture_has_the_same_vector_alone_in_a_batch_and_next_time(
    embedder: ClipEmbedder, tmp_path: Path, pair: Path
) -> None:
    many = [picture((n * 6, 255 - n * 6, 90)) for n in range(41)]
    together = embedder.embed_images(many, Deadline())
    alone = np.concatenate([embedder.embed_images([one], Deadline()) for one in many])
    again = ClipEmbedder(settings(tmp_path, pair, clip_threads=1)).embed_images(many, Deadline())
    assert together.shape == (41, 8)
    assert np.allclose(together, alone, atol=1e-6)
    assert np.allclose(together, again, atol=1e-6)


@needs_clip
def test_no_pictures_become_no_vectors(embedder: ClipEmbedder) -> None:
    assert embedder.embed_images([], Deadline()).shape == (0, 8)


@needs_clip
@pytest.mark.parametrize(
    ("data", "like"),
    [
        (picture((0, 0, 0, 0), "RGBA"), "white"),
        (picture((220, 30, 30, 255), "RGBA"), "red"),
        (picture((0,), "L"), "black"),
        (picture((0, 255, 255, 0), "CMYK", "JPEG"), "red"),
        (picture("blue", kind="JPEG"), "blue"),
        (picture("yellow", kind="WEBP"), "yellow"),
    ],
)
def test_every_kind_of_picture_is_seen_in_its_colours(
    embedder: ClipEmbedder, data: bytes, like: str
) -> None:
    vector = embedder.embed_images([data], Deadline())[0]
    names = list(tiny_clip.COLOURS)
    scores = [float(vector @ embedder.embed_text(name, Deadline())) for name in names]
    assert names[int(np.argmax(scores))] == like


@needs_clip
def test_a_panorama_and_a_ribbon_are_embedded(embedder: ClipEmbedder) -> None:
    for size in ((9000, 12), (12, 9000)):
        out = io.BytesIO()
        Image.new("RGB", size, tiny_clip.COLOURS["green"]).save(out, "PNG")
        vector = embedder.embed_images([out.getvalue()], Deadline())[0]
        assert float(vector @ embedder.embed_text("green", Deadline())) > 0.99


@needs_clip
@pytest.mark.parametrize("data", [b"", b"no picture", picture("red")[:200]])
def test_a_picture_that_cannot_be_read_is_refused_alone(
    embedder: ClipEmbedder, data: bytes
) -> None:
    with pytest.raises(InputRefused, match=r"\.$"):
        embedder.embed_images([picture("red"), data], Deadline())
    assert embedder.embed_images([picture("red")], Deadline()).shape == (1, 8)


@needs_clip
@pytest.mark.parametrize("text", ["שלום אדום", "🟥🟥", "red\0red", "'; DROP TABLE", "x" * 5000])
def test_any_text_that_fits_has_a_vector(embedder: ClipEmbedder, text: str) -> None:
    assert np.isfinite(embedder.embed_text(text, Deadline())).all()
    assert embedder.unknown_words(text) == []
    assert embedder.known_neighbours(text) == []


@needs_clip
@pytest.mark.parametrize(
    ("text", "said"),
    [("", "empty"), (" \n", "empty"), ("red " * 78, "77 tokens"), ("\ud83d", "half a character")],
)
def test_a_text_that_cannot_be_read_whole_is_refused(
    embedder: ClipEmbedder, text: str, said: str
) -> None:
    with pytest.raises(InputRefused, match=said):
        embedder.embed_text(text, Deadline())


@needs_clip
def test_a_stopped_call_ends_and_a_late_one_gives_up(embedder: ClipEmbedder) -> None:
    stopped = Deadline()
    stopped.cancel.set()
    with pytest.raises(Cancelled):
        embedder.embed_images([picture("red")], stopped)
    with pytest.raises(DeadlinePassed):
        embedder.embed_text("red", Deadline(at=time.monotonic() - 1))


@needs_clip
def test_a_closed_embedder_stops_what_it_is_asked(pair: Path, tmp_path: Path) -> None:
    made = ClipEmbedder(settings(tmp_path, pair))
    made.close()
    with pytest.raises(Cancelled):
        made.embed_images([picture("red")], Deadline())


@needs_clip
def test_a_person_does_not_wait_for_the_job(embedder: ClipEmbedder) -> None:
    with embedder._turn(Deadline()):  # the job is in the model
        assert embedder.embed_images([picture("red")], Deadline.for_person()).shape == (1, 8)
        assert embedder.embed_text("red", Deadline.for_person()).shape == (8,)
        with pytest.raises(DeadlinePassed):
            embedder.embed_images([picture("red")], Deadline(at=time.monotonic() + 0.2))


@needs_clip
def test_calls_from_many_threads_get_their_own_answers(embedder: ClipEmbedder) -> None:
    names = list(tiny_clip.COLOURS) * 4
    with ThreadPoolExecutor(8) as pool:
        images = list(
            pool.map(lambda n: embedder.embed_images([picture(n)] * 5, Deadline())[4], names)
        )
        texts = list(pool.map(lambda n: embedder.embed_text(n, Deadline()), names))
    scores = np.stack(images) @ np.stack(texts).T
    assert np.diag(scores) == pytest.approx(scores.max(axis=1), abs=1e-6)


# --- Which weights ------------------------------------------------------------------------------


@needs_clip
def test_the_id_names_the_model_and_its_weights(embedder: ClipEmbedder, tmp_path: Path) -> None:
    other = tiny_clip.make_pair(tmp_path / "other", seed=1)
    made = ClipEmbedder(settings(tmp_path, other))
    assert embedder.id.startswith("clip:clip-ViT-B-32@")
    assert made.id.startswith("clip:clip-ViT-B-32@")
    assert made.id != embedder.id
    assert made.label == "CLIP from “other” on this machine"
    assert (made.paid, made.takes_links) == (False, False)


@needs_clip
def test_the_id_is_the_same_for_the_same_weights_anywhere(
    embedder: ClipEmbedder, own: Path, tmp_path: Path
) -> None:
    (own / "vision").rename(own / "clip-ViT-B-32-vision")
    (own / "text").rename(own / "clip-ViT-B-32-text")
    (own / "clip-ViT-B-32-text" / "README.md").write_text("what a clone has besides")
    given = settings(tmp_path / "data", own)
    assert ClipEmbedder(given).id == ClipEmbedder(given).id == embedder.id


@needs_clip
@pytest.mark.parametrize("name", ["vision/preprocessor_config.json", "text/tokenizer.json"])
def test_the_id_changes_with_any_file_that_decides_the_vectors(
    embedder: ClipEmbedder, own: Path, tmp_path: Path, name: str
) -> None:
    with (own / name).open("a") as file:
        file.write(" ")
    assert ClipEmbedder(settings(tmp_path, own)).id != embedder.id


@needs_clip
def test_a_damaged_or_forbidden_fingerprint_cache_costs_nothing_but_time(
    embedder: ClipEmbedder, pair: Path, tmp_path: Path
) -> None:
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip" / "fingerprints.json").write_text("[1,")
    assert ClipEmbedder(settings(tmp_path, pair)).id == embedder.id
    (tmp_path / "file").write_text("DATA_DIR cannot be made here")
    assert ClipEmbedder(settings(tmp_path / "file", pair)).id == embedder.id


@needs_clip
def test_the_vision_tower_is_loaded_with_the_first_picture(own: Path, tmp_path: Path) -> None:
    made = ClipEmbedder(settings(tmp_path, own))
    model = own / "vision" / "model.onnx"
    aside = model.rename(own / "aside")
    assert made.embed_text("red", Deadline()).shape == (8,)
    with pytest.raises(EmbedderRefused, match="vision tower"):
        made.embed_images([picture("red")], Deadline())
    aside.rename(model)
    assert made.embed_images([picture("red")], Deadline()).shape == (1, 8)


@needs_clip
@pytest.mark.parametrize("name", ["", "qdrant/CLIP-vit-b-32", VISION, TEXT])
def test_a_pair_is_found_by_its_name_or_either_tower_s(name: str) -> None:
    assert clip_files.find_pair(name).name == "Qdrant/clip-ViT-B-32"


@needs_clip
def test_an_unknown_pair_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    said = refusal(settings(tmp_path, clip_model="openai/clip"))
    assert "openai/clip" in said
    assert "Qdrant/clip-ViT-B-32" in said
    assert ClipSetup(settings(tmp_path, clip_model="x")).start().phase == "failed"


# --- What can be wrong with a directory ---------------------------------------------------------


@needs_clip
def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = refusal(settings(tmp_path, tmp_path / "gone"))
    assert str(tmp_path / "gone") in said
    assert "folders vision and text" in said


@needs_clip
@pytest.mark.parametrize("kind", ["vision", "text"])
def test_one_tower_is_not_enough(own: Path, tmp_path: Path, kind: str) -> None:
    shutil.rmtree(own / kind)
    assert f"no folder {kind}" in refusal(settings(tmp_path, own))


@needs_clip
@pytest.mark.parametrize(
    "name", ["vision/model.onnx", "vision/preprocessor_config.json", "text/tokenizer.json"]
)
def test_a_tower_without_one_of_its_files_is_not_complete(
    own: Path, tmp_path: Path, name: str
) -> None:
    (own / name).unlink()
    said = refusal(settings(tmp_path, own))
    assert f"{Path(name).name} missing" in said
    assert "CLIP_MODEL_DIR" in said


@needs_clip
def test_towers_in_each_other_s_folder_are_found_out(own: Path, tmp_path: Path) -> None:
    vision, text = own / "vision" / "model.onnx", own / "text" / "model.onnx"
    vision.rename(own / "aside")
    shutil.copy(text, vision)
    assert "not the vision tower" in refusal(settings(tmp_path, own))
    (own / "aside").rename(vision)
    shutil.copy(vision, text)
    assert "not the text tower" in refusal(settings(tmp_path, own))


@needs_clip
def test_towers_of_different_dimensions_do_not_belong_together(own: Path, tmp_path: Path) -> None:
    tiny_clip.make_text(own / "text", dimensions=6)
    said = refusal(settings(tmp_path, own))
    assert "8 numbers" in said
    assert "text tower 6" in said


@needs_clip
def test_dimensions_that_the_file_leaves_open_are_compared_with_the_first_picture(
    own: Path, tmp_path: Path
) -> None:
    tiny_clip.make_text(own / "text", dimensions=6, declared=False)
    made = ClipEmbedder(settings(tmp_path, own))
    with pytest.raises(EmbedderRefused, match="do not belong together"):
        made.embed_images([picture("red")], Deadline())


@needs_clip
@pytest.mark.parametrize("kind", ["vision", "text"])
@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_model_file_cut_short_is_found_before_it_is_loaded(
    own: Path, tmp_path: Path, kind: str, share: float
) -> None:
    path = own / kind / "model.onnx"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    assert "damaged, or cut short" in refusal(settings(tmp_path, own))


@needs_clip
def test_files_that_are_no_models_are_refused(own: Path, tmp_path: Path) -> None:
    for content in (b"<html>", b"version https://git-lfs.github.com/spec/v1\n", b"\xff" * 99):
        (own / "text" / "model.onnx").write_bytes(content)
        assert "cannot be read as an ONNX model" in refusal(settings(tmp_path, own))


@needs_clip
@pytest.mark.parametrize("content", ["", "{}", "[1,", '{"model": {"type": "WordLevel"}}'])
def test_a_damaged_tokenizer_is_a_sentence(own: Path, tmp_path: Path, content: str) -> None:
    (own / "text" / "tokenizer.json").write_text(content)
    assert "text tower" in refusal(settings(tmp_path, own))


@needs_clip
def test_a_text_tower_that_wants_more_tensors_is_a_sentence(own: Path, tmp_path: Path) -> None:
    tiny_clip.make_text(own / "text", wants="pixel_values")
    assert "pixel_values" in refusal(settings(tmp_path, own))


@needs_clip
def test_a_vision_tower_that_breaks_is_a_sentence_and_the_texts_go_on(
    own: Path, tmp_path: Path
) -> None:
    (own / "vision" / "preprocessor_config.json").write_text('{"do_normalize": true}')
    made = ClipEmbedder(settings(tmp_path, own))
    with pytest.raises(EmbedderRefused, match="vision tower"):
        made.embed_images([picture("red")], Deadline())
    assert made.embed_text("red", Deadline()).shape == (8,)


@needs_clip
def test_weights_of_nothing_but_nan_are_a_sentence(own: Path, tmp_path: Path) -> None:
    tiny_clip.make_text(own / "text", fill=float("nan"))
    made = ClipEmbedder(settings(tmp_path, own))
    with pytest.raises(EmbedderRefused, match="zeros or NaN"):
        made.embed_text("red", Deadline())


@needs_clip
def test_a_file_that_may_not_be_read_is_a_sentence(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own / "text" / "model.onnx").chmod(0)
    if os.access(own / "text" / "model.onnx", os.R_OK):  # the superuser may read anything
        monkeypatch.setattr(clip_files, "read_header", _forbidden)
    assert "cannot be read" in refusal(settings(tmp_path, own))


def _forbidden(path: Path) -> None:
    raise PermissionError(13, "Permission denied", str(path))


# --- Memory and cores ---------------------------------------------------------------------------


@needs_clip
def test_too_little_memory_is_said_before_loading(
    pair: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip, "free_memory", lambda: 1000)
    assert "not enough memory for the text tower" in refusal(settings(tmp_path, pair))


@needs_clip
@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space of a process")
def test_memory_that_is_refused_while_loading_is_a_sentence(own: Path, tmp_path: Path) -> None:
    tiny_clip.make_text(own / "text", ballast=200_000_000)
    code = f"""
import resource
from pathlib import Path
import fastembed
from core.embedders.clip.embedder import ClipEmbedder
from core.settings import Settings
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 150_000_000,) * 2)
try:
    ClipEmbedder(Settings(data_dir=Path({str(tmp_path)!r}), clip_model_dir=Path({str(own)!r}),
                          clip_threads=1))
except Exception as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "EmbedderRefused There is not enough memory for the text tower" in done.stdout, done


def test_free_memory_is_the_least_that_system_and_container_leave(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9000 kB\nMemAvailable:    2000 kB\n")
    assert free_memory(tmp_path, meminfo) == 2_048_000
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("900000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 300000\n")
    assert free_memory(tmp_path, meminfo) == 400_000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory(tmp_path, meminfo) == 2_048_000
    assert free_memory(tmp_path / "none", tmp_path / "none") is None


def test_usable_cores_heed_the_container(tmp_path: Path) -> None:
    every = usable_cores(tmp_path)
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert usable_cores(tmp_path) == every >= 1
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert usable_cores(tmp_path) == 1


# --- The download: the library's own code against a hub on loopback ------------------------------


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TinyHub]:
    vision = tiny_clip.make_vision(tmp_path / "hub" / "vision", ballast=12_000_000)
    text = tiny_clip.make_text(tmp_path / "hub" / "text", ballast=8_000_000)
    (text / "README.md").write_text("not wanted")
    with TinyHub({VISION: vision, TEXT: text}) as hub:
        monkeypatch.delenv("HF_HUB_OFFLINE")
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[ClipSetup]:
    made = ClipSetup(settings(tmp_path / "data"))
    yield made
    made.close()


def end_of(setup: ClipSetup) -> clip_setup.SetupState:
    until(lambda: setup.state().phase != "downloading")
    return setup.state()


def files_in(folder: Path) -> list[str]:
    """Everything but the lock, which is empty and holds nothing."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "download.lock"
    )


@needs_clip
def test_without_weights_the_embedder_says_what_to_download(tmp_path: Path) -> None:
    with pytest.raises(ClipWeightsMissing, match="590 MB to download"):
        ClipEmbedder(settings(tmp_path))
    state = ClipSetup(settings(tmp_path)).state()
    assert (state.phase, state.done_bytes, state.total_bytes) == ("missing", 0, 590_000_000)
    assert files_in(tmp_path) == []


@needs_clip
def test_a_download_ends_with_towers_that_need_no_network(
    hub: TinyHub, setup: ClipSetup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert setup.start().phase == "downloading"
    state = end_of(setup)
    assert state.phase == "ready"
    assert state.fraction == 1
    assert files_in(tmp_path / "data") == [
        f"clip/clip-ViT-B-32/{name}"
        for name in (
            "text/model.onnx",
            "text/tokenizer.json",
            "text/tokenizer_config.json",
            "vision/model.onnx",
            "vision/preprocessor_config.json",
        )
    ]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    asked = len(hub.asked)
    made = ClipEmbedder(settings(tmp_path / "data"))
    assert made.label == "CLIP ViT-B/32 on this machine"
    assert (
        made.embed_images([picture("red")], Deadline()) @ made.embed_text("red", Deadline()) > 0.99
    )
    assert len(hub.asked) == asked
    assert setup.start().phase == "ready"


@needs_clip
def test_the_progress_grows_to_the_size_that_the_hub_tells(
    hub: TinyHub, setup: ClipSetup, tmp_path: Path
) -> None:
    hub.pause_after = 11_000_000  # the library writes ten million bytes at a time
    setup.start()
    assert hub.paused.wait(60)
    until(lambda: setup.state().done_bytes > 10_000_000)
    state = setup.state()
    wanted = [tmp_path / "hub" / name for name in ("vision", "text")]
    total = sum(path.stat().st_size for root in wanted for path in root.glob("*[!d]"))
    assert state.total_bytes == total
    assert 0.4 < state.fraction < 1
    assert "of 21 MB" in state.sentence
    hub.go_on.set()
    assert end_of(setup).phase == "ready"


@needs_clip
def test_a_cancelled_download_leaves_nothing_and_can_be_started_again(
    hub: TinyHub, setup: ClipSetup, tmp_path: Path
) -> None:
    hub.pause_after = 11_000_000
    setup.start()
    assert hub.paused.wait(60)
    child = setup._child
    assert child is not None
    assert setup.start().phase == "downloading"
    assert setup._child is child
    state = setup.cancel()
    assert state.phase == "cancelled"
    assert "nothing of it was kept" in state.sentence
    assert child.returncode is not None
    assert files_in(tmp_path / "data") == []
    with pytest.raises(ClipWeightsMissing):
        ClipEmbedder(settings(tmp_path / "data"))
    hub.pause_after = None
    assert setup.start().phase == "downloading"
    assert end_of(setup).phase == "ready"


@needs_clip
def test_a_download_cut_off_keeps_whole_files_and_goes_on_from_there(
    hub: TinyHub, setup: ClipSetup, tmp_path: Path
) -> None:
    hub.cut_after = 9_000_000  # the text tower passes, the vision tower does not
    hub.repos[VISION], hub.repos[TEXT] = hub.repos[TEXT], hub.repos[VISION]
    setup.start()
    state = end_of(setup)
    assert state.phase == "failed"
    assert "broke off" in state.sentence
    assert not list((tmp_path / "data").rglob("*.incomplete"))
    assert not (tmp_path / "data" / "clip" / "clip-ViT-B-32").exists()
    hub.cut_after = None
    hub.asked.clear()
    setup.start()
    until(lambda: setup.state().phase != "downloading")
    whole = f"{VISION}/resolve/"
    assert not [path for path in hub.asked if path.startswith(whole) and "model.onnx" in path]


@needs_clip
def test_a_process_killed_in_the_middle_is_cleaned_up_by_the_next(
    hub: TinyHub, setup: ClipSetup, tmp_path: Path
) -> None:
    hub.pause_after = 11_000_000
    setup.start()
    assert hub.paused.wait(60)
    assert setup._child is not None
    setup._child.kill()
    state = end_of(setup)
    assert state.phase == "failed"
    assert "Start it again" in state.sentence
    assert list((tmp_path / "data").rglob("*.incomplete"))
    hub.pause_after = None
    setup.start()
    assert end_of(setup).phase == "ready"
    assert len(files_in(tmp_path / "data")) == 5


@needs_clip
def test_the_download_ends_with_the_app(hub: TinyHub, tmp_path: Path) -> None:
    hub.pause_after = 11_000_000
    code = f"""
import sys
from pathlib import Path
from core.embedders.clip.setup import ClipSetup
from core.settings import Settings
setup = ClipSetup(Settings(embedder="clip", data_dir=Path({str(tmp_path / "data")!r})))
setup.start()
print(setup._child.pid, flush=True)
sys.stdin.read()
"""
    app = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert app.stdout is not None
    child = int(app.stdout.readline())
    assert hub.paused.wait(60)
    app.kill()
    app.communicate()  # closes the pipes
    lock = FileLock(tmp_path / "data" / "clip" / "download.lock")
    until(lambda: not lock.is_held())
    if sys.platform == "linux":
        until(lambda: _gone(child))


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return True


@needs_clip
def test_two_towers_of_one_repository_come_into_two_folders(hub: TinyHub, tmp_path: Path) -> None:
    name = "jinaai/jina-clip-v1"
    hub.repos = {name: tmp_path / "hub" / "both"}
    (tmp_path / "hub" / "both" / "onnx").mkdir(parents=True)
    for kind in ("vision", "text"):
        source = tmp_path / "hub" / kind
        shutil.copy(source / "model.onnx", hub.repos[name] / "onnx" / f"{kind}_model.onnx")
        for path in source.glob("*.json"):
            shutil.copy(path, hub.repos[name])
    given = settings(tmp_path / "data", clip_model=name)
    setup = ClipSetup(given)
    setup.start()
    assert end_of(setup).phase == "ready"
    assert ClipEmbedder(given).embed_text("red", Deadline()).shape == (8,)
    assert not (tmp_path / "data/clip/jina-clip-v1/vision/onnx/text_model.onnx").exists()


@needs_clip
def test_offline_is_said_at_once_and_no_process_is_started(setup: ClipSetup) -> None:
    state = setup.start()
    assert state.phase == "failed"
    assert "HF_HUB_OFFLINE" in state.sentence
    assert "CLIP_MODEL_DIR" in state.sentence
    assert setup._child is None


@needs_clip
def test_no_network_is_a_sentence_within_seconds(
    setup: ClipSetup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens to "discard" today
    setup.start()
    state = end_of(setup)
    assert state.phase == "failed"
    assert "cannot be reached" in state.sentence
    assert "CLIP_MODEL_DIR" in state.sentence
    assert files_in(tmp_path) == []


@needs_clip
@pytest.mark.parametrize("status", [401, 403, 404, 503])
def test_a_hub_that_refuses_is_quoted_by_its_number(
    hub: TinyHub, setup: ClipSetup, status: int
) -> None:
    hub.refuse = status
    setup.start()
    state = end_of(setup)
    assert state.phase == "failed"
    assert f"answered {status}" in state.sentence


@needs_clip
def test_a_disk_too_small_is_said_before_the_download(
    hub: TinyHub, setup: ClipSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=5_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    state = setup.start()
    assert state.phase == "failed"
    assert "590 MB needed, 5 MB free" in state.sentence
    assert hub.asked == []


@needs_clip
@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of a file")
def test_a_disk_that_fills_up_is_a_sentence_and_nothing_stays(
    hub: TinyHub, setup: ClipSetup, tmp_path: Path
) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, hard))  # the child inherits it
    try:
        setup.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    state = end_of(setup)
    assert state.phase == "failed"
    assert "disk is full" in state.sentence
    assert files_in(tmp_path / "data") == []


@needs_clip
def test_a_data_folder_that_cannot_be_written_is_a_sentence(hub: TinyHub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    state = ClipSetup(settings(tmp_path / "file")).start()
    assert state.phase == "failed"
    assert "cannot be saved" in state.sentence


@needs_clip
def test_two_apps_on_one_data_folder_download_once(
    hub: TinyHub, setup: ClipSetup, tmp_path: Path
) -> None:
    hub.pause_after = 11_000_000
    setup.start()
    assert hub.paused.wait(60)
    second = ClipSetup(settings(tmp_path / "data"))
    second.start()
    until(lambda: second.state().phase != "downloading")
    assert "Another process" in second.state().sentence
    hub.go_on.set()
    assert end_of(setup).phase == "ready"
    assert second.state().phase == "ready"


@needs_clip
def test_an_own_directory_needs_no_setup(tmp_path: Path, pair: Path) -> None:
    assert ClipSetup(settings(tmp_path, pair)).start().phase == "ready"
    assert ClipSetup(settings(tmp_path, tmp_path / "gone")).start().phase == "failed"
    assert not (tmp_path / "clip").exists()


# --- The whole way ------------------------------------------------------------------------------


def opened(given: Settings, root: Path) -> Workspace:
    workspace = Workspace(given, root)
    until(lambda: not workspace.indexer.progress().running)
    return workspace


@needs_clip
def test_a_folder_is_indexed_once_and_searched_by_text_and_picture(
    tmp_path: Path, pair: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "images").mkdir()
    for name in tiny_clip.COLOURS:
        (tmp_path / "images" / f"{name}.png").write_bytes(picture(name))
    given = settings(tmp_path / "data", pair, images_dir=tmp_path / "images")
    workspace = opened(given, tmp_path)
    assert workspace.embedder.label == "CLIP from “pair” on this machine"
    assert (workspace.status().indexed, workspace.status().total) == (10, 10)

    for name in tiny_clip.COLOURS:
        wanted = picture_id(picture(name))
        for vector in (
            workspace.queries.text(name),
            workspace.queries.image(f"brought {name}", picture(name, kind="WEBP")),
        ):
            hits = workspace.search([Part(vector)], EVERYTHING).hits
            assert hits[0].picture_id == wanted
            assert hits[0].cosine > 0.99
    cosines = similarity_matrix(workspace._space.sample(EVERYTHING, 10).vectors)
    assert cosines.shape == (10, 10)
    assert np.diag(cosines) == pytest.approx(1, abs=1e-6)
    first = workspace.embedder.id
    workspace.close()

    other = settings(
        tmp_path / "data",
        tiny_clip.make_pair(tmp_path / "other", seed=1),
        images_dir=tmp_path / "images",
    )
    workspace = opened(other, tmp_path)
    assert (workspace.embedder.id != first, workspace.status().indexed) == (True, 10)
    workspace.close()

    monkeypatch.setattr(ClipEmbedder, "embed_images", _never)
    workspace = opened(given, tmp_path)
    assert (workspace.embedder.id, workspace.status().indexed) == (first, 10)
    workspace.close()


def _never(*_: object) -> None:
    raise AssertionError("embedded twice")
