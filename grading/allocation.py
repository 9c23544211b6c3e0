"""Who is given which answers to mark. This module uses no database.

An answer is a student's work for one question, named by the question's key and the
student's id.
"""

import random
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

Answer = tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class Given:
    """What one marker is given: an empty key is all questions, None all students."""

    marker: int
    key: str = ""
    student: int | None = None


class GivenAnswers:
    """The allocations of one stage, to find the markers of an answer."""

    def __init__(self, rows: Iterable[Given]) -> None:
        self._found: dict[tuple[str, int | None], set[int]] = defaultdict(set)
        for row in rows:
            self._found[row.key, row.student].add(row.marker)

    def markers(self, key: str, student: int) -> frozenset[int]:
        """Return the markers to whom this answer is given."""
        return frozenset(
            marker
            for each in (key, "")
            for who in (student, None)
            for marker in self._found.get((each, who), ())
        )


@dataclass(frozen=True, kw_only=True)
class Share:
    """Answers of one student that go to one marker, who must not be `barred`."""

    student: int
    keys: tuple[str, ...]
    barred: frozenset[int] = frozenset()


def deal_evenly(
    shares: Iterable[Share],
    markers: Sequence[int],
    *,
    load: Mapping[int, int],
    rng: random.Random,
) -> Iterator[tuple[Share, int | None]]:
    """Yield each share with its marker, or None if all markers are barred from it.

    Each share goes to a marker who has the fewest answers so far, chosen at random among
    these. `load` says how many answers markers have before.
    """
    counts = {marker: load.get(marker, 0) for marker in markers}
    for share in shares:
        free = [marker for marker in markers if marker not in share.barred]
        if not free:
            yield share, None
            continue
        chosen = min(free, key=lambda marker: (counts[marker], rng.random()))
        counts[chosen] += len(share.keys)
        yield share, chosen


def deal_questions(
    keys: Sequence[str], markers: Sequence[int]
) -> Iterator[tuple[str, int]]:
    """Yield each question with its marker: the markers take turns."""
    for place, key in enumerate(keys):
        yield key, markers[place % len(markers)]


def compact(
    answers: Mapping[int, Collection[Answer]],
    *,
    keys: Sequence[str],
    whole: Mapping[str, Collection[int]],
) -> Iterator[Given]:
    """Yield the fewest allocations that give each marker these answers.

    `keys` are all questions of the assignment. `whole` names the students of questions
    that may be given as a whole, now and for those who come later.
    """
    for marker, of_marker in answers.items():
        rest: dict[int, set[str]] = defaultdict(set)
        for key, students in students_by_key(of_marker).items():
            if key in whole and students == set(whole[key]):
                yield Given(marker=marker, key=key)
                continue
            for student in students:
                rest[student].add(key)
        yield from _by_student(marker, rest, keys)


def students_by_key(answers: Collection[Answer]) -> dict[str, set[int]]:
    """Return the students of the answers by the keys of their questions."""
    found: dict[str, set[int]] = defaultdict(set)
    for key, student in answers:
        found[key].add(student)
    return found


def _by_student(
    marker: int, found: Mapping[int, Collection[str]], keys: Sequence[str]
) -> Iterator[Given]:
    for student, own in found.items():
        if set(own) == set(keys):
            yield Given(marker=marker, student=student)
        else:
            yield from (
                Given(marker=marker, key=key, student=student) for key in sorted(own)
            )
