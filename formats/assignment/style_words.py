"""The words for each style of tests in the faults of an assignment's folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from formats.assignment.manifest import FILE
from runner.protocol.jobs import TestStyle


@dataclass(frozen=True, kw_only=True)
class StyleWords:
    """The words of one style.

    `check` names one check in the test file, and `checks` all of them. `unlisted` says
    what to do if the manifest does not list a check, and `wordless` what to do if it
    has no description.
    """

    check: str
    checks: str
    unlisted: str = f"List it in {FILE}, or remove it."
    wordless: str = "Give the function a docstring, or the check a description."


STYLE_WORDS: Final[Mapping[TestStyle, StyleWords]] = {
    TestStyle.FUNCTIONS: StyleWords(
        check="function",
        checks="functions in it",
        unlisted=f"List it in {FILE}, or let its name begin with _.",
    ),
    TestStyle.SCRIPT: StyleWords(
        check="section",
        checks="sections of it",
        wordless="Begin the section with a docstring, or describe the check.",
    ),
    TestStyle.DOCTEST: StyleWords(
        check="section",
        checks="sections of it",
        wordless=f"Give the check a description in {FILE}.",
    ),
    TestStyle.CASES: StyleWords(
        check="function with @test_case", checks="functions with @test_case in it"
    ),
}
