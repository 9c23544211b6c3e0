"""Escapes and thefts combined, so that a jail with a cold start can be tested too."""

from collections.abc import Sequence
from itertools import chain
from typing import Final

from runner.protocol.jobs import Limits
from tests.runner.corpus.attack import ABSENT, HONEST, Attack, Seen, seen
from tests.runner.corpus.attacks.escape_files import FILES
from tests.runner.corpus.attacks.escape_kernel import KERNEL
from tests.runner.corpus.attacks.stealing_host import HOST
from tests.runner.corpus.places import OWN_SOURCE
from tests.runner.corpus.verdicts import SCORED
from tests.runner.notebooks import CellLike

# In bubblewrap's jail these exist and are closed: see the table of differences.
SHUT: Final = (
    "27-known-paths runner",
    "82-files-of-the-host runner",
    "95-terminals terminal",
)
THERE: Final = seen(ABSENT, "ENXIO", "EACCES", OWN_SOURCE)
PATIENT: Final = Limits(cell_seconds=30, question_seconds=10, run_seconds=120)


def _marked(attack: Attack, cells: Sequence[CellLike]) -> tuple[CellLike, ...]:
    """Return the cells; each report line starts with the attack's name."""
    return (f"PREFIX = {attack.id + ' '!r}", *cells)


def _report(attack: Attack, report: Seen) -> Seen:
    found = {f"{attack.id} {name}": value for name, value in report.items()}
    return {**found, **{name: THERE for name in SHUT if name in found}}


def _batch(name: str, attacks: Sequence[Attack], begin: tuple[CellLike, ...]) -> Attack:
    """Return an attack that makes all of these, which all start in the same way."""
    reports: dict[str, str | frozenset[str]] = {}
    later: dict[str, str | frozenset[str]] = {}
    for one in attacks:
        assert one.cells[: len(begin)] == begin
        reports.update(_report(one, one.report))
        later.update(_report(one, one.aftermath_report))
    controls: list[tuple[CellLike, ...]] = []
    for one in attacks:
        rest = one.control[len(HONEST) :]
        if one.control[: len(HONEST)] == HONEST and rest not in controls:
            controls.append(rest)
    return Attack(
        row=attacks[0].row,
        name=name,
        cells=(
            *begin,
            *chain(*(_marked(one, one.cells[len(begin) :]) for one in attacks)),
        ),
        report=reports,
        # An attack that kills all processes kills the snapshot of the others too.
        scores=min((one.scores for one in attacks), key=lambda scores: scores["q1"]),
        aftermath=tuple(chain(*(_marked(one, one.aftermath) for one in attacks)))
        if later
        else (),
        aftermath_report=later,
        control=(*HONEST, *chain(*controls)),
        questions=attacks[0].questions,
        files=attacks[0].files,
        limits=PATIENT,
        needs_level="L1",
        needs_neighbour=True,
    )


def _is_plain(attack: Attack) -> bool:
    ends_well = attack.expect is SCORED and not attack.or_else
    return ends_well and attack.cells[: len(HONEST)] == HONEST


PLAIN: Final = [one for one in (*HOST, *FILES, *KERNEL) if _is_plain(one)]
# Its report lists all processes, so it comes before attacks that start some.
AT_ONCE: Final = _batch(
    "all-at-once", [one for one in PLAIN if not one.aftermath], HONEST
)
FOR_THE_NEXT: Final = _batch(
    "for-the-next-run", [one for one in PLAIN if one.aftermath], HONEST
)
WITH_FILES: Final = _batch(
    "files-and-names", [one for one in FILES if one.row in (99, 100)], HONEST[:1]
)
DYING: Final = tuple(one for one in KERNEL if one.row == 87 and not _is_plain(one))
