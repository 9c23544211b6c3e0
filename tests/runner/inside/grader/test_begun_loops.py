"""A loop that a test leaves early takes the first items, and one answer stays one."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from runner.inside.grader import refusals
from runner.inside.grader.handles import NotDataError
from runner.inside.grader.snapshot_client import SnapshotClient
from runner.inside.student import service
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
def no_refusals() -> None:
    refusals.forget()


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
        assert len(loader.given) <= len(items) + 1


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


@pytest.mark.parametrize("taken", [1, 7, 20, 40])
def test_a_step_takes_at_most_a_quarter_more_than_the_test_has_asked_for(
    taken: int,
) -> None:
    loader = Loader()
    with asked(loader) as found:
        assert len(list(itertools.islice(found.name("loader"), taken))) == taken
        assert taken <= len(loader.given) <= 1.25 * taken


def collect(loop: Any, items: list[Any]) -> None:
    for item in loop:
        items.append(item)  # noqa: PERF402 - those before an error count


@pytest.mark.parametrize("raises_at", [0, 1, 3, 9, 11])
def test_an_error_of_a_later_item_comes_where_the_loop_reaches_it(
    raises_at: int,
) -> None:
    loader = Loader()
    loader.raises_at = raises_at
    with asked(loader) as found:
        for _ in range(2):
            items: list[Any] = []
            loop = iter(found.name("loader"))
            with pytest.raises(ValueError, match="later"):
                collect(loop, items)
            assert items == [1000 + number for number in range(raises_at)]
        assert loader.epoch == 1


class Indexed(Loader):
    def __getitem__(self, place: int) -> int:
        return list(self)[place]


def test_an_error_of_a_later_item_never_passes_for_that_of_another_call() -> None:
    loader = Indexed()
    loader.raises_at = 3
    with asked(loader) as found:
        subject = found.name("loader")
        loop = iter(subject)
        assert next(loop) == 1000
        found.name("hear")(1)
        assert [next(loop), next(loop)] == [1001, 1002]
        with pytest.raises(ValueError, match="later"):
            next(loop)
        assert refusals.first() is None
        with pytest.raises(NotDataError, match="when its other items were taken"):
            subject[0]


def test_an_error_does_not_come_before_the_item_in_whose_place_it_stands() -> None:
    with asked(Loader(), broken=Broken()) as found:
        loop = iter(found.name("broken"))
        with pytest.raises(ValueError, match="first"):
            next(loop)


class Broken:
    def __iter__(self) -> Iterator[int]:
        yield from map(fail, [0])


def fail(number: int) -> int:
    raise ValueError("first", number)


class Natural:
    """The natural numbers, without an end."""

    def __iter__(self) -> Iterator[int]:
        return itertools.count()

    def __getitem__(self, place: int) -> int:
        return place


def test_a_loop_without_an_end_counts_only_where_the_test_asks_that_far() -> None:
    with asked(Loader(), numbers=Natural()) as found:
        for number in found.name("numbers"):
            found.name("hear")(1)
            if number == 5:
                break
        assert list(itertools.islice(found.name("numbers"), 50)) == list(range(50))
        assert refusals.first() is None
        with pytest.raises(TypeError, match="100,000 items at most"):
            list(found.name("numbers"))


def test_an_object_without_an_end_that_a_test_has_made_has_items_by_index() -> None:
    names = {"Natural": Natural}
    with student_with(names, classes=["Natural"], methods=["__getitem__"]) as found:
        numbers = found.name("Natural")()
        first = list(itertools.islice(numbers, 5))
        assert first == [numbers[place] for place in range(5)]


class Given:
    """It is gone through with these items."""

    def __init__(self, *items: Any) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


@pytest.mark.parametrize("place", [0, 1, 9, 10, 11])
def test_an_item_that_cannot_be_sent_is_refused_in_its_own_place(place: int) -> None:
    deep: list[Any] = []
    for _ in range(99):
        deep = [deep]
    items = [deep if number == place else number for number in range(20)]
    with asked(Loader(), given=Given(*items)) as found:
        given = found.name("given")
        assert list(itertools.islice(given, place)) == list(range(place))
        for _ in itertools.islice(given, place):
            found.name("hear")(1)
        assert refusals.first() is None
        with pytest.raises(NotDataError, match="nested too deeply"):
            list(given)


def test_items_that_are_too_large_together_come_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "MAX_ANSWER_HEADER", 32 * 1024)
    items = [[[number], *([one] for one in range(600))] for number in range(16)]
    with asked(Loader(), given=Given(*items)) as found:
        assert list(found.name("given")) == items


class Growing:
    """It gives one list again and again, and adds to it."""

    def __iter__(self) -> Iterator[list[int]]:
        found: list[int] = []
        for number in range(12):
            found.append(number)
            yield found


def test_an_object_that_is_given_again_is_one_object_to_the_test() -> None:
    with asked(Loader(), growing=Growing()) as found:
        items = list(found.name("growing"))
        assert items == [list(range(12))] * 12
        assert len({id(item) for item in items}) == 1


def test_an_object_that_is_given_again_is_seen_as_it_was_then() -> None:
    with asked(Loader(), growing=Growing()) as found:
        seen = [list(item) for item in found.name("growing")]
        assert seen == [list(range(count + 1)) for count in range(12)]
    with asked(Loader(), growing=Growing()) as found:
        for count, item in enumerate(found.name("growing"), 1):
            found.name("hear")(item)
            assert item == list(range(count))


class Reader:
    """It counts the lines that it has given."""

    def __init__(self) -> None:
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        for line in "abc":
            self.count += 1
            yield line


def test_no_item_is_made_before_the_test_asks_for_it() -> None:
    with asked(Loader(), reader=Reader()) as found:
        reader = found.name("reader")
        loop = iter(reader)
        for count, line in enumerate("abc", 1):
            assert next(loop) == line
            assert reader.count == count


def test_a_length_that_cannot_be_told_does_not_stop_a_loop() -> None:
    class Unsized(Given):
        def __len__(self) -> int:
            raise TypeError("no length")

    with asked(Loader(), given=Unsized(1, 2, 3)) as found:
        assert list(found.name("given")) == [1, 2, 3]
        with pytest.raises(TypeError, match="no length"):
            len(found.name("given"))


def test_what_a_loop_has_begun_is_whole_for_every_other_question() -> None:
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
