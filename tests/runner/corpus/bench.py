"""Runs attacks, and asserts the invariants that must hold after each of them.

The numbers are those of docs/attacks.md. I6 (one attempt is used) and I9 (an event is
kept) concern the portal; tests in tests/grading cover them.
"""

import dataclasses
import json
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from runner.host.runner import Backend, Runner
from runner.protocol.jobs import (
    CellStarted,
    Event,
    JobFile,
    JobResult,
    JobSpec,
    QuestionSpec,
    Verdict,
)
from tests.runner.corpus import backends, leftovers
from tests.runner.corpus.attack import HONEST, QUICK, Attack, Seen
from tests.runner.corpus.measuring import forget_peak, peak_bytes
from tests.runner.corpus.neighbour import Neighbour
from tests.runner.corpus.places import Places
from tests.runner.corpus.prelude import prelude, read_report
from tests.runner.corpus.verdicts import SCORED, Kind, ending_of
from tests.runner.inside.zygote.zygote_processes import zygote_pid
from tests.runner.notebooks import ANSWER, CellLike, job, job_file, notebook, scores

_GRACE_SECONDS: Final = 10.0
_SLOWER: Final = 3.0
_SLACK_SECONDS: Final = 1.5
_WARM_UPS: Final = 3
_TRIES: Final = 3
# The size of a notebook without outputs, and the host's memory for a flood.
_ROOM_BYTES: Final = 512 * 1024
_HOST_BYTES: Final = 128 * 1024**2


class ForgedError(AssertionError):
    """I1: a notebook earned more than its honest outputs are worth."""


class LeakedError(AssertionError):
    """I2: a secret is in a thing that a student may fetch."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ran:
    """One finished job, with its seconds and the growth of this process's memory."""

    result: JobResult
    seconds: float
    grown_bytes: int
    events: Sequence[Event]

    @property
    def everything(self) -> str:
        """All text about the job that a student could ever fetch.

        Exceptions of tests are for staff: tests/grading checks that they stay there.
        """
        shown = _without_traces(dataclasses.asdict(self.result))
        events = [_without_traces(dataclasses.asdict(one)) for one in self.events]
        return json.dumps(shown) + json.dumps(events)


def _without_traces(data: Any) -> Any:
    if isinstance(data, dict):
        return {
            key: _without_traces(one) for key, one in data.items() if key != "trace"
        }
    return [_without_traces(one) for one in data] if _is_list(data) else data


def _is_list(data: object) -> bool:
    return isinstance(data, list | tuple)


class Bench:
    """A warm runner on one backend, with a neighbour job and traps."""

    def __init__(self, backend: Backend, places: Places, folder: Path) -> None:
        self.backend = backend
        self.places = places
        self.runner: Runner = backends.make_runner(backend)
        self.runner.warm_up()
        self._folder = folder
        self._neighbour: Neighbour | None = None
        self._honest_seconds = 0.0
        self._groups: set[Path] = set()

    def close(self) -> None:
        """Stop the neighbour and the runner."""
        if self._neighbour is not None:
            self._neighbour.stop()
        self.runner.close()

    # --- What may differ between runners: kept in one place ------------------

    @property
    def level(self) -> str:
        return self.runner.level()

    @property
    def zygote(self) -> int | None:
        """The zygote's process number, if the backend has a zygote."""
        if self.backend != backends.NAMESPACES:
            return None
        return zygote_pid(self.runner)

    @property
    def work_dir(self) -> Path:
        return self.runner._work_dir

    # --- Running ---------------------------------------------------------------

    def run_attack(self, attack: Attack, *, alone: bool = False) -> Ran:
        """Run the attack, assert that it failed, and return the finished job.

        With `alone`, no honest job and no control run after it.
        """
        self.skip_unless_fit(attack)
        self.make_neighbour(attack)
        zygote = self.zygote
        before = self._look()
        ran = self.run(attack)
        assert_ended_well(attack, ran)
        try:
            leftovers.wait_for_none(self._look, before)  # I3
        except AssertionError:
            # Another runner in this process may have made a spare meanwhile. Try once
            # more: leftovers of an attack appear each time.
            before = self._look()
            ran = self.run(attack)
            assert_ended_well(attack, ran)
            leftovers.wait_for_none(self._look, before)
        self._assert_untouched()  # I4
        assert self.zygote == zygote, "the zygote is another"  # I8
        if self._neighbour is not None:
            self._neighbour.assert_unharmed()
        self._run_aftermath(attack)
        if not alone:
            if zygote is not None:  # without a zygote jobs share nothing
                self._run_honestly()  # I5
            self._run_control(attack)  # I10
        assert_earned(attack, ran)  # I1
        self.assert_kept_secret(ran)  # I2
        return ran

    def skip_unless_fit(self, attack: Attack) -> None:
        """Skip the test unless this machine can run the attack without harm."""
        if self.level < attack.needs_level:
            pytest.skip(f"needs level {attack.needs_level}, this is {self.level}")
        if attack.needs_gpu and not list(Path("/dev").glob("nvidia[0-9]*")):
            pytest.skip("no NVIDIA device")

    def make_neighbour(self, attack: Attack) -> None:
        """Start a job beside the attack, and keep it, if the attack could harm one."""
        if attack.needs_neighbour and self._neighbour is None:
            self._neighbour = Neighbour(self.runner)
            self.places.canaries["neighbour"] = self._neighbour.canary

    def run(self, attack: Attack) -> Ran:
        """Run the hostile notebook itself."""
        changes = dict(attack.changes)
        changes["files"] = (*changes.pop("files", ()), *self._files(attack.files()))
        return self._run(attack.cells, attack, changes)

    def _run(
        self, cells: Sequence[CellLike], attack: Attack, changes: Mapping[str, object]
    ) -> Ran:
        spec = job(
            notebook=notebook(prelude(self._known()), *cells, metadata=attack.metadata),
            job_id=attack.id,
            questions=tuple(map(self._with_secret, attack.questions)),
            private_files=(self.places.labels(),),
            limits=attack.limits,
            **changes,
        )
        return self._time(spec)

    def _time(self, spec: JobSpec) -> Ran:
        events: list[Event] = []

        def note(event: Event) -> None:
            events.append(event)
            if isinstance(event, CellStarted):
                self._groups |= leftovers.control_groups()

        before = forget_peak()
        begun = time.monotonic()
        result = self.runner.run(spec, on_event=note)
        seconds = time.monotonic() - begun
        grown = peak_bytes() - before
        return Ran(result=result, seconds=seconds, grown_bytes=grown, events=events)

    def _known(self) -> dict[str, object]:
        """Return the facts about the host that attacks are told, to aim well."""
        return {**self.places.known, "zygote": self.zygote, "jobs": str(self.work_dir)}

    def _with_secret(self, question: QuestionSpec) -> QuestionSpec:
        """Return the question with a canary in its tests."""
        source = f"SECRET = {self.places.canaries['tests']!r}\n{question.source}"
        return dataclasses.replace(question, source=source)

    def _files(self, contents: Mapping[str, bytes]) -> list[JobFile]:
        """Return the handed-in files as the host keeps them."""
        files = []
        for number, (name, data) in enumerate(contents.items()):
            path = self._folder / f"file-{number}"
            path.write_bytes(data)
            files.append(job_file(path, name))
        return files

    # --- Afterwards --------------------------------------------------------------

    def _look(self) -> leftovers.Leftovers:
        self._groups |= leftovers.control_groups()
        return leftovers.look(self.zygote, self.work_dir, self._groups)

    def _assert_untouched(self) -> None:
        assert self.places.touched() == []
        assert self.places.visitors() == []

    def _run_aftermath(self, attack: Attack) -> None:
        """Assert that the next job finds nothing of the attack."""
        if attack.aftermath:
            ran = self._run((*attack.aftermath, *HONEST), attack, {})
            assert_reported(attack.aftermath_report, read_report(ran.result))
            self.assert_kept_secret(ran)

    def _run_honestly(self) -> None:
        """Assert that an honest job scores as ever, and takes about as long."""
        spec = job(*HONEST, questions=(ANSWER,), limits=QUICK)
        if not self._honest_seconds:
            warm_ups = [self._time(spec).seconds for _ in range(_WARM_UPS)]
            self._honest_seconds = statistics.median(warm_ups)
        most = _SLOWER * self._honest_seconds + _SLACK_SECONDS
        # Leftovers of an attack slow every job; a busy machine slows some.
        for _ in range(_TRIES):
            ran = self._time(spec)
            assert (ran.result.verdict, scores(ran.result)) == _FULL_MARKS
            if ran.seconds < most:
                return
        pytest.fail(f"an honest job took {ran.seconds:.2f} s, not {most:.2f} s")

    def _run_control(self, attack: Attack) -> None:
        """Assert that a similar, honest notebook earns full marks."""
        if attack.control is HONEST and self.zygote is not None:
            return  # the job before was this control
        files = (attack.control_files or attack.files)()
        changes = {**attack.changes, "files": self._files(files)}
        ran = self._run(attack.control, attack, changes)
        found = ending_of(ran.result)
        assert SCORED.allows(found), f"{found} {ran.result.detail} for honest work"
        full = {one.key: [1.0] * len(one.checks) for one in attack.questions}
        assert scores(ran.result) == full
        self.assert_kept_secret(ran)

    def assert_kept_secret(self, ran: Ran) -> None:
        """Assert that no canary is in a thing that a student can fetch."""
        found = self.places.stolen(ran.everything)
        if found:
            raise LeakedError(f"canaries in the result: {found}")


_FULL_MARKS: Final = (Verdict.COMPLETED, {"q1": [1.0]})


def assert_ended_well(attack: Attack, ran: Ran) -> None:
    """Assert that the job ended as expected, in time, with the expected report."""
    found = ending_of(ran.result)
    allowed = (attack.expect, *attack.or_else)
    words = f"{found} {dict(found.detail)}, not {' or '.join(map(str, allowed))}"
    assert any(one.allows(found) for one in allowed), words
    within = attack.within or attack.limits.run_seconds + _GRACE_SECONDS
    # `within` is counted from the notebook's start: a jail may be slow to make.
    took = ran.result.measures.seconds if attack.within else ran.seconds
    assert took < within, f"it took {took:.1f} s"  # I7
    assert attack.shows in ran.result.notebook
    most = 2 * attack.limits.job_output_bytes + _ROOM_BYTES
    assert len(ran.result.notebook) < most, "too much is kept"
    assert ran.grown_bytes < _HOST_BYTES, f"{ran.grown_bytes} more bytes in the host"
    if found.kind is not Kind.REJECTED:
        assert_reported(attack.report, read_report(ran.result))


def assert_reported(expected: Seen, found: Mapping[str, str]) -> None:
    """Assert that each attempt was made and had one of its expected results."""
    assert set(found) == set(expected), f"the report is {found}"
    for name, value in found.items():
        wanted = expected[name]
        allowed = {wanted} if isinstance(wanted, str) else wanted
        assert value in allowed, f"{name} gave {value}, in {found}"


def assert_earned(attack: Attack, ran: Ran) -> None:
    """Assert that the scores are those of the honest outputs."""
    found = scores(ran.result)
    if found != attack.scores:
        raise ForgedError(f"scored {found}, worth {attack.scores}")
