"""The address of the portal and the token: where they are kept, and their checks."""

import ipaddress
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

import platformdirs

from softmark_cli.command_errors import CommandError, ExitCode, wrong_use

# Variables for programs that have no configuration folder, such as those of CI.
ADDRESS_VARIABLE: Final = "SOFTMARK_ADDRESS"
TOKEN_VARIABLE: Final = "SOFTMARK_TOKEN"  # noqa: S105  a name, not a token
FOLDER_VARIABLE: Final = "SOFTMARK_CONFIG"
_FILE: Final = "credentials.json"
_API: Final = "/api/v1"
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Where the portal is, without a slash at the end, and the token for it."""

    address: str
    token: str = field(repr=False)


def credentials_path() -> Path:
    """Return the file in the user's configuration folder. It need not exist."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    folder = platformdirs.user_config_path("softmark", appauthor=False)
    return (Path(chosen) if chosen else folder) / _FILE


def read_credentials() -> Credentials:
    """Return the credentials of the environment, or else those of `softmark login`.

    SECURITY: the stored token is sent to the stored address only, whatever the
    environment names. Raises CommandError if there are none.
    """
    address = os.environ.get(ADDRESS_VARIABLE, "")
    token = os.environ.get(TOKEN_VARIABLE, "")
    if address:
        address = checked_address(address)
    if address and token:
        return Credentials(address=address, token=checked_token(token))
    stored = _stored()
    if stored is None or (address and address != stored.address):
        where = f" to {address}" if address else ""
        raise CommandError(
            f"You are not logged in{where}.",
            "Run: softmark login ADDRESS",
            exit_code=ExitCode.NOT_ALLOWED,
            code="not_logged_in",
        )
    if token:
        return Credentials(address=stored.address, token=checked_token(token))
    return stored


def _stored() -> Credentials | None:
    path = credentials_path()
    try:
        found = json.loads(path.read_text("utf-8"))
        stored = Credentials(
            address=checked_address(found["address"]),
            token=checked_token(found["token"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise wrong_use(
            f"{path} cannot be read.",
            "Run softmark login again: it writes the file anew.",
            code="credentials_unreadable",
        ) from error
    _close_to_others(path)
    return stored


def _close_to_others(path: Path) -> None:
    """Take other people's rights to the file, in case somebody has given them."""
    if os.name == "posix" and path.stat().st_mode & _OTHERS:
        with suppress(OSError):
            path.chmod(0o600)


def write_credentials(credentials: Credentials) -> Path:
    """Store the credentials for later commands, readable by their owner alone."""
    path = credentials_path()
    content = {"address": credentials.address, "token": credentials.token}
    part = path.with_name(f"{_FILE}.{os.getpid()}.part")
    with _told_in_words(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        # The mode holds from the first byte on. On Windows, other users have no right
        # to the folder.
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
        part.replace(path)
    return path


@contextmanager
def _told_in_words(path: Path) -> Iterator[None]:
    """Turn an error of the file system into an error in words."""
    try:
        yield
    except OSError as error:
        raise wrong_use(
            f"{path} cannot be written: {error.strerror or error}.",
            f"Choose another folder with the variable {FOLDER_VARIABLE}.",
            code="credentials_unwritable",
        ) from error


def remove_credentials() -> bool:
    """Delete the stored credentials. Return False if there were none."""
    path = credentials_path()
    with _told_in_words(path):
        was_there = path.exists()
        path.unlink(missing_ok=True)
    return was_there


def checked_token(text: str) -> str:
    """Return a token without blanks around it. Raises CommandError."""
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise wrong_use(
            "This is not a token.",
            "Copy the whole token from Account, API tokens. It begins with sm_.",
            code="wrong_token",
        )
    return token


def checked_address(text: str) -> str:
    """Return the portal's address without the API's path. Raises CommandError.

    SECURITY: a token that travels without encryption can be read on its way, so http is
    allowed for this machine alone.
    """
    text = text.strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise _not_an_address(text) from error
    if parts.scheme not in {"http", "https"} or not host or not _is_plain(parts):
        raise _not_an_address(text)
    if parts.scheme == "http" and not _is_this_machine(host):
        raise wrong_use(
            f"{text} is not encrypted, so others could read your token on its way.",
            f"Use https: softmark login https://{parts.netloc}{parts.path}",
            code="https_required",
        )
    path = parts.path.rstrip("/").removesuffix(_API)
    return f"{parts.scheme}://{parts.netloc}{path}"


def _is_plain(parts: SplitResult) -> bool:
    """Return whether the address has no password, query, fragment or blanks."""
    has_more = parts.query or parts.fragment or "@" in parts.netloc
    return not has_more and parts.geturl().isprintable() and " " not in parts.geturl()


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _not_an_address(text: str) -> CommandError:
    return wrong_use(
        f"“{text}” is not the address of a portal.",
        "Write it as https://portal.example.",
        code="wrong_address",
    )
