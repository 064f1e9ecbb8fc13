"""What a composed, judged and collapsed search costs beside a plain one, as a table.

    python -m benchmarks.search_cost [--pictures 10000 100000]

Three texts, one of them against, what stands out of their ranking, and near-duplicates collapsed:
against one text and its ranking alone, in turn. Synthetic pictures of 1,024 dimensions, of which
some match the texts, so that a line is drawn; no call is made. With OPENBLAS_NUM_THREADS=1 the
processor time is that of one core, without what numpy's threads only wait.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

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
    return workspace.search(workspace.asking.parts_of(PLAIN), EVERYTHING)


def composed(workspace: Workspace) -> Ranking:
    parts = workspace.asking.parts_of(COMPOSED)
    ranking = workspace.search(parts, EVERYTHING)
    relevance = workspace.words.standing_out(COMPOSED, parts, ranking, 0.0)
    # Where no line can be drawn the rule ends early, and the figure would be too good.
    if relevance is None or relevance.line is None:
        raise RuntimeError("no line was drawn")
    return workspace.collapse(ranking)


def milliseconds(workspace: Workspace) -> list[tuple[float, float]]:
    """(wall clock, processor time) of a plain and of a composed search: medians of REPEATS.

    In turn, so that other work on the machine slows both alike; the first two turns do not count.
    """
    spent: list[list[tuple[float, float]]] = [[], []]
    for turn in range(REPEATS + 2):
        for number, work in enumerate((plain, composed)):
            began, used = time.perf_counter(), time.process_time()
            work(workspace)
            one = (time.perf_counter() - began) * 1e3, (time.process_time() - used) * 1e3
            if turn > 1:
                spent[number].append(one)
    return [(median(w for w, _ in one), median(p for _, p in one)) for one in spent]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, nargs="+", default=[10_000, 100_000])
    given = parser.parse_args()
    texts = [*(term.text for term in COMPOSED), *WORDS, *read_words(PHOTOGRAPHS)]
    print("| pictures | | plain, ms | three parts, judged, collapsed, ms | more |")
    print("| ---: | --- | ---: | ---: | ---: |")
    for count in given.pictures:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            synthetic.make(home, count, texts, showing=True)
            workspace = Workspace(load_settings(synthetic.SETTINGS, root=home), home)
            workspace.indexer.join(600)
            one, three = milliseconds(workspace)
            for kind, a, b in zip(("wall clock", "processor"), one, three, strict=True):
                print(f"| {count:,} | {kind} | {a:.1f} | {b:.1f} | {b - a:.1f} |", flush=True)
            workspace.close()


if __name__ == "__main__":
    main()
