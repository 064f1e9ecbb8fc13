"""The approximate indexes of pgvector: their SQL, and which are there."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from core.index.postgres.session import Session
from core.tuning import BOUNDS, ApproximateIndex

HNSW, IVFFLAT = "hnsw", "ivfflat"

# Of 100,000 vectors the 24 nearest are found to .99 by this many candidates, and only to .96 to .98
# by pgvector's own 40. Of a million it takes more: a new index is searched with the first of WIDER
# that finds ENOUGH_RECALL. Measured: benchmarks/README.md, "PostgreSQL".
EF_SEARCH = 100
WIDER = (1, 2, 4, 8)
ENOUGH_RECALL = 0.95

# pgvector reads no more candidates than this to fill up a page that a filter empties; then the
# exact search takes over. Its default is 20,000.
MOST_SCANNED = 40_000

# What ef_search and probes may be. Source: README of pgvector 0.8.
WIDTHS = {HNSW: (1, 1_000), IVFFLAT: (1, 32_768)}


@dataclass(frozen=True)
class Way:
    """A way to search approximately. width: ef_search or probes."""

    kind: str
    width: int
    recall: float | None = None


def expression(kind: str, dimensions: int) -> str:
    """What the index is on. Each kind has its own, so that ORDER BY says which one is meant.

    HNSW on half-precision numbers is a third of the size, and as good: cosines are computed again
    from the vectors.
    """
    cast = "halfvec" if kind == HNSW else "vector"
    return f"(vector::{cast}({dimensions}))"


def operator_class(kind: str) -> str:
    """By inner products, which are cosines for unit vectors."""
    return "halfvec_ip_ops" if kind == HNSW else "vector_ip_ops"


def name_of(table: str, kind: str) -> str:
    return f"{table}_{kind}"[:63]


def settings_for(way: Way) -> str:
    """Statements for the transaction of one search."""
    if way.kind == HNSW:
        return (
            f"SET LOCAL hnsw.ef_search = {way.width}; "
            "SET LOCAL hnsw.iterative_scan = relaxed_order; "
            f"SET LOCAL hnsw.max_scan_tuples = {MOST_SCANNED}"
        )
    return (
        f"SET LOCAL ivfflat.probes = {way.width}; SET LOCAL ivfflat.iterative_scan = relaxed_order"
    )


def suggested(kind: str, rows: int) -> dict[str, int]:
    """pgvector's own advice: its defaults for HNSW, and lists by the number of rows."""
    if kind == HNSW:
        return {"m": 16, "ef_construction": 64}
    return {"lists": max(1, round(rows / 1000 if rows > 1_000_000 else math.sqrt(rows)))}


def default_width(kind: str, parameters: Mapping[str, int]) -> int:
    """The width that is tried first. For IVFFlat pgvector advises the root of the lists."""
    if kind == HNSW:
        return EF_SEARCH
    return max(1, round(math.sqrt(parameters.get("lists", 1))))


def check(kind: str, parameters: Mapping[str, int]) -> None:
    """Raises ValueError: they become part of a statement."""
    bounds = BOUNDS.get(kind)
    if bounds is None or set(parameters) != set(bounds):
        raise ValueError(f"parameters {sorted(parameters)} for {kind}")
    for parameter, value in parameters.items():
        low, high = bounds[parameter]
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"{parameter} must be from {low} to {high}")


def facts_key(embedder_id: str, kind: str) -> str:
    """The small fact that says how an index was built, and what it finds."""
    return f"approximate:{kind}:{embedder_id}"


def indexes(db: Session, embedder_id: str, table: str) -> list[ApproximateIndex]:
    """Those that are whole: one whose build was cancelled stays behind as an invalid one."""
    found = []
    for kind in (HNSW, IVFFLAT):
        row = db.execute(
            "SELECT coalesce(c.reloptions, '{}'), pg_relation_size(c.oid), "
            "(SELECT value FROM schema.meta WHERE key = %s) "
            "FROM pg_class AS c JOIN pg_index AS i ON i.indexrelid = c.oid "
            "WHERE c.oid = to_regclass(%s) AND i.indisvalid",
            (facts_key(embedder_id, kind), f"{db.schema}.{name_of(table, kind)}"),
        ).fetchone()
        if row is None:
            continue
        options = dict(option.split("=") for option in row[0])
        parameters = {name: int(value) for name, value in options.items()}
        facts = json.loads(row[2] or "{}")
        found.append(
            ApproximateIndex(
                kind,
                parameters,
                row[1],
                facts.get("width") or default_width(kind, parameters),
                facts.get("seconds"),
                facts.get("recall"),
            )
        )
    return found
