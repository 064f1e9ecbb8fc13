"""The results as a table, as a program reads them that has no browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from core.settings import load_settings
from core.workspace import Workspace
from tests.app.server import Server, clone, serve
from tests.conftest import plain
from ui.literal import literal

HOSTILE = "a [b](https://example.com) *c* www.example.com.png".replace("/", "")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = clone(tmp_path_factory.mktemp("readable"))
    for colour in ("red", "blue"):
        (home / "images" / f"{colour}-one_2.png").write_bytes(plain(colour, width=64, height=64))
    (home / "images" / HOSTILE).write_bytes(plain("green", width=64, height=64))
    workspace = Workspace(load_settings({}, root=home), home)
    workspace.indexer.join(60)
    workspace.close()
    with serve(home, STREAMLIT_SERVER_ENABLE_AGENT_API="true") as running:
        yield running


def ask(server: Server, **request: Any) -> dict[str, Any]:
    address = f"{server.url}/_stcore/agent/interact"
    answer = requests.post(address, json=request, timeout=60)
    assert answer.status_code == 200, answer.text
    read: dict[str, Any] = answer.json()
    return read


def of_type(tree: Any, kind: str) -> list[dict[str, Any]]:
    """Every element of a type in what the server tells of a page."""
    if isinstance(tree, list):
        return [one for each in tree for one in of_type(each, kind)]
    if not isinstance(tree, dict):
        return []
    return [tree] * (tree.get("type") == kind) + of_type(tree.get("children", []), kind)


@pytest.mark.parametrize("page", ["text_search", "image_search"])
def test_a_program_without_a_browser_reads_names_and_cosines_once_it_opens_the_table(
    server: Server, page: str
) -> None:
    where = {} if page == "text_search" else {"page": page}
    first = ask(server, query_params={"q": ["red"]}, **where)
    assert "red-one_2.png" not in json.dumps(first["tree"])
    opened = ask(server, session_id=first["session_id"], widget_state={"as-table": True})
    (table,) = of_type(opened["tree"], "table")
    rows = table["data"]["preview"]["rows"]
    assert [row[0] for row in rows] == ["1", "2", "3"]
    assert rows[0][1] == "red-one_2.png"
    assert all(-1 <= float(row[2]) <= 1 for row in rows)
    assert {row[1] for row in rows} == {"red-one_2.png", "blue-one_2.png", literal(HOSTILE, 120)}


@pytest.mark.parametrize(
    "name", ["red-one_2.png", "IMG 1234.jpeg", "über den See.png", "3.png", "白い家.png"]
)
def test_a_plain_name_stands_on_the_page_as_it_is(name: str) -> None:
    assert literal(name, 80) == name


@pytest.mark.parametrize(
    "name", ["_a_", "1. one", "- one", "www.example.com", "a__b", "a *b*", "a:red[b]", "# a"]
)
def test_a_name_that_markdown_would_read_is_escaped(name: str) -> None:
    assert literal(name, 80) != name
