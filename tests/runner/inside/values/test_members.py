"""Members of enumerations that are numbers or texts are both values and objects."""

import copy
import enum
import http
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from runner.host.runner import Runner
from runner.inside.grader import refusals
from runner.inside.grader.handles import NotDataError
from runner.inside.grader.members import Members
from runner.inside.grader.snapshot_client import SnapshotClient
from runner.inside.values.codec import CodecError
from tests.runner.notebooks import all_scores, marked
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch


class Action(enum.IntEnum):
    LEFT = 0
    RIGHT = 1

    @property
    def opposite(self) -> "Action":
        return Action(1 - self)

    @property
    def shape(self) -> tuple[int]:
        return (2,)


class Suit(enum.StrEnum):
    HEARTS = "h"


class Move(int, enum.Enum):
    UP = 7


class Saying(enum.IntEnum):
    NINE = 9

    def __str__(self) -> str:
        return "10"

    __repr__ = __str__


class Secret(enum.IntEnum):
    ONE = 1


class Rank(enum.IntEnum):
    ACE = 1
    KING = 13

    def __lt__(self, other: object) -> bool:
        return int(self) != 1

    def __eq__(self, other: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return False

    __hash__ = enum.IntEnum.__hash__


class Colour(enum.StrEnum):
    RED = "red"

    def __len__(self) -> int:
        return 1

    def title(self) -> str:
        return "Colour: red"

    def upper(self) -> str:
        return "crimson"


class Flag(enum.IntFlag):
    X = 1
    Y = 2


class Hidden(enum.IntFlag):
    A = 1
    B = 2


class Turn(enum.IntEnum):
    def half(self) -> int:
        return int(self) // 2


class Side(Turn):
    UP = 4


NAMES: dict[str, Any] = {
    "Action": Action,
    "Suit": Suit,
    "Move": Move,
    "policy": lambda x: Action.LEFT if x else Action.RIGHT,
    "is_left": lambda a: a is Action.LEFT,
    "name_of": lambda a: a.name,
    "many": lambda n: [Action.LEFT, Action.RIGHT] * n,
    "table": lambda: {Action.LEFT: 1.5, Action.RIGHT: 2.5},
    "suit": lambda: Suit.HEARTS,
    "move": lambda: Move.UP,
    "saying": lambda: Saying.NINE,
    "secret": lambda: Secret.ONE,
    "total": sum,
    "status": lambda: Hidden.A | Hidden.B,
    "found": lambda: http.HTTPStatus.NOT_FOUND,
    "apply": lambda f: f(Action.RIGHT),
    **{one.__name__: one for one in (Rank, Colour, Flag, Side)},
    "flags": lambda: Flag.X | Flag.Y,
}


@pytest.fixture
def student() -> Iterator[SnapshotClient]:
    classes = ("Action", "Suit", "Move", "Saying", "Rank", "Colour", "Flag", "Side")
    methods = ("opposite", "upper")
    refusals.forget()
    with student_with(NAMES, classes=classes, methods=methods) as found:
        yield found
    refusals.forget()


def test_a_member_is_its_value(student: SnapshotClient) -> None:
    left = student.name("policy")(1)
    assert left == 0
    assert isinstance(left, int)
    assert (left + 1, json.dumps([left])) == (1, "[0]")
    assert np.asarray([left]).dtype.kind == "i"
    assert {0: "a"}[left] == "a"
    assert student.name("suit")().upper() == "H"


def test_a_member_is_one_object_of_its_class(student: SnapshotClient) -> None:
    kind, policy = student.name("Action"), student.name("policy")
    left = policy(1)
    assert left is kind.LEFT is policy(1)
    assert left is not policy(0)
    assert isinstance(left, kind)
    assert not isinstance(left, student.name("Move"))
    assert not isinstance(0, kind)
    assert type(left) is type(kind.RIGHT)
    assert type(left) is not type(student.name("move")())
    assert type(left) == kind  # noqa: E721 - as tests write
    assert copy.deepcopy([left])[0] is left
    assert left.__reduce_ex__(5) == (int, (0,))


def test_a_member_has_a_name_and_the_attributes_of_staff_s_class(
    student: SnapshotClient,
) -> None:
    kind = student.name("Action")
    assert [one.name for one in kind] == ["LEFT", "RIGHT"]
    assert [one.value for one in kind] == [0, 1]
    assert kind.LEFT.opposite is kind.RIGHT
    assert not hasattr(kind.LEFT, "shape")
    assert np.shape(kind.LEFT) == ()


def test_a_member_goes_back_as_a_member(student: SnapshotClient) -> None:
    left = student.name("policy")(1)
    assert student.name("is_left")(left) is True
    assert student.name("name_of")(left) == "LEFT"
    assert student.name("apply")(lambda a: a.name) == "RIGHT"
    assert student.name("name_of")(student.name("apply")(lambda a: a)) == "RIGHT"


def test_a_member_within_a_test_s_array_is_its_value(
    student: SnapshotClient,
) -> None:
    right = student.name("policy")(0)
    assert student.name("total")(np.array([right, 2], dtype=object)) == 3
    assert student.name("total")(np.array([right, 2])) == 3
    assert student.name("total")({right: 3}) == 1


def test_each_of_many_members_is_sent_once(student: SnapshotClient) -> None:
    found = student.name("many")(10_000)
    assert len(found) == 20_000
    assert len(set(map(id, found))) == 2
    assert student.name("table")()[student.name("Action").RIGHT] == 2.5


def test_a_member_s_text_shows_no_other_value(student: SnapshotClient) -> None:
    left, suit, move = (student.name(one) for one in ("Action", "suit", "move"))
    assert (str(left.LEFT), f"{left.LEFT:2}", repr(left.LEFT)) == (
        *("0", " 0"),
        "<Action.LEFT: 0>",
    )
    assert (str(suit()), repr(suit())) == ("h", "<Suit.HEARTS: 'h'>")
    assert (f"{move()}", repr(move())) == ("Move.UP", "<Move.UP: 7>")
    said = student.name("saying")()
    assert said == 9
    assert {str(said), repr(said), f"{said}"} == {"<the student's Saying> 10"}


OPERATORS: dict[str, Callable[[Any, Any], object]] = {
    "lt": lambda rank, _: rank.ACE < rank.KING,
    "sorted": lambda rank, _: sorted([rank.KING, rank.ACE]),
    "reflected": lambda rank, _: max(rank.KING, 5),
    "eq": lambda rank, _: rank.ACE == rank.ACE,
    "a number's eq": lambda rank, _: rank.ACE == 1,
    "bool": lambda rank, _: any([rank.ACE]),
    "len": lambda _, colour: len(colour.RED),
    "method": lambda _, colour: colour.RED.title(),
}


@pytest.mark.parametrize("way", OPERATORS)
def test_an_operator_that_a_member_s_class_redefines_is_refused(
    student: SnapshotClient, way: str
) -> None:
    with pytest.raises(NotDataError, match="in its own way"):
        OPERATORS[way](student.name("Rank"), student.name("Colour"))
    assert refusals.first() is not None


def test_operators_that_the_class_does_not_redefine_work(
    student: SnapshotClient,
) -> None:
    rank, red = student.name("Rank"), student.name("Colour").RED
    assert rank.KING + 1 == 14 == int(rank.KING) + 1
    assert rank.KING is rank.KING is list(rank)[1]
    assert (red == "red", red.lower(), red.upper()) == (True, "red", "crimson")


def test_methods_of_enum_and_of_a_plain_base_class_redefine_no_operator(
    student: SnapshotClient,
) -> None:
    flag, side = student.name("Flag"), student.name("Side")
    assert student.name("flags")() == 3 == (flag.X | flag.Y)
    assert (side.UP + 1, -side.UP, side.UP > 3, bool(side.UP)) == (5, -4, True, True)
    assert refusals.first() is None


def test_members_are_looked_up_by_name(student: SnapshotClient) -> None:
    kind, policy = student.name("Action"), student.name("policy")
    assert kind["LEFT"] is kind.LEFT is kind.__members__["LEFT"]
    assert list(kind.__members__) == ["LEFT", "RIGHT"]
    assert policy(1) in kind
    assert policy(1) not in student.name("Move")
    with pytest.raises(KeyError):
        kind["UP"]
    with pytest.raises(NotDataError):
        _ = 0 in kind


def test_a_member_of_a_class_unknown_to_staff_is_a_number_and_no_plain_one(
    student: SnapshotClient,
) -> None:
    """A test that asks for a plain number (`type(f()) is int`) does not take it."""
    one, flags = student.name("secret")(), student.name("status")()
    assert one == 1
    assert type(one) is not int
    assert isinstance(one, enum.Enum)
    assert (repr(one), f"{one}") == ("<Secret.ONE: 1>", "1")
    assert isinstance(flags, enum.Flag)
    # No attribute of it is a second answer.
    assert not hasattr(one, "opposite")


def test_a_member_of_a_library_s_enumeration_is_that_member(
    student: SnapshotClient,
) -> None:
    assert student.name("found")() is http.HTTPStatus.NOT_FOUND
    assert student.name("found")().phrase == "Not Found"


NODE = {"k": "member", "v": 1, "n": "ONE", "s": "value", "r": True, "w": []}
NODE["o"] = {"k": "handle", "v": 0, "kind": "Action", "bases": []}


@pytest.mark.parametrize(
    "changes",
    [
        *({"v": 2}, {"v": True}, {"v": "1"}, {"v": 1.0}, {"v": 2**70}, {"v": [1]}),
        *({"n": "TWO"}, {"n": "7 "}, {"n": 3}, {"n": "x" * 101}, {"s": "name"}),
        *({"w": ["__lt__"]}, {"w": ["__str__"]}, {"w": [["__lt__"]]}, {"w": None}),
        *({"s": "10"}, {"r": False}, {"r": 1}, {"o": None}, {"o": {"k": "handle"}}),
        *({"o": {"k": "type", "v": "int", "kind": "Action"}}, {"o": [1]}),
        {"o": {"k": "handle", "v": 0, "kind": ["Action"], "bases": []}},
    ],
)
def test_a_contradictory_or_invalid_member_is_refused(
    student: SnapshotClient, changes: dict[str, object]
) -> None:
    found, classes = Members(), frozenset(("Action",))
    assert found.find(NODE, classes, student._resolve) == 1
    with pytest.raises(CodecError):
        found.find({**NODE, **changes}, classes, student._resolve)


# --- In a jail -----------------------------------------------------------------------

RIGHT = """
import enum
class Action(enum.IntEnum):
    LEFT = 0
    RIGHT = 1
class Env:
    def __init__(self): self.x = 3
    def step(self, action):
        if action is Action.LEFT: self.x -= 1
        elif action is Action.RIGHT: self.x += 1
        else: raise ValueError(action)
        return self.x
def policy(x): return Action.LEFT if x > 2 else Action.RIGHT
"""
WRONG = (
    RIGHT.replace("Action.LEFT if x > 2 else Action.RIGHT", "5")
    .replace("LEFT =", "BACK =")
    .replace("is Action.LEFT", "== 0")
    .replace("-= 1", "-= 2")
)
TESTS = (
    "assert isinstance(policy(3), Action)",
    "assert policy(3) is Action.LEFT and policy(1) == Action.RIGHT",
    "assert policy(3).name == 'LEFT'",
    "env = Env()\nassert env.step(policy(env.x)) == 2",
    "assert [a.name for a in Action] == ['LEFT', 'RIGHT']",
    "env = Env()\nenv.step(list(Action)[0])\nassert env.x == 2",
)


@pytest.mark.parametrize(("work", "score"), [(RIGHT, 1), (WRONG, 0)])
def test_an_environment_is_graded_by_its_actions(
    runner: Runner, work: str, score: int
) -> None:
    names = {"defined_classes": ("Action", "Env"), "defined_methods": ("step", "x")}
    result = marked(runner, work, *TESTS, **names)
    traces = [one.trace for one in result.questions[0].checks]
    assert all_scores(result) == [score] * len(TESTS), traces
