"""The one error of all commands, and what the exit status of each means."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """The exit status of the program. The values are documented and stay the same."""

    DONE = 0
    PORTAL_FAILED = 1
    WRONG_USE = 2
    NOT_ALLOWED = 3
    REFUSED = 4
    NOT_FOUND = 5
    NO_CONNECTION = 6
    RUN_FAILED = 7
    STOPPED = 130


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong or doubtful: in which file, and what to do about it.

    `code` is for programs and stays the same. `file` is the required name of the file,
    or empty.
    """

    code: str
    message: str
    hint: str = ""
    file: str = ""


class CommandError(Exception):
    """A command cannot go on. It is told in words, without a traceback.

    `findings` are all the things that are wrong, if there are several.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        exit_code: ExitCode,
        code: str,
        findings: Sequence[Finding] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code
        self.code = code
        self.findings = tuple(findings)

    def as_json(self) -> dict[str, Any]:
        """Return the error as scripts read it."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "hint": self.hint,
                "findings": [asdict(each) for each in self.findings],
            }
        }


class ConnectionLostError(CommandError):
    """The portal cannot be reached, or the connection broke."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(
            message, hint, exit_code=ExitCode.NO_CONNECTION, code="no_connection"
        )


class PortalError(CommandError):
    """The portal answered with an error. `status` is that of HTTP.

    `retry_after` is after how many seconds the portal wants to be asked again, or None.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        exit_code: ExitCode,
        code: str,
        status: int,
        retry_after: float | None = None,
        findings: Sequence[Finding] = (),
    ) -> None:
        super().__init__(
            message, hint, exit_code=exit_code, code=code, findings=findings
        )
        self.status = status
        self.retry_after = retry_after


def wrong_use(message: str, hint: str = "", *, code: str = "wrong_use") -> CommandError:
    """Return the error of a command that was called in a wrong way."""
    return CommandError(message, hint, exit_code=ExitCode.WRONG_USE, code=code)
