"""Drop warnings about weights that the notebook's own code already handles."""

import posixpath
import re
from typing import Final

from formats.notebook.opened_files import CodeReading
from formats.problems import Problem
from formats.weights.weight_names import WRAPPERS

# Code that removes a wrapper's part from names, or has a part of that name itself.
_MODULE: Final = re.compile(r"\.module\b|[\"'](\w+\.)*module\.")
_ANY: Final = "consume_prefix_in_state_dict"


def follows_advice(warning: Problem, reading: CodeReading) -> bool:
    """Return whether the notebook already loads the weights as the warning advises."""
    if warning.code == "weights_device":
        loads = [
            load
            for load in reading.accesses.loads
            if posixpath.basename(load.path) in {"", warning.file}
        ]
        return bool(loads) and all(load.is_mapped for load in loads)
    if warning.code in {"weights_wrapped", "weights_wrapped_inside"}:
        parts = [part for part in WRAPPERS if f"{part}." in warning.message]
        return any(_knows(part, reading.code) for part in parts)
    return False


def _knows(part: str, code: str) -> bool:
    if part == "module":
        return _ANY in code or _MODULE.search(code) is not None
    return part in code
