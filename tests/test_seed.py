"""The index that ships with the gallery is the one that anybody would compute."""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.deadline import Deadline
from core.embedders import builtin_embedder
from core.model import BUNDLED, Filter
from core.search import Part
from core.settings import load_settings
from core.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
SEED = ROOT / "seed" / "gallery.zip"
GALLERY = ROOT / "images" / "gallery"


def files_by_id() -> dict[str, Path]:
    return {hashlib.sha256(p.read_bytes()).hexdigest(): p for p in GALLERY.glob("*.jpg")}


def test_the_shipped_index_was_made_by_the_shipped_weights() -> None:
    with zipfile.ZipFile(SEED) as seed:
        assert json.loads(seed.read("manifest.json"))["embedder_id"] == builtin_embedder().id


def test_the_shipped_index_holds_exactly_the_gallery() -> None:
    with zipfile.ZipFile(SEED) as seed:
        entries = map(json.loads, seed.read("pictures.jsonl").splitlines())
        listed = {entry["id"]: entry["paths"] for entry in entries}
    assert {i: [f"gallery/{p.name}"] for i, p in files_by_id().items()} == listed


def test_the_shipped_index_says_of_the_gallery_what_its_labels_say() -> None:
    with (GALLERY / "metadata.csv").open(encoding="utf-8", newline="") as file:
        labels = list(csv.DictReader(file))
    with zipfile.ZipFile(SEED) as seed:
        entries = [json.loads(line) for line in seed.read("pictures.jsonl").splitlines()]
        columns = json.loads(seed.read("manifest.json"))["columns"]
    assert {name for name, _ in columns} == set(labels[0]) - {"file_name"}
    assert {Path(entry["paths"][0]).name: entry["facts"] for entry in entries} == {
        line.pop("file_name"): {name: text for name, text in line.items() if text}
        for line in labels
    }


def test_the_shipped_vectors_equal_a_fresh_computation() -> None:
    with zipfile.ZipFile(SEED) as seed:
        ids = [json.loads(line)["id"] for line in seed.read("pictures.jsonl").splitlines()]
        with seed.open("vectors.npy") as file:
            shipped = np.load(file, allow_pickle=False)
    files, embedder = files_by_id(), builtin_embedder()
    some = range(0, len(ids), 5)
    fresh = embedder.embed_images([files[ids[row]].read_bytes() for row in some], Deadline())
    # By cosine, not number by number: on another processor the last bit of a product differs, and
    # an edge whose direction lies on the border of two bins is counted in the other one.
    cosines = np.einsum("ij,ij->i", shipped[list(some)], fresh)
    assert cosines.min() > 1 - 1e-6


def test_the_gallery_is_filtered_by_its_labels_without_a_press(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "seed").symlink_to(SEED.parent)
    workspace = Workspace(load_settings({}, root=tmp_path), tmp_path)
    workspace.indexer.join(60)
    night = replace(BUNDLED, filters=(Filter("Time of day", any_of=("night",)),))
    found = workspace.search([Part(workspace.queries.text("house"))], night).page(0, 1000)
    workspace.close()
    truth = json.loads((GALLERY / "truth.json").read_text())
    nights = {name for name, said in truth.items() if said["time"] == "night"}
    assert {result.picture.name for result in found} == nights
