"""A zip that cannot be packed to its end is broken off: no client takes it for whole."""

import http.client
from contextlib import closing

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from courses.models import RevisionFile
from storage.blobs import blob_path
from tests.factories import AssignmentFactory, EnrolmentFactory, RevisionFileFactory
from tests.services.portal import LivePortal

pytestmark = pytest.mark.services


@pytest.mark.parametrize("is_lost", [True, False])
def test_client_sees_that_the_transfer_broke_off(
    live_portal: LivePortal, *, is_lost: bool
) -> None:
    work = AssignmentFactory.create()
    first, second = (
        RevisionFileFactory.create(revision=work.revision, name=name, text=text)
        for name, text in (("a.txt", "a" * 10**6), ("b.txt", "only in this test"))
    )
    names = RevisionFile.objects.filter(part=first.part).values_list("name", flat=True)
    assert list(names) == ["a.txt", "b.txt"]
    live_portal.start_web()
    if is_lost:
        blob_path(second.sha256).unlink()
    client = Client()
    client.force_login(EnrolmentFactory.create(course=work.course).user)
    name = settings.SESSION_COOKIE_NAME
    cookie = f"{name}={client.cookies[name].value}"
    address = reverse("courses:handout-zip", args=[work.course.slug, work.slug])
    asking = http.client.HTTPConnection("127.0.0.1", live_portal.port, timeout=20)
    with closing(asking):
        asking.request("GET", address, headers={"Cookie": cookie})
        answer = asking.getresponse()
        assert answer.status == 200
        if not is_lost:
            assert answer.read().startswith(b"PK")
            return
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
    assert "store_fault" in (live_portal.web.log() if live_portal.web else "")
