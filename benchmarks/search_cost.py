"""What a composed, judged and collapsed search costs beside a plain one, as a table.

    python -m benchmarks.search_cost [--pictures 10000 100000]

Three texts, one of them against, what stands out of their ranking, and near-duplicates collapsed:
against one text and its ranking alone. Synthetic pictures of 1,024 dimensions; no call is made.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import synthetic
from core.model import EVERYTHING
from core.search import Ranking, Term
from core.settings import load_settings
from core.words import PHOTOGRAPHS, read_words
from core.workspace import Workspace

PLAIN = (Term("a red boat"),)
COMPOSED = (Term("a red boat"), Term("sunset", weight=2.0), Term("night", weight=-1.0))
WORDS = ("red", "boat")
REPEATS = 31


def plain(workspace: Workspace) -> Ranking:
    return workspace.search(workspace.parts_of(PLAIN), EVERYTHING)


def composed(workspace: Workspace) -> Ranking:
    parts = workspace.parts_of(COMPOSED)
    ranking = workspace.search(parts, EVERYTHING)
    if workspace.standing_out(COMPOSED, parts, ranking, 0.0) is None:
        raise RuntimeError("the word bank is not known")
    return workspace.collapse(ranking)


def milliseconds(work: Callable[[Workspace], Ranking], workspace: Workspace) -> float:
    """The median of REPEATS, after two."""
    spent = []
    for turn in range(REPEATS + 2):
        began = time.perf_counter()
        work(workspace)
        if turn > 1:
            spent.append((time.perf_counter() - began) * 1e3)
    return statistics.median(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, nargs="+", default=[10_000, 100_000])
    given = parser.parse_args()
    texts = [*(term.text for term in COMPOSED), *WORDS, *read_words(PHOTOGRAPHS)]
    print("| pictures | plain, ms | three parts, judged, collapsed, ms | more |")
    print("| ---: | ---: | ---: | ---: |")
    for count in given.pictures:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            synthetic.make(home, count, texts)
            workspace = Workspace(load_settings(synthetic.SETTINGS, root=home), home)
            workspace.indexer.join(600)
            one = milliseconds(plain, workspace)
            three = milliseconds(composed, workspace)
            print(f"| {count:,} | {one:.1f} | {three:.1f} | {three - one:.1f} |", flush=True)
            workspace.close()


if __name__ == "__main__":
    main()
