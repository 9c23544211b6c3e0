"""Names whose values a grader has, so that it asks again only for changed ones."""

from collections.abc import Callable, Mapping
from typing import Any

from runner.inside.values.codec import Encoder, Node
from runner.inside.values.fingerprint import Fingerprint, fingerprint
from runner.wire.link import Buffer


class SentNames:
    """The fingerprints of the values that were sent to the grader, by name."""

    def __init__(
        self, names: Mapping[str, Any], encoder: Callable[[], Encoder]
    ) -> None:
        self._names = names
        self._encoder = encoder
        self._sent: dict[str, Fingerprint | None] = {}

    def note(self, name: str, node: Node, buffers: list[Buffer]) -> None:
        """Remember the fingerprint of the name's encoded value."""
        self._sent[name] = fingerprint(node, buffers)

    def is_same(self, name: str) -> bool:
        """Return whether the name still has the value that was sent last."""
        sent = self._sent.get(name)
        if sent is None or name not in self._names:
            return False
        encoder = self._encoder()
        node = encoder.encode(self._names[name])
        return fingerprint(node, encoder.buffers) == sent
