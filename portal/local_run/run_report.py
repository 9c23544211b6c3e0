"""The words that tell the user how a local run ended."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from formats.problems import Problem
from formats.submission_words import shown, size_in_words
from grading.messages import Message, Tone, describe_end
from runner.protocol.jobs import JobResult, Limits, Verdict

_COLOURS: Final = {Tone.OK: 32, Tone.WARN: 33, Tone.BAD: 31, Tone.PORTAL_FAULT: 35}
_OURS: Final = {
    "environment_missing": "The environment cannot be used",
    "file_missing": "A file changed while it was read",
    "runner_failed": "The runner failed",
}
_NAME_WIDTH: Final = 10
_BETWEEN_SENTENCES: Final = re.compile(r"(?<=\.) ")


def words_for(result: JobResult) -> Message:
    """Return how the run ended, in the words that students read if there are any.

    A fault of ours comes with its reason, which students are not told.
    """
    if result.verdict is Verdict.PLATFORM:
        what = _OURS.get(result.code, result.code)
        # The reason may contain the last output of a process that ran the notebook.
        reason = shown(str(result.detail.get("reason") or "no reason was given"), 300)
        return Message(
            title="Our fault, not the notebook's",
            text=f"{what}: {reason}.",
            hint=(
                "Run manage.py doctor: it says whether notebooks can run on this "
                "machine."
            ),
            tone=Tone.PORTAL_FAULT,
        )
    if result.verdict is Verdict.CANCELLED:
        return Message(
            title="Cancelled",
            text="The notebook was stopped before it had ended.",
            tone=Tone.WARN,
        )
    message = describe_end(result.verdict.value, result.code, result.detail)
    return replace(message, hint=_without_marking(message.hint))


def _without_marking(hint: str) -> str:
    """Return the hint without its sentences on questions: nothing is marked here."""
    sentences = _BETWEEN_SENTENCES.split(hint)
    return " ".join(each for each in sentences if "question" not in each.lower())


def report(
    result: JobResult, *, limits: Limits, written: str, is_coloured: bool
) -> str:
    """Return the text for the end of a run: the verdict, then what the run used."""
    message = words_for(result)
    title = message.title
    if is_coloured:
        title = f"\x1b[1;{_COLOURS[message.tone]}m{title}\x1b[0m"
    words = [title, *_indented(filter(None, (message.text, message.hint)))]
    facts = [f"  {name:<{_NAME_WIDTH}}{fact}" for name, fact in _facts(result, limits)]
    if written:
        facts.append(f"  {'written':<{_NAME_WIDTH}}{written}")
    return "\n".join([*words, "", *facts]) + "\n"


def _facts(result: JobResult, limits: Limits) -> Iterator[tuple[str, str]]:
    found = result.measures
    if found.versions:
        computing = f"{found.cpu_seconds:.1f} s of processor time"
        peak = size_in_words(found.peak_memory_bytes)
        most = size_in_words(limits.memory_bytes)
        yield "time", f"{found.seconds:.1f} s of {limits.run_seconds:g} s, {computing}"
        yield "memory", f"at most {peak} of {most}"
        yield "cells", f"{found.cells_run} of {found.cells_total} run"
    yield "isolation", found.level
    yield "seed", str(found.seed)
    if found.hardware:
        yield "hardware", found.hardware
    if found.versions:
        versions = (f"{name} {version}" for name, version in found.versions.items())
        yield "versions", ", ".join(versions)


def problems_in_words(problems: Iterable[Problem]) -> str:
    """Return what is wrong, each with what to do about it."""
    return "".join(
        f"{problem.message}\n" + (f"  {problem.hint}\n" if problem.hint else "")
        for problem in problems
    )


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
