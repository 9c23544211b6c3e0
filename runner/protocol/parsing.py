"""Python's parser, for one thread at a time."""

import ast
import threading
from typing import Final

# Two threads that parse at the same time can make CPython 3.11 miscount its recursion.
_one_at_a_time: Final = threading.Lock()


def parse(source: str) -> ast.Module:
    """Return the syntax tree of the source. Raises what `ast.parse` raises."""
    with _one_at_a_time:
        return ast.parse(source)
