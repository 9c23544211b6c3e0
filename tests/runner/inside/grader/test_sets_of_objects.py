"""Objects that define their own equality are not told apart by identity."""

import contextlib
import enum
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from runner.host.runner import Runner
from runner.inside.grader import refusals
from runner.inside.grader.handle_hashes import hash_of
from runner.inside.grader.handles import NotDataError
from runner.inside.grader.snapshot_client import SnapshotClient
from runner.inside.student.hashes import Hashes
from tests.runner.notebooks import all_scores, cell, job, job_file, marked, question
from tests.runner.pairs import student_with

pd: Any = pytest.importorskip("pandas")
asked = count(1)


@dataclass(frozen=True)
class Card:
    rank: int


@dataclass
class Bag:
    items: list[int] = field(default_factory=list)


class Plain:
    pass


class Changing:
    """An object that gives another hash each time that it is asked."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return next(asked)


class Failing(Changing):
    def __hash__(self) -> int:
        raise KeyError


class Poor(Card):
    def __hash__(self) -> int:
        return 7


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


NAMES: dict[str, Any] = {
    "same": lambda: [Card(1) for _ in range(3)],
    "deck": lambda: [Card(n) for n in range(3)],
    "bag": Bag(),
    "plain": lambda: [Plain() for _ in range(3)],
    "changing": Changing(),
    "failing": Failing(),
    "colours": list(Colour),
    "seen": lambda: {Card(1), Card(2)},
    "poor": lambda: {Poor(1): "a", Poor(2): "b"},
    "all_poor": lambda: [Poor(n) for n in range(3)],
    "one_poor": lambda: Poor(0),
    "card": Card,
    "many": lambda: {Card(n) for n in range(500)},
    "nothing": lambda: None,
}
# Ways in which a test counts different objects, or looks for equal ones.
COUNTED: dict[str, Callable[[list[Any]], int]] = {
    "set": lambda items: len(set(items)),
    "Counter": lambda items: len(Counter(items)),
    "fromkeys": lambda items: len(dict.fromkeys(items)),
    "a set of tuples": lambda items: len({(one, 1) for one in items}),
    "nunique": lambda items: pd.Series(items).nunique(),
    "isdisjoint": lambda items: 3 * {items[0]}.isdisjoint(items[1:]),
    "not in": lambda items: 3 * (items[0] not in set(items[1:])),
}


@pytest.fixture
def student() -> Iterator[SnapshotClient]:
    refusals.forget()
    with student_with(NAMES, classes=("card",)) as found:
        yield found
    refusals.forget()


@pytest.mark.parametrize("way", COUNTED)
def test_equal_objects_do_not_count_as_different(
    student: SnapshotClient, way: str
) -> None:
    with contextlib.suppress(NotDataError):  # pandas reads the refusal as "not equal"
        COUNTED[way](student.name("same")())
    assert isinstance(refusals.first(), NotDataError)


@pytest.mark.parametrize("way", COUNTED)
@pytest.mark.parametrize("name", ["deck", "plain"])
def test_different_objects_count_as_different(
    student: SnapshotClient, way: str, name: str
) -> None:
    assert COUNTED[way](student.name(name)()) == 3


def test_an_unhashable_object_is_unhashable_in_a_test(student: SnapshotClient) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(student.name("bag"))
    with pytest.raises(KeyError):
        hash(student.name("failing"))
    assert refusals.first() is None


def test_equal_objects_have_the_same_hash(student: SnapshotClient) -> None:
    one, other = student.name("card")(4), student.name("card")(4)
    assert hash(one) == hash(other) == hash(Card(4))
    assert len({one, one}) == 1
    with pytest.raises(NotDataError):
        _ = {one, other}


def test_a_hash_is_asked_for_once_until_the_next_call(student: SnapshotClient) -> None:
    liar = student.name("changing")
    assert hash(liar) == hash(liar)
    assert len({liar, student.name("changing")}) == 1
    first = hash(liar)
    student.name("nothing")()
    assert hash(liar) != first


def test_enums_and_plain_objects_are_compared_without_asking(
    student: SnapshotClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = [*student.name("colours"), *student.name("plain")()]
    monkeypatch.setattr(student, "ask", None)
    assert len(set(objects)) == 5
    assert hash_of(objects[0]) == object.__hash__(objects[0])


def test_a_set_of_the_notebook_s_arrives_unchanged(student: SnapshotClient) -> None:
    assert len(student.name("seen")()) == 2
    found = student.name("poor")()
    assert list(found.values()) == ["a", "b"]
    assert [found[key] for key in found] == ["a", "b"]
    assert len(student.name("many")()) == 500
    with pytest.raises(NotDataError):
        _ = student.name("card")(1) in student.name("seen")()
    assert student.name("card")(9) not in student.name("seen")()


def test_different_objects_with_one_hash_stay_different(
    student: SnapshotClient,
) -> None:
    poor = student.name("all_poor")()
    assert len(set(poor)) == 3
    with pytest.raises(NotDataError):
        _ = {*poor, student.name("one_poor")()}
    # In Python, -1 and -2 have the same hash.
    assert len({student.name("card")(-1), student.name("card")(-2)}) == 2


def test_an_object_is_not_compared_with_a_value_of_the_same_hash(
    student: SnapshotClient,
) -> None:
    one = student.name("one_poor")()
    with pytest.raises(NotDataError):
        _ = {one, 7}


def test_objects_that_have_become_equal_have_the_same_hash() -> None:
    hashes, one, other = Hashes(), Poor(1), Poor(2)
    assert hashes.hash_of(one) != hashes.hash_of(other)
    object.__setattr__(one, "rank", 2)
    assert hashes.hash_of(one) == hashes.hash_of(other)
    object.__setattr__(other, "rank", 3)
    assert hashes.hash_of(one) != hashes.hash_of(other)


def test_hashing_an_object_costs_the_same_after_many_equal_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = count()
    plain = Card.__eq__

    def equals(self: Card, other: object) -> bool:
        next(compared)
        return plain(self, other)

    monkeypatch.setattr(Card, "__eq__", equals)
    hashes, cards = Hashes(), [Card(1) for _ in range(1000)]
    assert {hashes.hash_of(card) for card in cards * 2} == {hash(Card(1))}
    assert next(compared) < 4 * len(cards)


def test_an_unchanged_object_keeps_its_hash() -> None:
    hashes, cards = Hashes(), [Poor(1) for _ in range(3)]
    told = {hashes.hash_of(one) for one in cards}
    object.__setattr__(cards[0], "rank", 2)
    assert {hashes.hash_of(one) for one in cards[1:]} == told
    assert hashes.hash_of(cards[0]) not in told
    swapping = [Card(1), Card(1)]
    told = {hashes.hash_of(one) for one in swapping}
    object.__setattr__(swapping[0], "rank", 2)
    assert {hashes.hash_of(swapping[1])} == told


WRONG = """
from dataclasses import dataclass
@dataclass(frozen=True)
class Card:
    rank: int
    suit: str
def make_deck(): return [Card(1, "S") for _ in range(52)]
class Bag:
    def __init__(self, n): self.n = n
"""
RIGHT = (
    WRONG.replace("Card(1", "Card(r").replace("_ in range(52)", "r in range(52)")
    + "    def __eq__(self, other): return self.n == other.n\n"
)
TESTS = (
    "deck = make_deck()\nassert len(deck) == 52\nassert len(set(deck)) == 52",
    (
        "seen = set()\nfor card in make_deck():\n    assert card not in seen\n"
        "    seen.add(card)"
    ),
    "from collections import Counter\nassert max(Counter(make_deck()).values()) == 1",
    "import pytest\nwith pytest.raises(TypeError):\n    hash(Bag(1))",
)


@pytest.mark.parametrize(("work", "score"), [(RIGHT, 1), (WRONG, 0)])
def test_a_deck_is_graded_by_its_cards(runner: Runner, work: str, score: int) -> None:
    result = marked(runner, work, *TESTS, defined_classes=("Bag", "Card"))
    assert all_scores(result) == [score] * len(TESTS)


# --- `hash` where a test writes it --------------------------------------------------

HASHED = """
class Key:
    def __init__(self, word): self.word = word
    def __eq__(self, other): return self.word == other.word
    def __hash__(self): return sum(map(ord, self.word)) % 10
class Bare:
    def __hash__(self): return 5
class Unhashable:
    __eq__ = Key.__eq__
def keys(): return [Key("ab"), Key("ba"), Key("k")]
"""
CLASSES = ("Key", "Bare", "Unhashable")
ASKED = (
    "assert hash(Key('ab')) == hash(Key('ba')) == 5",
    "assert list(map(hash, keys())) == [5, 5, 7]",
    "assert len({hash(key) for key in keys()}) == 2 == len(set(map(hash, keys())))",
    "assert Key('ab').__hash__() == 5 and hash(Bare()) == 5",
    "import pytest\nwith pytest.raises(TypeError): hash(Unhashable())",
    "import builtins\nassert builtins.hash(Key('ab')) == 5 == next(map(hash, keys()))",
    "a, b, _ = keys()\nassert hash((a, 1)) == hash((b, 1)) == (b, 1).__hash__() != hash(a)",
    "a, b, c = keys()\nassert hash(frozenset({a, c})) == hash(frozenset({b, c}))",
    (
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Own:\n"
        "    one: object\na, b, c = keys()\nassert hash(Own(a)) == hash(Own(b))"
    ),
)


@pytest.mark.torch
def test_hash_in_a_test_is_the_hash_of_the_class(runner: Runner) -> None:
    spread = HASHED.replace("% 10", "* ord(self.word[0])")
    spread = spread.replace("return 5", "return 6")
    spread = spread.replace("__eq__ = Key.__eq__", "pass")
    for work, score in ((HASHED, 1), (spread, 0)):
        result = marked(runner, work, *ASKED, defined_classes=CLASSES)
        traces = [one.trace for one in result.questions[0].checks]
        assert all_scores(result) == [score] * len(ASKED), traces


@pytest.mark.torch
def test_a_module_of_the_course_asks_for_the_class_s_own_hash(
    runner: Runner, tmp_path: Path
) -> None:
    helpers = tmp_path / "helpers.py"
    helpers.write_text("def spread(keys): return len({hash(key) for key in keys})")
    source = (
        "def check(private, keys):\n"
        "    import sys\n"
        "    sys.path.insert(0, str(private))\n"
        "    from helpers import spread\n"
        "    return spread(keys()) == 3\n"
    )
    for work, score in (
        (HASHED, 0),
        (HASHED.replace("% 10", "* ord(self.word[0])"), 1),
    ):
        asking = job(
            *(work, cell("# softmark: check q1")),
            questions=(question("q1", source),),
            private_files=(job_file(helpers),),
            defined_classes=CLASSES,
        )
        assert all_scores(runner.run(asking)) == [score]


@pytest.mark.torch
def test_the_hash_of_a_type_is_refused_in_words(runner: Runner) -> None:
    source = "key = Key('ab')\nassert type(key).__hash__(key) != 5"
    result = marked(runner, HASHED, source, defined_classes=CLASSES)
    (check,) = result.questions[0].checks
    assert check.score == 0
    assert "write `hash(x)`" in check.trace


@pytest.mark.torch
def test_sets_work_beside_hash_in_a_test(runner: Runner) -> None:
    both = "found = keys()\nassert len(set(found)) == 3 and len(set(map(hash, found))) == 2"
    own = "hash = lambda x: 1\nassert hash(keys()[2]) == 1"
    result = marked(runner, HASHED, both, own, defined_classes=CLASSES)
    assert all_scores(result) == [1.0, 1.0]


class Node:
    """A class whose comparison reads an attribute that only its own kind has."""

    def __init__(self, state: object) -> None:
        self.state = state

    def __eq__(self, other: object) -> bool:
        return bool(self.state == other.state)  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.state)


def test_an_error_between_two_classes_means_different() -> None:
    hashes = Hashes()
    card, one, other = Card(1), Node(Card(1)), Node(Card(1))
    assert hashes.hash_of(card) != hashes.hash_of(one)
    assert hashes.hash_for_grader(other) == hashes.hash_for_grader(one)
    del one.state, other.state
    assert hashes.hash_for_grader(one) == []


def test_an_error_between_objects_of_one_class_is_the_student_s() -> None:
    hashes, one, other = Hashes(), Node(Card(1)), Node(Card(1))
    assert hashes.hash_for_grader(one) != []
    broken = Node(1)
    del broken.state
    hashes._met[hash(one)][0] = [lambda: broken]
    with pytest.raises(AttributeError):
        hashes.hash_of(other)
