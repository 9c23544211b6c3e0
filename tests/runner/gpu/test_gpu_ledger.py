"""The ledger gives out at most the memory that there is, in the order of requests."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runner.gpu.admission import Ledger, NeverFitsError, Reservation

CAPACITIES = {"a": 10, "b": 6}
sizes = st.integers(1, 12)
devices = st.sampled_from(sorted(CAPACITIES))


class LedgerMachine(RuleBasedStateMachine):
    """Jobs come, wait, hold and leave in any order, and devices come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(CAPACITIES)
        self.waiting: list[Reservation] = []
        self.holding: list[Reservation] = []
        self.withdrawn: set[str] = set()

    def could_fit(self, size: int) -> bool:
        serving = set(CAPACITIES) - self.withdrawn
        return any(size <= CAPACITIES[device] for device in serving)

    @rule(size=sizes)
    def enqueue(self, size: int) -> None:
        if self.could_fit(size):
            self.waiting.append(self.ledger.enqueue(size))
        else:
            with pytest.raises(NeverFitsError):
                self.ledger.enqueue(size)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def try_allocate(self, data: st.DataObject) -> None:
        reservation = data.draw(st.sampled_from(self.waiting))
        if not self.could_fit(reservation.size):
            with pytest.raises(NeverFitsError):
                self.ledger.try_allocate(reservation)
            return
        device = self.ledger.try_allocate(reservation)
        if device is not None:
            earlier = self.waiting[: self.waiting.index(reservation)]
            assert not any(self.could_fit(one.size) for one in earlier)
            assert device not in self.withdrawn
            self.waiting.remove(reservation)
            self.holding.append(reservation)

    @precondition(lambda self: self.waiting or self.holding)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        reservation = data.draw(st.sampled_from(self.waiting + self.holding))
        self.ledger.release(reservation)
        self.ledger.release(reservation)
        queue = self.waiting if reservation in self.waiting else self.holding
        queue.remove(reservation)

    @rule(device=devices)
    def withdraw(self, device: str) -> None:
        self.ledger.withdraw(device)
        self.withdrawn.add(device)

    @rule(device=devices)
    def restore(self, device: str) -> None:
        self.ledger.restore(device)
        self.withdrawn.discard(device)

    @rule()
    def drain(self) -> None:
        """Release all holders; then each job that waits and fits is served in order."""
        for reservation in self.holding:
            self.ledger.release(reservation)
        self.holding.clear()
        for reservation in self.waiting:
            if self.could_fit(reservation.size):
                assert self.ledger.try_allocate(reservation) is not None
            self.ledger.release(reservation)
        self.waiting.clear()

    @invariant()
    def never_more_than_there_is(self) -> None:
        for device, capacity in CAPACITIES.items():
            held = [one.size for one in self.holding if one.device == device]
            assert sum(held) == self.ledger.allocated_bytes(device) <= capacity


TestLedger = LedgerMachine.TestCase


def test_a_small_job_does_not_overtake_a_large_one() -> None:
    ledger = Ledger({"a": 10})
    first, large, small = (ledger.enqueue(size) for size in (6, 8, 2))
    assert ledger.try_allocate(first) == "a"
    assert ledger.try_allocate(large) is None
    assert ledger.try_allocate(small) is None
    ledger.release(first)
    assert ledger.try_allocate(small) is None
    assert ledger.try_allocate(large) == "a"
    assert ledger.try_allocate(small) == "a"


def test_a_job_that_stops_waiting_lets_the_next_one_go() -> None:
    ledger = Ledger({"a": 10})
    first, large, small = (ledger.enqueue(size) for size in (6, 8, 2))
    ledger.try_allocate(first)
    ledger.release(large)
    assert ledger.try_allocate(small) == "a"


def test_the_device_with_the_most_room_is_taken() -> None:
    ledger = Ledger({"a": 10, "b": 9})
    places = [ledger.enqueue(4) for _ in range(3)]
    assert [ledger.try_allocate(reservation) for reservation in places] == [
        "a",
        "b",
        "a",
    ]


def test_the_number_of_jobs_on_a_device_can_be_limited() -> None:
    ledger = Ledger({"a": 10}, jobs_per_device=1)
    first, second = ledger.enqueue(1), ledger.enqueue(1)
    assert ledger.try_allocate(first) == "a"
    assert ledger.try_allocate(second) is None
    ledger.release(first)
    assert ledger.try_allocate(second) == "a"


def test_a_withdrawn_device_keeps_the_jobs_that_it_has() -> None:
    ledger = Ledger({"a": 10, "b": 5})
    first, second = ledger.enqueue(8), ledger.enqueue(8)
    ledger.try_allocate(first)
    ledger.withdraw("a")
    assert ledger.allocated_bytes("a") == 8
    assert ledger.in_service() == ("b",)
    with pytest.raises(NeverFitsError):
        ledger.try_allocate(second)


def test_a_job_that_can_no_longer_be_served_delays_no_other() -> None:
    ledger = Ledger({"a": 10, "b": 5})
    ledger.enqueue(8)
    small = ledger.enqueue(3)
    ledger.withdraw("a")
    assert ledger.try_allocate(small) == "b"


def test_without_a_device_nothing_fits() -> None:
    with pytest.raises(NeverFitsError):
        Ledger({}).enqueue(1)
