"""Error pages have the portal's design and say in words what went wrong."""

import pytest
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.views.defaults import server_error

from tests.factories import EnrolmentFactory


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "500"])
def test_page_needs_no_database_and_no_request(code: str) -> None:
    html = render_to_string(f"{code}.html")
    assert "<h1>" in html
    assert "css/softmark.css" in html


@pytest.mark.django_db
def test_unknown_address_is_404_in_words(client: Client) -> None:
    client.force_login(EnrolmentFactory.create().user)
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


def test_500_says_whose_fault_it_is_without_a_database(rf: RequestFactory) -> None:
    answer = server_error(rf.get("/"))
    assert answer.status_code == 500
    assert b"our fault, not yours" in answer.content


def test_form_without_its_token_is_refused_in_words() -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {})
    assert answer.status_code == 403
    assert "This form is out of date" in answer.content.decode()


def test_unknown_host_is_400(client: Client) -> None:
    answer = client.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert b"could not read your request" in answer.content


def test_pages_show_nothing_of_the_request() -> None:
    request = HttpRequest()
    request.path = "/<script>alert(1)</script>"
    html = render_to_string("404.html", {"request_path": request.path}, request=None)
    assert "alert(1)" not in html
