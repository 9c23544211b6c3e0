"""deploy/nginx.conf before a real web process: headers, sizes, logs."""

import http.client
import os
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.services.portal import LivePortal, free_port
from tests.services.processes import Service, wait_until

pytestmark = [pytest.mark.long, pytest.mark.services, pytest.mark.one_database]

ROOT = Path(__file__).resolve().parents[2]
SITE = "softmark.example.edu"
LOGIN = "/accounts/login/"
WHOLE = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/softmark.conf;
}}
"""


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """nginx on two ports of its own, one with TLS."""

    plain: int
    secure: int
    access_log: Path

    def ask(
        self,
        path: str,
        headers: Mapping[str, str] = MappingProxyType({}),
        *,
        method: str = "GET",
        body: bytes = b"",
    ) -> http.client.HTTPResponse:
        """Return the answer over TLS, read to its end."""
        trusting = ssl.create_default_context()
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        link = http.client.HTTPSConnection(
            "127.0.0.1", self.secure, timeout=30, context=trusting
        )
        link.request(method, path, body or None, {"Host": SITE, **headers})
        answer = link.getresponse()
        answer.read()
        link.close()
        return answer


@pytest.fixture
def proxy(
    make_portal: Callable[..., LivePortal], short_folder: Path
) -> Iterator[Proxy]:
    """Give nginx with the example's configuration, before a running web process."""
    for tool in ("nginx", "openssl"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool}: apt-get install {tool}")
    portal = make_portal(
        SITE_URL=f"https://{SITE}", ALLOWED_HOSTS=SITE, BEHIND_PROXY="1"
    )
    portal.start_web()
    made = Proxy(
        plain=free_port(), secure=free_port(), access_log=short_folder / "access.log"
    )
    write_configuration(short_folder, made, portal.port)
    nginx = Service(
        "nginx",
        ["nginx", "-p", str(short_folder), "-c", str(short_folder / "nginx.conf")],
        env={"PATH": os.environ["PATH"]},
        log=short_folder / "nginx.log",
    )
    nginx.wait_ready((short_folder / "nginx.pid").exists, seconds=10)
    yield made
    nginx.stop()


def write_configuration(folder: Path, proxy: Proxy, web: int) -> None:
    """Write the example with other ports and folders, and a certificate."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *(
                "-subj",
                f"/CN={SITE}",
                "-keyout",
                "privkey.pem",
                "-out",
                "fullchain.pem",
            ),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    example = (ROOT / "deploy" / "nginx.conf").read_text()
    for old, new in {
        "listen 80;": f"listen 127.0.0.1:{proxy.plain};",
        "listen 443 ": f"listen 127.0.0.1:{proxy.secure} ",
        "server 127.0.0.1:8000 ": f"server 127.0.0.1:{web} ",
        "/etc/ssl/softmark": str(folder),
        "/var/log/nginx/softmark.log": str(proxy.access_log),
    }.items():
        assert old in example
        example = example.replace(old, new)
    (folder / "softmark.conf").write_text(example)
    user = "user root;" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(WHOLE.format(folder=folder, user=user))


def test_pages_are_served_over_tls_only(proxy: Proxy) -> None:
    assert proxy.ask(LOGIN).status == 200
    link = http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=30)
    link.request("GET", LOGIN, headers={"Host": SITE, "X-Forwarded-Proto": "https"})
    answer = link.getresponse()
    assert (answer.status, answer.headers["Location"]) == (
        301,
        f"https://{SITE}{LOGIN}",
    )
    link.close()


def test_cookies_are_for_tls_only_and_browsers_are_told_so(proxy: Proxy) -> None:
    headers = proxy.ask(LOGIN).headers
    assert "Secure" in headers["Set-Cookie"]
    assert "max-age=31536000" in headers["Strict-Transport-Security"]


def test_header_of_a_client_is_replaced(proxy: Proxy) -> None:
    """A page that came by http would be a redirect."""
    assert proxy.ask(LOGIN, {"X-Forwarded-Proto": "http"}).status == 200


def test_other_host_names_are_refused(proxy: Proxy) -> None:
    assert proxy.ask(LOGIN, {"Host": "evil.example.edu"}).status == 400


def test_large_bodies_pass_and_larger_ones_are_refused(proxy: Proxy) -> None:
    form = {"Content-Type": "application/octet-stream"}
    body = os.urandom(1 << 20) * 20
    # The whole body arrives; the portal then asks its sender to sign in.
    answer = proxy.ask(LOGIN, form, method="POST", body=body)
    assert (answer.status, answer.headers["Location"][: len(LOGIN)]) == (302, LOGIN)
    large = {**form, "Content-Length": str(700 * 1024**2)}
    assert proxy.ask(LOGIN, large, method="POST").status == 413


def test_addresses_of_calendars_are_in_no_log(proxy: Proxy) -> None:
    proxy.ask("/calendar/abcdefghijklmnop.ics")
    proxy.ask(LOGIN)
    wait_until(lambda: LOGIN in proxy.access_log.read_text(), seconds=5)
    assert "abcdefghijklmnop" not in proxy.access_log.read_text()
