"""Honest pieces of coursework: a right notebook, a wrong one, and the tests of both.

In tests and expected outputs, `⟦42⟧` marks a secret literal: a value that the test
holds and never passes to the notebook. `plain` removes the marks; `with_canaries`
replaces each secret by a value that nobody could guess.
"""

import ast
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from formats.assignment import definitions_of
from runner.protocol.jobs import CheckSpec, QuestionSpec, TestStyle

_SECRET: Final = re.compile(r"⟦(.*?)⟧", re.DOTALL)
_BREAK: Final = "# %%\n"
_OWN_SOURCE: Final = (TestStyle.SCRIPT, TestStyle.DOCTEST)

# Returns a file's content. Another number gives other content of the same form.
FileMaker = Callable[[int], bytes]
Literal = int | float | str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One piece of coursework; its checks score `earns`, and `loses` for wrong work.

    `wrong` is a piece of the right notebook and its replacement in the wrong one.
    `private` files are secrets of the tests, `files` are handed in. `given` are private
    files whose content the tests pass to the notebook. `names` are those of
    JobSpec.test_names. `why` says what cannot work, by design. `needs_jail` excludes
    the entry from tests that run grader and notebook in one process.
    """

    style: TestStyle
    right: str
    wrong: tuple[str, str]
    tests: str
    earns: tuple[float, ...] = (1.0,)
    loses: tuple[float, ...] = (0.0,)
    private: Mapping[str, FileMaker] = field(default_factory=dict)
    given: Mapping[str, FileMaker] = field(default_factory=dict)
    files: Mapping[str, FileMaker] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    worth: float = 1.0
    why: str = ""
    needs_jail: bool = False

    @property
    def wrong_notebook(self) -> str:
        """The notebook with the mistake."""
        old, new = self.wrong
        assert old in self.right, old
        return self.right.replace(old, new)

    def question(self, tests: str = "") -> QuestionSpec:
        """Return the question; `tests`, if given, replace its own."""
        text = tests or plain(self.tests)
        if self.style in _OWN_SOURCE:
            checks = tuple(
                CheckSpec(name=f"c{number}", source=source, worth=self.worth)
                for number, source in enumerate(text.split(_BREAK))
            )
            return QuestionSpec(key="q1", style=self.style, checks=checks)
        names = [
            node.name
            for node in ast.parse(plain(self.tests)).body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        ]
        return QuestionSpec(
            key="q1",
            style=self.style,
            source=text,
            checks=tuple(CheckSpec(name=name) for name in names),
        )

    def private_files(self, salt: int = 0) -> dict[str, bytes]:
        """Return all private files; secret ones differ with the salt."""
        secret = {name: make(salt) for name, make in self.private.items()}
        return secret | {name: make(0) for name, make in self.given.items()}


def plain(text: str) -> str:
    """Return the text without the marks of secrets."""
    return _SECRET.sub(r"\1", text)


def with_canaries(text: str, salt: int) -> tuple[str, list[Literal]]:
    """Return the text with a canary for each secret, and the canaries."""
    source = random.Random(f"canary {salt}")  # noqa: S311 - reproducible
    found: list[Literal] = []

    def replaced(match: re.Match[str]) -> str:
        found.append(_canary(ast.literal_eval(match[1]), source))
        return repr(found[-1])

    return _SECRET.sub(replaced, text), found


def _canary(like: object, source: random.Random) -> Literal:
    """Return an unguessable value of that type, which float32 holds exactly."""
    number = source.randrange(2**21, 2**23)
    if isinstance(like, str):
        return f"kestrel{number:x}{source.getrandbits(32):08x}"
    return number if isinstance(like, int) else number + 0.25


def defined_in(notebook: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names that a notebook defines at its top level, and its classes."""
    found = definitions_of({"cells": [{"cell_type": "code", "source": notebook}]})
    return tuple(sorted(found.names)), tuple(sorted(found.classes))


def functions_in(notebook: str) -> tuple[str, ...]:
    """Return the names that a notebook defines as functions."""
    cell = {"cell_type": "code", "source": notebook}
    return tuple(definitions_of({"cells": [cell]}).functions)


def methods_in(notebook: str) -> tuple[str, ...]:
    """Return the names of methods and attributes that a notebook's objects have."""
    cell = {"cell_type": "code", "source": notebook}
    return tuple(definitions_of({"cells": [cell]}).methods)
