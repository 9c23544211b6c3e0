"""A worker's side of the talk: a line of JSON in, a line of JSON out."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

Answer = Mapping[str, Any]


def serve(answer: Callable[[Any], Answer], greeting: Answer) -> None:
    """Greet, then answer each line until there is no other.

    What the measured code prints goes to standard error, so that it is no answer.
    """
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    out.write(json.dumps(greeting) + "\n")
    for line in sys.stdin:
        out.write(json.dumps(answer(json.loads(line))) + "\n")
