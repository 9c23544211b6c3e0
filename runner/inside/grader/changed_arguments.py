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
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from runner.inside.grader import refusals
from runner.inside.grader.exchanged_values import exchanged
from runner.inside.grader.handle_parts import is_handle, observations_of
from runner.inside.values.codec import CodecError, Encoder
from runner.inside.values.prints import Print, are_same, print_of

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


class AskedAgainError(BaseException):
    """Ends a second evaluation that would ask the notebook. No test can catch it."""


@dataclass(frozen=True)
class _Changed:
    """A value that the test has given, and its print when its copy had changed.

    `call` is the number of the call that has changed the copy.
    """

    value: Any
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
        self.begin(is_watching=False, asks_again=False)

    def begin(self, *, is_watching: bool, asks_again: bool) -> None:
        """Forget everything, before another check."""
        self.is_watching = is_watching
        self.asks_again = asks_again
        self._message = 0
        self._calls = 0
        self._given: OrderedDict[int, dict[int, Ref]] = OrderedDict()
        self._changed: dict[Place, _Changed] = {}
        self._contents: list[tuple[_Changed, Any]] | None = None

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
        self._contents = None
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
                    value = self._value_at((message, number))
                case _:
                    raise CodecError("not an argument")
            if value is not None:
                self._changed[message, number] = _Changed(
                    value, print_of(value), self._calls
                )

    def _value_at(self, place: Place) -> Any:
        """Return the test's value, or None if the test has dropped it."""
        message, number = place
        ref = self._given.get(message, {}).get(number)
        return None if ref is None else ref()

    # --- Assertions -----------------------------------------------------------------

    def holds(self, found: Any, again: Again, text: str, is_own: bool) -> Any:  # noqa: FBT001 - written by `Assertions`
        """Return what an assertion is about, if it is true for changed values, too."""
        if self._is_due() and found:
            self._check(again, bool, text, is_own)
        return found

    def passes(self, found: Any, again: Again, text: str, is_own: bool) -> Any:  # noqa: FBT001 - written by `Assertions`
        """Return what a call has returned that raises if its assertion does not hold."""
        if self._is_due():
            self._check(again, lambda _: True, text, is_own)
        return found

    def fails(self, found: Any, again: Again, text: str, is_own: bool) -> Any:  # noqa: FBT001 - written by `Assertions`
        """Return a condition of failure, if it is false for changed values, too."""
        if self._is_due() and not found:
            self._check(again, lambda value: not value, text, is_own)
        return found

    def returns(self, found: Any, again: Again, text: str, is_own: bool) -> Any:  # noqa: FBT001 - written by `Assertions`
        """Return what a check returns, if True is returned for changed values, too."""
        if self._is_due() and isinstance(found, bool | np.bool_) and found:
            self._check(again, bool, text, is_own)
        return found

    def shows(self, found: Any, again: Again, text: str, is_own: bool) -> Any:  # noqa: FBT001 - written by `Assertions`
        """Return a doctest's value, if it and its output are the same for changed values."""
        if not self._is_due():
            return found
        try:
            with self._comparing():
                shown = _shown(again)
        except (Exception, AskedAgainError):  # noqa: BLE001 - it cannot be shown again
            return found
        self._check(lambda: _shown(again), lambda now: now == shown, text, is_own)
        return found

    def touched(self, *values: Any) -> None:
        """Forget what became of the copies of values that the test itself has changed."""
        for place, changed in list(self._changed.items()):
            if any(changed.value is one for one in values):
                del self._changed[place]
                self._contents = None

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
        again: Again,
        is_fine: Callable[[Any], bool],
        text: str,
        is_own: bool,  # noqa: FBT001 - passed on
    ) -> None:
        """Evaluate again with the changed values. Raises ChangedArgumentError.

        `is_own` says that the expression reads no answer. An answer of a later call may
        be about the test's own value, which that call was given. So an expression with
        answers is evaluated with what the latest call has changed.
        """
        pairs = self._pairs(is_own=is_own)
        if not pairs:
            return
        try:
            with self._comparing(), exchanged(pairs):
                is_well = is_fine(again())
        except AskedAgainError:
            return
        except Exception:  # noqa: BLE001 - in a notebook the test would raise it
            is_well = False
        if not is_well:
            raise ChangedArgumentError(text)

    @contextlib.contextmanager
    def _comparing(self) -> Iterator[None]:
        """Ask and send nothing inside."""
        self.is_comparing = True
        try:
            yield
        finally:
            self.is_comparing = False

    def _pairs(self, *, is_own: bool) -> list[tuple[Any, Any]]:
        """Return the changed values that the test has left alone, with their contents."""
        if self._contents is None:
            self._contents = list(self._fetched())
        return [
            (changed.value, content)
            for changed, content in self._contents
            if (is_own or changed.call == self._calls) and _is_left(changed)
        ]

    def _fetched(self) -> Iterator[tuple[_Changed, Any]]:
        """Ask the snapshot what its copies of the changed values hold."""
        watched, self.is_watching = self.is_watching, False
        try:
            for place, changed in self._changed.items():
                content = self._resolved(self._fetch(place))
                if content is not None:
                    yield changed, content
        finally:
            self.is_watching = watched

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


def _is_left(changed: _Changed) -> bool:
    """Return whether the test's own value is as it was when its copy had changed."""
    now = print_of(changed.value)
    return changed.came is not None and now is not None and are_same(changed.came, now)


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
