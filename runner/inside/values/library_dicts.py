"""Dictionaries of libraries whose keys are attributes, too: results of scipy, sklearn's data.

As plain dictionaries they would lack these attributes, and would be of another class.
Their methods answer by the content alone, so they are made here again.
"""

from collections.abc import Mapping
from typing import Any, Final

from runner.inside.values.containers import has_value_methods, mapping, pairs
from runner.inside.values.nodes import (
    CodecError,
    DecoderBase,
    Encode,
    EncoderBase,
    Node,
    text_of,
)
from runner.wire.naming import import_named

KIND: Final = "library dict"
# SECURITY: a closed list. Another class of a library's could decide its comparisons.
_CLASSES: Final = frozenset(
    (
        "scipy.optimize._optimize:OptimizeResult",
        "scipy.optimize._zeros_py:RootResults",
        "scipy.integrate._ivp.ivp:OdeResult",
        "sklearn.utils._bunch:Bunch",
    )
)
_encode_pairs: Final = mapping(KIND, dict)


def encoder_for(kind: type) -> Encode | None:
    """Return the encoder for this class of dictionaries, if it is one of these."""
    return _encode if f"{kind.__module__}:{kind.__qualname__}" in _CLASSES else None


def _encode(encoder: EncoderBase, value: Any, depth: int) -> Node:
    if has_value_methods(tuple(dict.keys(value)), tuple(dict.values(value))):
        return None
    kind = type(value)
    node = _encode_pairs(encoder, value, depth)
    return {**node, "n": f"{kind.__module__}:{kind.__qualname__}"}


def decode(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    """Return the dictionary. Raises CodecError for a class that is not on the list."""
    name = text_of(node, "n")
    if name not in _CLASSES:
        raise CodecError("an unknown class of dictionaries")
    items = pairs(decoder, node, depth)
    if has_value_methods(tuple(items), tuple(items.values())):
        raise CodecError("a dictionary whose attributes are methods of values")
    kind: Any = import_named(name)
    found = dict.__new__(kind)
    dict.update(found, items)
    return found
