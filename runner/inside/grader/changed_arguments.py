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
import io
import operator
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from runner.inside.grader import refusals
from runner.inside.grader.exchanged_values import exchanged
from runner.inside.grader.handle_parts import is_handle, observations_of
from runner.inside.grader.value_states import AskedAgainError, State
from runner.inside.values.codec import CodecError, Encoder
from runner.inside.values.prints import (
    MOST_CHANGED,
    Print,
    are_same,
    print_of,
)

Ref = Callable[[], Any]
Again = Callable[[], Any]
Place = tuple[int, int]

# The name by which the tests' own source finds the `Arguments`.
NAME: Final = "__looked_at__"
# What was given in this many messages can still be looked at.
_MESSAGES: Final = 256
_WORDS: Final = (
    "The notebook's code has changed a value that the test has given to it. The test's "
    "own value is still as it was, since arguments are copies. With the changed value "
    "this does not hold: {text}. A check whether an argument is left alone fails here, "
    "as it should. To test work in place, compare what the function returns, or let a "
    "function of the notebook make the change and return the value."
)


class ChangedArgumentError(AssertionError):
    """Raised where an assertion does not hold for a value that the notebook changed."""

    def __init__(self, text: str) -> None:
        super().__init__(_WORDS.format(text=text))
        refusals.note(self)


@dataclass(frozen=True)
class _Changed:
    """A value that the test has given, and its print when its copy had changed.

    `call` is the number of the call that has changed the copy.
    """

    ref: Ref
    came: Print | None
    call: int


class Arguments:
    """The values that one check has given to the notebook, and those that it has changed.

    `asks_again` says that the check compares two readings of one object. `fetch` asks
    the snapshot for the content of a changed value by its place.
    """

    def __init__(self, fetch: Callable[[Place], Any]) -> None:
        self._fetch = fetch
        # Whether an assertion is being evaluated for the second time.
        self.is_comparing = False
        self._has_asked = False
        self.begin(is_watching=False, asks_again=False)

    def begin(self, *, is_watching: bool, asks_again: bool) -> None:
        """Forget everything, before another check."""
        self.is_watching = is_watching
        self.asks_again = asks_again
        self._message = 0
        self._calls = 0
        self._given: OrderedDict[int, dict[int, Ref]] = OrderedDict()
        self._changed: dict[Place, _Changed] = {}
        self._contents: dict[Place, Any] = {}

    # --- Messages -------------------------------------------------------------------

    def watching(self, encoder: Encoder) -> Encoder:
        """Return the encoder, which numbers what this check may look at later."""
        encoder.numbers_parts = self.is_watching
        return encoder

    def sent(self, encoder: Encoder, *, is_call: bool) -> dict[str, object]:
        """Keep what the message gives. Return what its header says of it.

        `is_call` says that the message runs the notebook's code.
        """
        if not self.is_watching:
            return {}
        self._message += 1
        self._calls += is_call
        found = {number: _ref(value) for number, value in encoder.numbered()}
        self._given[self._message] = found
        if len(self._given) > _MESSAGES:
            self._given.popitem(last=False)
        return {"watch": self._message}

    def learn(self, header: Mapping[str, Any]) -> None:
        """Note what the snapshot says it has changed. Raises CodecError."""
        told = header.get("changed", [])
        if not isinstance(told, list):
            raise CodecError("not a list of arguments")
        for one in told:
            match one:
                case [int() as message, int() as number]:
                    place = message, number
                case _:
                    raise CodecError("not an argument")
            value = self._value_at(place)
            if value is not None:
                ref = self._given[message][number]
                self._forget(place)  # so that it stands last, as the latest change
                self._changed[place] = _Changed(ref, print_of(value), self._calls)

        while len(self._changed) > MOST_CHANGED:
            self._forget(next(iter(self._changed)))

    def _forget(self, place: Place) -> None:
        """Forget that the value at that place has changed, and what its copy holds."""
        self._changed.pop(place, None)
        self._contents.pop(place, None)

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
        places = self._places(is_own=is_own)
        watched, self.is_watching = self.is_watching, False
        try:
            for place in places:
                if place not in self._contents:
                    self._contents[place] = self._resolved(self._fetch(place))
        finally:
            self.is_watching = watched
        with self._comparing():
            return State(read, is_own=is_own) if places else None

    def _places(self, *, is_own: bool) -> list[Place]:
        """Return the places of changed values that count in such an expression.

        An answer of a later call may be about the test's own value, which that call was
        given. So an expression with answers is evaluated with what the latest call has
        changed.
        """
        for place, changed in list(self._changed.items()):
            if changed.ref() is None:  # the test has dropped it
                self._forget(place)
        return [
            place
            for place, changed in self._changed.items()
            if is_own or changed.call == self._calls
        ]

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

            self._check(state, is_same, lambda: _shown(again), text, counts=True)
        return found

    def refuse_asking(self) -> AskedAgainError:
        """Note that a second evaluation would ask the notebook. Return the error."""
        self._has_asked = True
        return AskedAgainError()

    def touched(self, *values: Any) -> None:
        """Forget what became of the copies of values that the test itself has changed."""
        for place, changed in list(self._changed.items()):
            if any(changed.ref() is one for one in values):
                self._forget(place)

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
        return bool(self._changed) and not self.is_comparing

    def _check(
        self,
        state: State,
        is_fine: Callable[[Any], bool],
        again: Again,
        text: str,
        *,
        counts: bool,
    ) -> None:
        """Evaluate again with the changed values.

        Raises ChangedArgumentError if the expression does not hold then, and `counts`.
        An expression that has changed what it reads, or that uses up an iterator, is
        left out, and so is one that does not hold again with the test's own values.
        """
        with self._comparing():
            if not state.is_unchanged():
                return
        pairs = [
            (value, content)
            for place in self._places(is_own=state.is_own)
            if (content := self._contents.get(place)) is not None
            and (value := _left(self._changed[place])) is not None
        ]
        if pairs:
            is_stable = self._is_well(is_fine, again, [])
            is_well = self._is_well(is_fine, again, pairs)
            if counts and is_stable and is_well is False:
                raise ChangedArgumentError(text)

    def _is_well(
        self,
        is_fine: Callable[[Any], bool],
        again: Again,
        pairs: list[tuple[Any, Any]],
    ) -> bool | None:
        """Return whether the expression holds, or None if it asks the notebook."""
        self._has_asked = False
        try:
            with self._comparing(), exchanged(pairs):
                is_well = bool(is_fine(again()))
        except AskedAgainError:
            return None
        except Exception:  # noqa: BLE001 - in a notebook the test would raise it
            is_well = False
        return None if self._has_asked else is_well

    @contextlib.contextmanager
    def _comparing(self) -> Iterator[None]:
        """Ask and send nothing inside."""
        self.is_comparing = True
        try:
            yield
        finally:
            self.is_comparing = False

    def _resolved(self, content: Any) -> list[Any] | None:
        """Return the content with the test's values in the place of their places."""
        match content:
            case ["all", list() as parts]:
                return ["parts", parts]
            case ["parts", list() as parts]:
                return ["parts", [self._part(one) for one in parts]]
            case list():
                return content
        return None

    def _part(self, part: Any) -> Any:
        match part:
            case [int() as message, int() as number]:
                return self._value_at((message, number))
            case [value]:
                return value
        return None


def _left(changed: _Changed) -> Any:
    """Return the test's value, or None if the test has changed it since its copy had."""
    value, before = changed.ref(), changed.came
    now = print_of(value)
    is_left = before is not None and now is not None and are_same(before, now)
    return value if is_left else None


def _ref(value: Any) -> Ref:
    """Return a function that gives the value, if possible as long as the test keeps it."""
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: value


def _shown(again: Again) -> tuple[str, str]:
    """Return the text of the value, and what was printed meanwhile."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        text = repr(again())
    return text, printed.getvalue()
