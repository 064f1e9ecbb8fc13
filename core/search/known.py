"""What is known of pictures, by the columns that somebody has taken."""

from __future__ import annotations

from collections.abc import Sequence

from core.index import Index, Spread, VectorSpace, columns_of
from core.metadata import PLACE
from core.model import EVERYTHING, Column, ColumnType, Order, Scope, Value, collection_of
from core.search.export import Told
from core.search.ranking import Result

# One chooses among some values; who has more looks for a text.
MOST_VALUES = 200


class Known:
    """Every method raises IndexUnavailable."""

    def __init__(self, index: Index, space: VectorSpace) -> None:
        self._index = index
        self._space = space

    def columns(self, scope: Scope = EVERYTHING) -> list[Column]:
        """Those that searches in the collection of `scope` may be narrowed by, in their order."""
        known = columns_of(self._index)
        return [column for column in known if column.taken and column.speaks_of(scope)]

    def about(self, results: Sequence[Result]) -> list[Column]:
        """Those of the collections that the results come from."""
        held = {collection_of(path) for result in results for path in result.picture.paths}
        return [column for column in self.columns() if held & column.collections]

    def may_leave(self) -> list[Column]:
        """Those that may be exported: where a photograph was taken stays here."""
        return [column for column in self.columns() if column.name != PLACE]

    def count(self, scope: Scope) -> int:
        """How many pictures in `scope` can be found now."""
        return self._space.count(scope)

    def spread(self, column: Column, scope: Scope) -> Spread:
        """What a column says of the pictures in `scope` that can be found."""
        most = MOST_VALUES if column.type is ColumnType.CATEGORY else 0
        return self._space.spread(column.name, scope, most)

    def told(self, ids: Sequence[str], columns: Sequence[Column]) -> dict[str, dict[str, str]]:
        """What columns say of pictures, by picture id and then in the order of the columns."""
        names = [column.name for column in columns]
        if not names:
            return {}
        found = self._index.facts(ids, names)
        return {
            picture_id: {name: told[name].text for name in names if name in told}
            for picture_id, told in found.items()
        }

    def to_export(self, results: Sequence[Result]) -> Told:
        """What is known of pictures, as a table may have it."""
        columns = [column for column in self.about(results) if column.name != PLACE]
        ids = [result.picture.id for result in results]
        return Told([column.name for column in columns], self.told(ids, columns))

    def values(self, ids: Sequence[str], column: Column) -> dict[str, Value]:
        """What a column says of pictures, by picture id."""
        found = self._index.facts(ids, [column.name])
        return {picture_id: told[column.name] for picture_id, told in found.items()}

    def sorted(self, ids: Sequence[str], order: Order) -> list[int]:
        """The numbers of the pictures, in the order that the index lists them in."""
        found = self._index.facts(ids, [order.column])
        told = {picture_id: values[order.column] for picture_id, values in found.items()}

        def key(number: int) -> tuple[float, str]:
            value = told[ids[number]]
            # Those that are no numbers come last; of these, by their texts.
            return (0.0 if value.number is None else value.number), value.text.casefold()

        there = [number for number, picture_id in enumerate(ids) if picture_id in told]
        numbers = [n for n in there if told[ids[n]].number is not None]
        texts = [n for n in there if told[ids[n]].number is None]
        missing = [number for number, picture_id in enumerate(ids) if picture_id not in told]
        by_key = [
            *sorted(numbers, key=key, reverse=order.descending),
            *sorted(texts, key=key, reverse=order.descending),
        ]
        return [*by_key, *missing]
