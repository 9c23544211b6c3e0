"""If a job's first process does not answer, no question is judged on any files."""

import socket
from collections.abc import Iterator

import pytest

from runner.host import init_requests
from runner.host.init_requests import InitRequests
from runner.host.runner import Runner
from runner.host.saved_folders import SavedFolders
from runner.protocol import check_words
from runner.wire.frames import Peer
from tests.runner.notebooks import cell, job, messages, question, scores


class Silent(SavedFolders):
    """The folders of a job whose first process says nothing. Counts looks at the job."""

    def __init__(self, init: Peer) -> None:
        self.looks = 0
        super().__init__(InitRequests(init, lambda: None, self._count))

    def _count(self) -> None:
        self.looks += 1


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> Iterator[Silent]:
    monkeypatch.setattr(init_requests, "_ANSWER_SECONDS", 0.35)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Silent(Peer(ours))


def test_the_job_is_measured_while_its_first_process_works(folders: Silent) -> None:
    assert folders.save() is None
    assert folders.looks >= 2


def test_nothing_may_be_judged_without_an_answer(folders: Silent) -> None:
    folders.save()
    seen = folders.looks
    assert not folders.end(is_needed=True)
    for state in (None, 0, 3):
        assert folders.restore(state) == check_words.FILES_LOST
    assert folders.looks == seen, "it is not asked again"


def test_nothing_may_be_judged_if_the_last_files_were_not_kept_in_time(
    folders: Silent,
) -> None:
    assert not folders.end(is_needed=True)
    assert folders.restore(None) == check_words.FILES_LOST


@pytest.mark.torch
def test_a_question_is_not_judged_on_the_last_cell_s_file(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kind of attack: the first process is kept busy at the check cell."""
    monkeypatch.setattr(init_requests, "_ANSWER_SECONDS", 0)
    asked = question("q1", "def check(best):\n    assert best() == 'right'\n")
    result = runner.run(
        job(
            "open('best', 'w').write('wrong')\ndef best(): return open('best').read()",
            cell("# softmark: check q1"),
            "open('best', 'w').write('right')",
            questions=(asked,),
        )
    )
    assert scores(result) == {"q1": [0.0]}
    assert messages(result) == [check_words.FILES_LOST]
