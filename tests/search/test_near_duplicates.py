"""core.search: which pictures show the same, and the groups that they make."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from PIL import Image

from core.deadline import Deadline
from core.errors import Cancelled
from core.index import Neighbours
from core.pictures import check, signature
from core.search.near_duplicates import near_duplicates
from core.search.same_picture import same_pictures, seen
from tests.alike_pictures import COPIES, a_scene, file_of
from tests.conftest import plain
from tests.index.samples import an_id


def signed(picture: Image.Image | bytes) -> bytes:
    data = picture if isinstance(picture, bytes) else file_of(picture)
    return signature(check(data).thumbnail)


def are_same(first: bytes, second: bytes) -> bool:
    return bool(same_pictures(seen([first, second]), np.array([[0, 1]]))[0])


@pytest.mark.parametrize("copy", list(COPIES))
def test_a_changed_copy_shows_the_same(copy: str) -> None:
    image = a_scene(1)
    assert are_same(signed(image), signed(COPIES[copy](image)))


def test_other_pictures_do_not_show_the_same() -> None:
    scenes = [signed(a_scene(seed)) for seed in range(30)]
    pairs = np.array(list(combinations(range(30), 2)))
    assert not same_pictures(seen(scenes), pairs).any()


def test_the_same_drawing_in_another_colour_is_another_picture() -> None:
    red, green, blue = a_scene(1).split()
    assert not are_same(signed(a_scene(1)), signed(Image.merge("RGB", (blue, red, green))))


def test_a_picture_turned_round_is_another_picture() -> None:
    image = a_scene(1)
    assert not are_same(signed(image), signed(image.rotate(180)))


def test_of_pictures_without_structure_nothing_is_said() -> None:
    sheet = signature(check(plain((250, 250, 250))).thumbnail)
    assert not are_same(sheet, sheet)


def test_no_pairs_give_no_answers() -> None:
    assert len(same_pictures(seen([]), np.empty((0, 2), dtype=np.intp))) == 0


# -- groups ----------------------------------------------------------------------------------


def all_of(signatures: list[bytes]) -> tuple[Neighbours, dict[str, bytes]]:
    """Each picture with all others as its neighbours."""
    count = len(signatures)
    nearest = [[other for other in range(count) if other != one] for one in range(count)]
    ids = tuple(an_id(number) for number in range(count))
    found = Neighbours(ids, np.array(nearest, np.intp).reshape(count, max(0, count - 1)), 7)
    return found, dict(zip(ids, signatures, strict=True))


def grouped(signatures: list[bytes]) -> list[set[int]]:
    groups = near_duplicates(*all_of(signatures), Deadline())
    return [{int(picture_id, 16) for picture_id in group} for group in groups]


def test_copies_are_grouped_and_other_pictures_are_in_no_group() -> None:
    first, second = a_scene(1), a_scene(2)
    pictures = [signed(first), signed(second), signed(a_scene(3))]
    pictures += [signed(COPIES["poorer"](second)), signed(COPIES["darker"](first))]
    assert grouped(pictures) == [{0, 4}, {1, 3}]


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_pictures_make_no_group(count: int) -> None:
    assert grouped([signed(a_scene(1))] * count) == []


def test_a_picture_without_a_signature_is_in_no_group() -> None:
    neighbours, signatures = all_of([signed(a_scene(1))] * 3)
    del signatures[an_id(1)]
    assert near_duplicates(neighbours, signatures, Deadline()) == ((an_id(0), an_id(2)),)


def test_copies_that_are_no_direct_neighbours_find_each_other_through_a_third() -> None:
    image = signed(a_scene(1))
    neighbours = Neighbours(
        (an_id(0), an_id(1), an_id(2)), np.array([[1], [2], [1]], dtype=np.intp), 1
    )
    groups = near_duplicates(neighbours, dict.fromkeys(neighbours.ids, image), Deadline())
    assert [set(group) for group in groups] == [set(neighbours.ids)]


def test_each_picture_of_a_group_shows_the_same_as_its_first() -> None:
    # A camera that moves on by a little: each frame is like the next, the last unlike the first.
    long = a_scene(1, (1600, 360))
    frames = [signed(long.crop((at, 0, at + 480, 360))) for at in range(0, 800, 20)]
    assert all(are_same(one, following) for one, following in pairwise(frames))
    assert not are_same(frames[0], frames[-1])
    neighbours, signatures = all_of(frames)
    groups = near_duplicates(neighbours, signatures, Deadline())
    assert len(groups) > 1
    for leader, *others in groups:
        assert all(are_same(signatures[leader], signatures[other]) for other in others)


def test_no_picture_is_in_two_groups() -> None:
    long = a_scene(1, (1600, 360))
    frames = [signed(long.crop((at, 0, at + 480, 360))) for at in range(0, 800, 20)]
    numbers = [number for group in grouped(frames) for number in group]
    assert len(numbers) == len(set(numbers))


def test_the_comparison_ends_when_it_is_cancelled() -> None:
    deadline = Deadline()
    deadline.cancel.set()
    with pytest.raises(Cancelled):
        near_duplicates(*all_of([signed(a_scene(1))] * 2), deadline)
