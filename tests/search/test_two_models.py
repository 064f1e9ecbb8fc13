"""Two models side by side: agreement of rankings, and votes as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import cast

from core.index import Index
from core.model import EVERYTHING, Hit, Vote
from core.search import Ranking, agreement, votes_csv


def ranking(ids: Sequence[str]) -> Ranking:
    hits = tuple(Hit(picture_id, 0.5, rank) for rank, picture_id in enumerate(ids, 1))
    # Who only compares ranks asks no index.
    return Ranking(hits, exact=True, cut=False, scope=EVERYTHING, index=cast(Index, None))


def test_the_agreement_counts_what_the_first_ten_share_in_whatever_order() -> None:
    one = ranking([*"abcdefghij", "x"])
    other = ranking([*"jihgfVWYZT", "a"])
    assert agreement(one, other) == (5, 10)


def test_the_agreement_of_a_shorter_ranking_is_out_of_its_length() -> None:
    assert agreement(ranking("abc"), ranking("cxyz")) == (1, 3)
    assert agreement(ranking(""), ranking("abc")) == (0, 0)


def test_the_votes_as_csv_run_no_formula() -> None:
    text = votes_csv([Vote('=HYPERLINK("x")', "e:1", "e:2", 0.0)])
    assert list(csv.reader(io.StringIO(text))) == [
        ["query", "better", "other", "voted"],
        ['\'=HYPERLINK("x")', "e:1", "e:2", "1970-01-01T00:00:00+00:00"],
    ]
