"""Links and email addresses in files follow the rules and words of Django's forms."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from formats.addresses import is_email_address, is_web_address

validate_url = URLValidator(schemes=["http", "https"])
HOSTS = [
    *(
        "example.org",
        "EXAMPLE.Org",
        "localhost.",
        "localho\u017ft",
        "a.b.c.example.org",
        "example",
        "localhost",
    ),
    *("Localhost", "example.org.", "example..org", ".example.org", "-a.org", "a-.org"),
    *(
        "a.-b",
        "a.b-",
        "a.b",
        "a.b1",
        "a.12",
        "xn--p1ai",
        "a.xn--p1ai",
        "a.xn--",
        "b_c.org",
    ),
    *("bücher.de", "例え.テスト", "127.0.0.1", "127.0.0.1.", "127.00.0.1", "256.1.1.1"),
    *(
        "[::1]",
        "[::g]",
        "[127.0.0.1]",
        "[fe80::1%eth0]",
        "[]",
        "::1",
        "1.2.3",
        "a b.org",
    ),
    *("a.org\u2100", "a℀.org", "\u017f.org", "\U0001f600.org", f"{'a' * 63}.org"),
    *(f"{'a' * 64}.org", f"a.{'b' * 63}", f"a.{'b' * 64}", f"{'a.' * 130}org", ""),
]
URLS = [
    *(
        "http://{}",
        "https://{}/",
        "HTTPS://{}",
        "https://{}:8000/a?b=c#d",
        "//{}",
        "{}",
    ),
    *("https://{}:999999", "https://{}:", "https://{}?x", "https://{}#x", "ftp://{}"),
    *("javascript://{}/%0aalert(1)", "https://a:b@{}", "https://a@b@{}", "https://@{}"),
    *("https:/{}", "https://{}/a b", "https://{}\n", " https://{}", "https://{}/\t"),
    *("https://{}\\@a.org", "https://user:@{}", "https://{}/é"),
]
MAILBOXES = [
    *(
        "a",
        "a.b",
        "a..b",
        ".a",
        "a.",
        "a+b",
        "o'neil",
        '"a b"',
        '"a\\"b"',
        '"a"b"',
        "a b",
    ),
    *("a@b", "é", "K", "\u017f", "", "<a", "A <a", "a\n", "=1+1", '"\\\n"', "a" * 310),
]


def agrees(
    check: Callable[[str], bool], theirs: Callable[[str], None], text: str
) -> None:
    try:
        theirs(text)
    except ValidationError:
        assert not check(text), text
    else:
        assert check(text), text


@pytest.mark.parametrize("host", HOSTS)
def test_a_link_is_valid_if_forms_accept_it(host: str) -> None:
    for url in URLS:
        agrees(is_web_address, validate_url, url.format(host))


@pytest.mark.parametrize("host", HOSTS)
def test_an_email_address_is_valid_if_forms_accept_it(host: str) -> None:
    for mailbox in MAILBOXES:
        agrees(is_email_address, validate_email, f"{mailbox}@{host}")


@given(st.text(alphabet='aZ09.-_:/@[]%+ \n"\\é℀\u017f', max_size=30))
@example("")
def test_any_text_is_validated_as_forms_validate_it(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}.org", f"https://a.org{text}"):
        agrees(is_web_address, validate_url, url)
    for email in (text, f"{text}@a.org", f"a@{text}", f"a@{text}.org"):
        agrees(is_email_address, validate_email, email)


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "www.example.org", "mailto:a@b.org"]
)
def test_other_schemes_are_not_web_addresses(text: str) -> None:
    assert not is_web_address(text)
    assert is_web_address("https://www.example.org/")


@pytest.mark.parametrize("sign", "?#")
def test_a_link_with_a_misleading_host_is_refused(sign: str) -> None:
    assert not is_web_address(f"https://example{sign}@example.org")
    assert is_web_address(f"https://example.net{sign}@example.org")
