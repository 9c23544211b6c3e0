"""What a test has dropped takes no memory in the snapshot, and nothing else changes."""

import gc
import itertools
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from runner.inside.grader.handles import NotDataError
from runner.inside.grader.snapshot_client import SnapshotClient
from runner.inside.student.known_objects import KnownObjects
from runner.inside.values.codec import RefusedError
from tests.runner.pairs import student_with

pytestmark = pytest.mark.torch


class Net(nn.Module):
    alive: "weakref.WeakSet[Net]" = weakref.WeakSet()

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.layer = nn.Linear(4, classes)
        Net.alive.add(self)

    def forward(self, x: torch.Tensor) -> Any:
        return self.layer(x)


class Agent:
    """It keeps the network that it gives."""

    def __init__(self) -> None:
        self._net = Net()

    def get(self) -> Net:
        return self._net

    def step(self) -> None:
        self._net.layer.weight.data.zero_()


@contextmanager
def student() -> Iterator[SnapshotClient]:
    """Yield a notebook with a class, a function that calls it, and an object."""
    Net.alive.clear()

    def build(classes: int) -> Net:
        return Net(classes)

    names = {"Net": Net, "build": build, "agent": Agent()}
    with student_with(names, classes=("Net",), methods=("forward", "get")) as found:
        found.begin_check()
        yield found


def used(net: Any, classes: int) -> None:
    assert net(torch.zeros(1, 4)).shape == (1, classes)
    assert net.eval().training is False
    assert [tuple(one.shape) for one in net.parameters()] == [(classes, 4), (classes,)]
    assert net.layer.out_features == classes


@pytest.mark.parametrize("name", ["Net", "build"])
def test_an_object_that_a_test_has_dropped_is_released_within_the_check(
    name: str,
) -> None:
    with student() as found:
        make = found.name(name)
        for classes in range(2, 20):
            used(make(classes), classes)
            assert len(Net.alive) <= 5, "the agent's, the last, and few before it"


def test_an_object_that_a_test_has_is_kept() -> None:
    with student() as found:
        build = found.name("build")
        nets = [build(classes) for classes in range(2, 50)]
        for classes, net in enumerate(nets, 2):
            used(net, classes)
        layers = [build(3).layer for _ in range(50)]
        assert [layer.out_features for layer in layers] == [3] * 50


def test_what_a_check_has_met_is_released_when_the_next_one_begins() -> None:
    with student() as found:
        kept = [found.name("build")(3) for _ in range(10)]
        assert len(Net.alive) == 11
        kept.clear()
        found.begin_check()
        gc.collect()
        found.name("agent").get()
        assert len(Net.alive) == 1


def test_an_object_that_a_test_keeps_over_its_check_still_works() -> None:
    with student() as found:
        net = found.name("build")(3)
        constructor = found.name("Net")
        for _ in range(3):
            found.begin_check()
            gc.collect()
            used(net, 3)
            used(constructor(5), 5)
            assert isinstance(net, constructor)
            assert type(net) == found.name("Net")  # noqa: E721 - what a test may write


def test_an_object_that_the_notebook_keeps_is_the_same_one_to_the_test() -> None:
    with student() as found:
        agent = found.name("agent")
        seen = {id(agent.get())}
        for _ in range(100):
            agent.step()
            seen.add(id(agent.get()))
        assert len(seen) == 1


class Stream(Net):
    """A network that gives numbers without an end."""

    def __iter__(self) -> Iterator[int]:
        return itertools.count()


def test_an_object_whose_loop_a_test_has_left_is_released() -> None:
    Net.alive.clear()
    with student_with({"Stream": Stream}, classes=("Stream",)) as found:
        found.begin_check()
        for _ in range(20):
            assert next(iter(found.name("Stream")())) == 0
            assert len(Net.alive) <= 5


class Node:
    """A node of a list, to which Python makes no weak reference."""

    __slots__ = ("next",)

    def __init__(self, following: "Node | None") -> None:
        self.next = following


def copied(head: Node | None) -> Node | None:
    return None if head is None else Node(copied(head.next))


def rotated(head: Node) -> Node | None:
    last = head
    while last.next is not None:
        last = last.next
    last.next, new = head, head.next
    head.next = None
    return new


def test_an_object_without_weak_references_is_the_same_one_until_the_check_ends() -> (
    None
):
    names = {"copied": copied, "rotated": rotated, "Node": Node}
    with student_with(names, classes=("Node",), methods=("next",)) as found:
        found.begin_check()
        make = found.name("Node")
        head = make(make(make(None)))
        before = [id(node) for node in through(head)]
        after = [id(node) for node in through(found.name("rotated")(head))]
        assert after == [*before[1:], before[0]]
        other = [id(node) for node in through(found.name("copied")(head))]
        assert not set(other) & set(before)


def through(head: Any) -> Iterator[Any]:
    while head is not None:
        yield head
        head = head.next


def test_an_object_without_weak_references_is_released_when_its_check_ends() -> None:
    held = Net()

    class Slotted:
        __slots__ = ("net",)

        def __init__(self) -> None:
            self.net = Net()

    Net.alive.clear()
    with student_with({"build": Slotted, "held": held}) as found:
        for _ in range(2):
            found.begin_check()
            for _ in range(10):
                found.name("build")()
            assert len(Net.alive) == 10
            found.begin_check()
            found.name("held")
            gc.collect()
            assert len(Net.alive) == 0


def test_a_number_is_kept_by_an_object_without_weak_references() -> None:
    known, node = KnownObjects(), Node(None)
    number = known.number_of(node)
    for _ in range(3):
        known.drop([number])
        assert known.number_of(node) == number
        assert known.find(number) is node
    known.end([number])
    assert known.number_of(node) == number + 1


def test_numbers_are_not_used_again_for_another_object() -> None:
    known, numbers = KnownObjects(), set()
    for count in range(100):
        numbers.add(known.number_of(Net()))
        known.drop([count])  # the next one may get the same `id`
    assert len(numbers) == 100


def test_an_object_that_is_gone_is_refused_in_words() -> None:
    known = KnownObjects()
    known.end([known.number_of(iter([1]))])
    with pytest.raises(RefusedError, match="make it again in this check"):
        known.find(0)
    with student() as found:
        net = found.name("build")(3)
        object.__setattr__(net, "_Handle__number", 999)
        with pytest.raises(NotDataError, match="no longer has an object"):
            net(torch.zeros(1, 4))


def test_nothing_is_released_in_a_check_that_has_forked() -> None:
    with student() as found:
        found.name("build")(3)
        forked, not_forked = (SimpleNamespace(has_forked=one) for one in (True, False))
        assert found._known.told(forked) == {}
        assert set(found._known.told(not_forked)) == {"dropped"}
