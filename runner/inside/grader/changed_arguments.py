"""Arguments that the notebook's code has changed, and the assertions that read them.

What a test gives to the notebook is a copy, and a change to it stays there. So
`relu(x); assert torch.equal(x, before)` would pass for work in place. Once the notebook
has changed what a test has given, each later assertion is evaluated a second time, while
the test's own values hold what the notebook's copies hold. It must hold both times.

SECURITY: the second time can only take a check's points away, never give any. So the
snapshot, which says what has changed, gains nothing by a false answer. Nothing is asked
or sent while an assertion is evaluated for the second time.
"""

import contextlib
import operator
import sys
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Any, Final

import numpy as np

from runner.inside.grader import refusals
from runner.inside.grader.changed_values import Changed, ChangedValues, Place, Ref
from runner.inside.grader.exchanged_values import exchanged
from runner.inside.grader.given_back import GivenBack
from runner.inside.grader.handle_parts import is_handle, observations_of
from runner.inside.grader.value_states import AskedAgainError, Look, State, texts_of
from runner.inside.values.codec import CodecError, Encoder

Again = Callable[[], Any]

# The name by which the tests' own source finds the `Arguments`.
NAME: Final = "__looked_at__"
# What was given in the latest messages can still be looked at: so many parts of them, and
# so many bytes in containers, which live as long.
_PARTS: Final = 200_000
_BYTES: Final = 256 * 1024**2
# An assertion that takes more seconds is evaluated again in a time of its own.
_SLOW: Final = 0.05
_WORDS: Final = (
    "The notebook's code has changed a value that the test has given to it. The test's "
    "own value is still as it was, since arguments are copies. With the changed value "
    "this does not hold: {text}. A check whether an argument is left alone fails here, "
    "as it should. To test work in place, compare what the function returns, or let a "
    "function of the notebook make the change and return the value."
)
_UNKNOWN: Final = (
    "The notebook's code has changed a value that the test has given to it, in a way that "
    "the grader cannot follow. The test's own value is still as it was, since arguments "
    "are copies. This reads the value, so it does not count: {text}. To test work in "
    "place, compare what the function returns."
)


class ChangedArgumentError(AssertionError):
    """Raised where an assertion does not hold for a value that the notebook changed.

    `is_known` says that the grader knows what the changed value holds.
    """

    def __init__(self, text: str, *, is_known: bool = True) -> None:
        super().__init__((_WORDS if is_known else _UNKNOWN).format(text=text))
        refusals.note(self)


class Arguments:
    """The values that one check has given to the notebook, and those that it has changed.

    `asks_again` says that the check compares two readings of one object. `ask` asks the
    snapshot for the contents of changed values by their places ("contents"), and for the
    places of those that have changed since (`"compare"`).
    """

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask
        # Tells the host that a slow assertion is evaluated again, or no longer.
        self.tell_repeat: Callable[..., object] = dict
        # Whether an assertion is being evaluated for the second time.
        self.is_comparing = False
        self._has_asked = False
        self.given_back = GivenBack(self._value_at)
        self._changed = ChangedValues(lambda places: ask("contents", list(places)))
        self.begin(is_watching=False, asks_again=False)

    def begin(self, *, is_watching: bool, asks_again: bool) -> None:
        """Forget everything, before another check."""
        self.is_watching = is_watching
        self.asks_again = asks_again
        self._message = 0
        self._calls = 0
        self._compared = 0
        self._has_aside = False
        self._given: OrderedDict[int, dict[int, Ref]] = OrderedDict()
        self._parts = self._bytes = 0
        # Changed values that the calls of this statement were given once more.
        self._given_again: list[Changed] = []
        self._changed.clear()
        self.given_back.forget()
        # What is known of each assertion, by its code.
        self._looks: dict[object, Look] = {}

    # --- Messages -------------------------------------------------------------------

    def watching(self, encoder: Encoder) -> Encoder:
        """Return the encoder, which numbers what this check may look at later."""
        encoder.numbers_parts = self.is_watching
        return encoder

    def sent(
        self, encoder: Encoder, operation: str, *, is_call: bool
    ) -> dict[str, object]:
        """Keep what the message gives. Return what its header says of it.

        `is_call` says that the operation runs the notebook's code.
        """
        if not self.is_watching:
            return {}
        self._message += 1
        self._calls += is_call
        given = dict(encoder.numbered())
        found = {number: _ref(value) for number, value in given.items()}
        if operation == "call":
            self._given_again += [
                changed
                for value in given.values()
                for changed in self._changed.of(value)
            ]
        self._given[self._message] = found
        self._parts += len(found)
        self._bytes += _bytes_of(found)
        while self._parts > _PARTS or (self._bytes > _BYTES and len(self._given) > 1):
            _, oldest = self._given.popitem(last=False)
            self._parts -= len(oldest)
            self._bytes -= _bytes_of(oldest)
        return {"watch": self._message}

    def learn(self, header: Mapping[str, Any]) -> None:
        """Note what the snapshot says it has changed. Raises CodecError."""
        self._has_aside = header.get("aside") is True
        self._note(header.get("changed", []), self._calls)

    def _note(self, told: object, call: int) -> None:
        """Note the places of values that this call has changed. Raises CodecError."""
        if not isinstance(told, list):
            raise CodecError("not a list of arguments")
        for one in told:
            match one:
                case [int() as message, int() as number]:
                    place = message, number
                case _:
                    raise CodecError("not an argument")
            if self._value_at(place) is not None:
                self._changed.note(place, self._given[message][number], call)

    def _value_at(self, place: Place) -> Any:
        """Return the test's value, or None if the test has dropped it."""
        message, number = place
        ref = self._given.get(message, {}).get(number)
        return None if ref is None else ref()

    # --- Assertions -----------------------------------------------------------------

    def ready(self, is_own: bool, read: Again) -> State | None:  # noqa: FBT001 - written by `Assertions`
        """Ask for the changed values, before an assertion is evaluated.

        `read` gives the values of its names. Return their state, or None if the
        assertion is evaluated only once.

        SECURITY: what is asked, and how long all takes, must not depend on whether the
        assertion holds. So it is evaluated again in any case.
        """
        if not self._is_due():
            return None
        watched, self.is_watching = self.is_watching, False
        try:
            self._compare_all()
            if not self._changed:
                return None
            with self._comparing():
                state = self._state(read, is_own=is_own)
            if state is not None:
                self._changed.load(state.changes, self._value_at)
        finally:
            self.is_watching = watched
        return state

    def _compare_all(self) -> None:
        """Let the snapshot compare what it has not compared since the latest calls.

        If there was more than one call, no change is said to be the latest call's.
        """
        if self._has_aside and self._compared != self._calls:
            is_one = self._calls == self._compared + 1
            self._note(self._ask("compare"), self._calls if is_one else self._compared)
            self._compared = self._calls

    def _state(self, read: Again, *, is_own: bool) -> State | None:
        """Return the state of what the expression reads, or None if no change counts.

        An answer of a later call may be about the test's own value, which that call was
        given. So an expression with answers is evaluated with what the latest call has
        changed.
        """
        look = self._looks.setdefault(getattr(read, "__code__", None), Look())
        changes = self._changed.read_by(lambda: look.keys(read, self._calls))
        if not is_own:
            changes = [one for one in changes if one.call == self._calls]
        if not changes or look.is_over:
            return None
        state = State(read, changes)
        look.count(len(changes) + state.size)
        return state

    def holds(self, state: State | None, found: Any, again: Again, text: str) -> Any:
        """Return what an assertion is about, if it is true for changed values, too."""
        if state:
            self._check(state, bool, again, text, counts=bool(found))
        return found

    def passes(self, state: State | None, again: Again, text: str) -> Any:
        """Make a call that raises if its assertion does not hold, and return its value.

        It must not raise for changed values either.
        """
        if not state:
            return again()
        counts = False
        try:
            found = again()
            counts = True
        finally:
            self._check(state, lambda _: True, again, text, counts=counts)
        return found

    def fails(self, state: State | None, found: Any, again: Again, text: str) -> Any:
        """Return a condition of failure, if it is false for changed values, too."""
        if state:
            self._check(state, operator.not_, again, text, counts=not found)
        return found

    def returns(self, state: State | None, found: Any, again: Again, text: str) -> Any:
        """Return what a check returns, if True is returned for changed values, too."""
        if state:
            is_true = isinstance(found, bool | np.bool_) and bool(found)
            self._check(state, bool, again, text, counts=is_true)
        return found

    def shows(self, state: State | None, found: Any, again: Again, text: str) -> Any:
        """Return a doctest's value, if it and its output are the same for changed values."""
        if state:
            shown: list[Any] = []

            def is_same(now: Any) -> bool:
                shown.append(now)
                return bool(now == shown[0])

            show = partial(texts_of, again)
            self._check(state, is_same, show, text, counts=True, compares=True)
        return found

    def refuse_asking(self) -> AskedAgainError:
        """Return the error of a second evaluation that would ask the notebook."""
        self._has_asked = True
        return AskedAgainError()

    def begins(self) -> None:
        """Note that a statement begins that is a call, whose value is not used."""
        self._given_again.clear()

    def touched(self, is_mode: bool, *reads: Ref) -> None:  # noqa: FBT001 - as `ready`
        """Forget what became of the copies of values that the test itself has changed.

        `is_mode` says that it has set the modes of a network, and nothing else. Values
        that a call has been given once more are forgotten, too: in a notebook it goes on
        with the changed value, and may restore it: `make(board, 4); undo(board, 4)`.
        """
        for again in self._given_again:
            if self._changed.has(again):
                self._changed.forget(again.place)
        self._given_again.clear()
        for read in reads:
            try:
                changes = self._changed.of(read())
            except Exception:  # noqa: BLE001, S112 - the part is gone
                continue
            for changed in changes:
                self._changed.forget(changed.place, is_mode=is_mode)

    def compared(self, *reads: Ref) -> None:
        """Raise SecondAnswerError if an object differed when it was read again."""
        for read in reads:
            try:
                value = read()
            except Exception:  # noqa: BLE001, S112 - the name is gone
                continue
            if is_handle(value):
                observations_of(value).second.refuse()

    def _is_due(self) -> bool:
        return (bool(self._changed) or self._has_aside) and not self.is_comparing

    def _check(
        self,
        state: State,
        is_fine: Callable[[Any], bool],
        again: Again,
        text: str,
        *,
        counts: bool,
        compares: bool = False,
    ) -> None:
        """Evaluate again with the changed values.

        Raises ChangedArgumentError if the expression does not hold then, and `counts`.
        An expression that has changed what it reads, or that uses up an iterator, is
        left out, and so is one that does not hold again with the test's own values.
        `compares` says that the latter comes first, since `is_fine` compares the two.
        """
        with self._comparing():
            if not state.is_unchanged():
                return
        pairs = [
            (value, self._changed.content(one))
            for one in state.changes
            if self._changed.has(one) and (value := one.left()) is not None
        ]
        if not pairs:
            return
        with self._own_time(state):
            if compares and not self._is_well(state, is_fine, again, [])[0]:
                return
            is_well, is_known = self._is_well(state, is_fine, again, pairs)
            is_refused = counts and is_well is False
            if is_refused and self._is_well(state, is_fine, again, [])[0]:
                raise ChangedArgumentError(text, is_known=is_known)

    @contextlib.contextmanager
    def _own_time(self, state: State) -> Iterator[None]:
        """Let what is evaluated again inside take no time of the question's if it is slow."""
        tell = self.tell_repeat if monotonic() - state.begun > _SLOW else dict
        tell(is_begun=True)
        try:
            yield
        finally:
            tell(is_begun=False)

    def _is_well(
        self,
        state: State,
        is_fine: Callable[[Any], bool],
        again: Again,
        pairs: Sequence[tuple[Any, Sequence[Any] | None]],
    ) -> tuple[bool | None, bool]:
        """Return whether the expression holds, and whether what it reads is known.

        The first is None if the expression asks the notebook. If it reads a value with
        unknown content, it does not hold.
        """
        self._has_asked, is_known = False, True
        try:
            with self._comparing(), exchanged(pairs) as unknown:
                is_known = not unknown or not any(map(state.reads, unknown))
                is_well = bool(is_fine(again()))
        except AskedAgainError:
            return None, is_known
        except Exception:  # noqa: BLE001 - in a notebook the test would raise it
            is_well = False
        return None if self._has_asked else is_well and is_known, is_known

    @contextlib.contextmanager
    def _comparing(self) -> Iterator[None]:
        """Ask and send nothing inside."""
        self.is_comparing = True
        try:
            yield
        finally:
            self.is_comparing = False


def _bytes_of(refs: Mapping[int, Ref]) -> int:
    """Return about how many bytes the containers take, which these functions hold."""
    held = (ref() for ref in refs.values() if not isinstance(ref, weakref.ref))
    return sum(map(sys.getsizeof, held))


def _ref(value: Any) -> Ref:
    """Return a function that gives the value, if possible as long as the test keeps it."""
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: value
