"""A loop that a test leaves early takes the first items, and one answer stays one."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from runner.inside.grader.handles import NotDataError
from runner.inside.grader.snapshot_client import SnapshotClient
from runner.inside.student import loop_steps
from tests.runner.pairs import student_with


class Loader:
    """It gives other items in each loop, and counts them."""

    def __init__(self, count: int = 50, told: int | None = None) -> None:
        self.count, self.told = count, count if told is None else told
        self.given: list[int] = []
        self.epoch = 0
        self.heard: list[object] = []
        self.raises_at = -1

    def __len__(self) -> int:
        return self.told

    def __iter__(self) -> Iterator[int]:
        self.epoch += 1
        for number in range(self.count):
            if number == self.raises_at:
                raise ValueError("later")
            self.given.append(number)
            yield 1000 * self.epoch + number + 100000 * len(self.heard)


@pytest.fixture(autouse=True)
def one_item_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_steps, "_SECONDS", 0)


def asked(loader: Loader, **names: Any) -> Any:
    return student_with({"loader": loader, "hear": loader.heard.append, **names})


def left(found: SnapshotClient) -> Any:
    loop = found.name("loader")
    for item in loop:
        return item
    return None


@pytest.mark.parametrize(
    "take",
    [
        lambda loader: [next(iter(loader))],
        lambda loader: list(itertools.islice(loader, 3)),
        lambda loader: [item for _, item in zip(range(3), loader, strict=False)],
        lambda loader: [item for item, _ in zip(loader, range(2), strict=False)],
    ],
)
def test_the_first_items_cost_no_whole_loop(take: Any) -> None:
    loader = Loader()
    with asked(loader) as found:
        items = take(found.name("loader"))
        assert items == [1000, 1001, 1002][: len(items)]
        assert len(found.name("loader")) == 50
        found.name("hear")("a call after the loop")
        assert len(loader.given) <= 4


def test_another_loop_begins_with_the_same_items() -> None:
    loader = Loader()
    with asked(loader) as found:
        assert [left(found), next(iter(found.name("loader")))] == [1000, 1000]
        assert loader.epoch == 1
        one = list(found.name("loader"))
        assert one == [1000 + number for number in range(50)]
        assert list(found.name("loader")) == one


def test_a_test_that_stays_in_its_loop_has_all_items_fixed_by_its_first_call() -> None:
    loader = Loader()
    with asked(loader) as found:
        items, hear = [], found.name("hear")
        for item in found.name("loader"):
            items.append(item)
            hear("what the next item should be")
        assert items == [1000 + number for number in range(50)]


@pytest.mark.parametrize("told", [0, 1, 49, 51])
@pytest.mark.parametrize("taken", [0, 2])
def test_a_length_that_contradicts_the_items_is_refused(told: int, taken: int) -> None:
    with asked(Loader(told=told)) as found:
        loader = found.name("loader")
        assert list(itertools.islice(loader, taken)) == [1000, 1001][:taken]
        with pytest.raises(NotDataError):
            (len(loader), list(loader))


def test_an_error_of_a_later_item_comes_where_the_loop_reaches_it() -> None:
    loader = Loader()
    loader.raises_at = 3
    with asked(loader) as found:
        assert next(iter(found.name("loader"))) == 1000
        with pytest.raises(ValueError, match="later"):
            list(found.name("loader"))


def test_an_error_of_a_later_item_never_passes_for_that_of_another_call() -> None:
    loader = Loader()
    loader.raises_at = 3
    with asked(loader) as found:
        loop = iter(found.name("loader"))
        assert next(loop) == 1000
        with pytest.raises(NotDataError, match="when its other items were taken"):
            found.name("hear")(1)


def test_what_a_loop_has_begun_is_whole_for_every_other_question() -> None:
    class Indexed(Loader):
        def __getitem__(self, place: int) -> int:
            return list(self)[place]

    with asked(Indexed()) as found:
        loader = found.name("loader")
        first = next(iter(loader))
        assert loader[0] == first
        assert list(loader)[:3] == [first, loader[1], loader[2]]


def test_a_loop_over_an_object_that_has_changed_begins_anew() -> None:
    loader = Loader()
    with asked(loader) as found:
        subject = found.name("loader")
        assert next(iter(subject)) == 1000
        subject.count, subject.told = 20, 20
        assert next(iter(subject)) == 2000
        assert len(list(subject)) == 20
