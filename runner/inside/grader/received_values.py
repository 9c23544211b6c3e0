"""The decoding of values that the snapshot has sent."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from runner.inside.grader.answers import NotDataError
from runner.inside.values import own_operators
from runner.inside.values.codec import CodecError, Decoder, Node
from runner.wire.link import Buffer


class _Building(threading.local):
    is_on = False


_building: Final = _Building()
own_operators.refuse_by(NotDataError)


@contextmanager
def comparing_by_identity() -> Iterator[None]:
    """Compare handles by identity inside, where sets and dictionaries are built.

    SECURITY: no code of a test's runs meanwhile, and the snapshot is asked nothing.
    """
    before, _building.is_on = _building.is_on, True
    try:
        yield
    finally:
        _building.is_on = before


def is_building() -> bool:
    """Return whether this thread is building a value that the snapshot has sent."""
    return _building.is_on


def decode(
    node: Node,
    buffers: list[Buffer],
    resolve: Callable[[Mapping[str, Any]], object],
    note: Callable[[Decoder], None] = lambda _: None,
) -> Any:
    """Return the value of a node that the snapshot has sent.

    `note` is called with the decoder, which knows the parts.

    Raises CodecError, and NotDataError for a part that cannot be sent, such as a module.
    """
    with comparing_by_identity():
        try:
            decoder = Decoder(buffers, resolve)
            value = decoder.decode(node)
            note(decoder)
        except CodecError as error:
            if isinstance(error.__cause__, NotDataError):
                raise error.__cause__ from None  # the conversation goes on
            raise
        return value
