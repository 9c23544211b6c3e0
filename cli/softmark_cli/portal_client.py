"""Requests to the portal's API: with the token, with retries, with errors in words."""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, ClassVar, Final
from urllib.parse import urlsplit

import httpx

from softmark_cli import __version__
from softmark_cli.chosen_files import unreadable
from softmark_cli.command_errors import (
    CommandError,
    ConnectionLostError,
    ExitCode,
    PortalError,
)
from softmark_cli.credentials import Credentials
from softmark_cli.error_answers import error_of
from softmark_cli.portal_rows import reading

ROOT: Final = "/api/v1/"
PAGE_SIZE: Final = 200
CONNECT_SECONDS: Final = 15
ANSWER_SECONDS: Final = 60
# The pauses before further tries, in seconds; the last one is used again and again.
PAUSES: Final = (1, 2, 4, 8, 15, 30)
# For how long to go on trying while nothing works.
PATIENCE_SECONDS: Final = 20
# Limits of the portal are by the hour, so no sensible wait is longer.
LONGEST_WAIT_SECONDS: Final = 3600
_JITTER: Final = 0.2

Notify = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request: to a path below the API's root, or to an address that it gave.

    `content` is called for the body of each try. A `form` may have `files` with it,
    which are read anew for each try. `patience` is for how many seconds it is tried
    again while the portal or the network fails.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str | int] | None = None
    content: Callable[[], Iterator[bytes]] | None = None
    body: Any = None
    form: Mapping[str, str] | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    seconds: float = ANSWER_SECONDS
    patience: float = PATIENCE_SECONDS


class PortalClient:
    """A connection to the API of one portal, with one token.

    `notify` is told in words why something takes long.
    """

    # Tests replace it, and `sleep`.
    transport: ClassVar[httpx.BaseTransport | None] = None

    def __init__(self, credentials: Credentials, *, notify: Notify) -> None:
        self.address = credentials.address
        self._notify = notify
        parts = urlsplit(credentials.address)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._http = httpx.Client(
            headers={
                "Authorization": f"Bearer {credentials.token}",
                "Accept": "application/json",
                "User-Agent": f"softmark-cli/{__version__}",
            },
            transport=self.transport,
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def url_of(self, url: str) -> str:
        """Return the whole address of a path below the API's root, or of an address.

        SECURITY: of an address in an answer, only its path is used. So the token goes
        to the portal that the person has chosen, whatever an answer says.
        """
        if "://" not in url:
            return f"{self.address}{ROOT}{url}"
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return f"{self._origin}{parts.path}{query}"

    # --- Asking ------------------------------------------------------------------

    def get(self, url: str, **params: str | int) -> Any:
        """Return the answer's data. Raises CommandError."""
        return data_of(self.answer(Request(method="GET", url=url, params=params)))

    def post(
        self,
        url: str,
        body: Any = None,
        *,
        seconds: float = ANSWER_SECONDS,
        patience: float = PATIENCE_SECONDS,
    ) -> Any:
        """Return the answer's data. Raises CommandError.

        It is tried again, so it is for addresses where the same request twice has one
        effect.
        """
        request = Request(
            method="POST", url=url, body=body, seconds=seconds, patience=patience
        )
        return data_of(self.answer(request))

    def rows(self, url: str, **params: str | int) -> Iterator[Any]:
        """Yield all rows of a list, page by page. Raises CommandError."""
        page = self.get(url, page_size=PAGE_SIZE, **params)
        while True:
            with reading():
                results, following = page["results"], page["next"]
            yield from results
            if not following:
                return
            page = self.get(following)

    def answer(self, request: Request) -> httpx.Response:
        """Return the answer, after further tries if these may help.

        Raises CommandError.
        """
        pauses = Pauses(request.patience)
        while True:
            try:
                return self.answer_once(request)
            except (ConnectionLostError, PortalError) as error:
                if not may_pass(error):
                    raise
                self.wait(pauses.after(error), error)

    def answer_once(self, request: Request) -> httpx.Response:
        """Return the answer to one try. Raises CommandError."""
        with ExitStack() as opened, _connection_errors(self.address):
            files = {
                name: (path.name, opened.enter_context(_opened(path)))
                for name, path in request.files.items()
            }
            response = self._http.send(self._built(request, files))
        _refuse_errors(response)
        return response

    @contextmanager
    def download(self, url: str) -> Iterator[httpx.Response]:
        """Give an answer whose body is not read yet. Raises CommandError."""
        request = self._built(Request(method="GET", url=url, headers={"Accept": "*/*"}))
        with _connection_errors(self.address):
            response = self._http.send(request, stream=True)
            try:
                if not response.is_success:
                    response.read()
                    _refuse_errors(response)
                yield response
            finally:
                response.close()

    @staticmethod
    def sleep(seconds: float) -> None:
        """Wait for so many seconds."""
        time.sleep(seconds)

    def wait(self, seconds: float, error: CommandError) -> None:
        """Wait, and say why."""
        self._notify(f"{error.message} Trying again in {seconds_words(seconds)}.")
        self.sleep(seconds)

    def _built(self, request: Request, files: Any = None) -> httpx.Request:
        return self._http.build_request(
            request.method,
            self.url_of(request.url),
            headers=dict(request.headers),
            params=request.params or None,
            json=request.body,
            data=request.form,
            files=files or None,
            content=request.content() if request.content else None,
            # `seconds` are for the answer. A line that takes no byte is broken.
            timeout=httpx.Timeout(
                ANSWER_SECONDS, connect=CONNECT_SECONDS, read=request.seconds
            ),
        )


class Pauses:
    """The pauses between tries, until patience is over.

    It counts the pauses themselves, and not the time of the tries: a machine that
    slept in between has not tried.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._tries = 0
        self._waited = 0.0

    def reset(self) -> None:
        """Begin anew, because something has worked."""
        self._tries, self._waited = 0, 0.0

    def after(self, error: CommandError) -> float:
        """Return the seconds to wait after the error; raise it if patience is over.

        What the portal itself asks for does not count.
        """
        asked = error.retry_after if isinstance(error, PortalError) else None
        if asked is not None and asked <= LONGEST_WAIT_SECONDS and _is_limit(error):
            return max(asked, 1.0)
        if self._waited >= self._patience:
            raise error
        pause = float(PAUSES[min(self._tries, len(PAUSES) - 1)])
        # Programs that failed at one moment do not all come back at one moment.
        pause = pause * (1 + _JITTER * random.uniform(-1, 1))  # noqa: S311  no secret
        pause = max(pause, min(asked or 0, PAUSES[-1]))
        self._tries += 1
        self._waited += pause
        return pause


def may_pass(error: CommandError) -> bool:
    """Return whether the same request may succeed later."""
    if isinstance(error, ConnectionLostError):
        return error.code == "no_connection"
    if not isinstance(error, PortalError):
        return False
    return _is_limit(error) or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _is_limit(error: CommandError) -> bool:
    """Return whether the portal has refused because of too many requests."""
    if not isinstance(error, PortalError):
        return False
    return error.status == HTTPStatus.TOO_MANY_REQUESTS


def seconds_words(seconds: float) -> str:
    """Return a time span in words: “8 seconds”, “22 minutes”."""
    whole = max(round(seconds), 1)
    if whole < 120:  # noqa: PLR2004  two minutes
        return f"{whole} second{'' if whole == 1 else 's'}"
    return f"{-(-whole // 60)} minutes"


def _opened(path: Path) -> IO[bytes]:
    """Return the file, open for reading. Raises CommandError."""
    try:
        return path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from error


def data_of(response: httpx.Response) -> Any:
    """Return the JSON of a good answer. Raises CommandError if it is something else."""
    try:
        return json.loads(response.content)
    except ValueError as error:
        raise CommandError(
            "The answer is not from a Softmark portal.",
            "Check the address. Perhaps the network wants you to sign in with a "
            "browser first.",
            exit_code=ExitCode.NO_CONNECTION,
            code="not_a_portal",
        ) from error


def _refuse_errors(response: httpx.Response) -> None:
    """Raise PortalError unless the answer is good."""
    if response.status_code == HTTPStatus.NOT_MODIFIED or response.is_success:
        return
    raise error_of(response)


@contextmanager
def _connection_errors(address: str) -> Iterator[None]:
    """Turn the errors of the network into errors in words."""
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise ConnectionLostError(f"{address} is not an address.") from error
    except httpx.TimeoutException as error:
        raise ConnectionLostError(f"{address} does not answer.") from error
    except (httpx.TransportError, httpx.StreamError, httpx.DecodingError) as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            lost = ConnectionLostError(
                f"The certificate of {address} is not trusted.",
                "Check the address. If your university has certificates of its own, "
                "set SSL_CERT_FILE to the file of its certificates.",
            )
            lost.code = "certificate_not_trusted"
            raise lost from error
        raise ConnectionLostError(
            f"{address} cannot be reached, or the connection broke.",
            "Check your network, and whether the portal is open in a browser.",
        ) from error
