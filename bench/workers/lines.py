"""A worker's side of the conversation: a line of JSON in, a line of JSON out."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

Answer = Mapping[str, Any]


def serve(answer: Callable[[Any], Answer], greeting: Answer) -> None:
    """Write the greeting, then answer each line until the input ends.

    What the measured code prints goes to standard error, so that it is not read as an
    answer.
    """
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    out.write(json.dumps(greeting) + "\n")
    for line in sys.stdin:
        out.write(json.dumps(answer(json.loads(line))) + "\n")
