"""Exceptions for a submission or an upload that is refused."""

from collections.abc import Iterable

from formats.problems import Problem


class SubmissionRefusedError(Exception):
    """The submission was refused, and none of it was stored."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(problem.code for problem in self.problems))


class KeyReusedError(Exception):
    """An idempotency key was sent again with other files. Nothing was stored."""

    def __init__(self, attempt: int) -> None:
        super().__init__(
            f"This key was used before with other files, for attempt {attempt}. Send "
            "a new Idempotency-Key for a new attempt, or send the same files again."
        )


class AttemptIncompleteError(Exception):
    """Files of an opened attempt have not arrived completely: `names`."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(", ".join(self.names))


class FileDamagedError(Exception):
    """What was stored of a file is not what its sender declared. It is our fault."""


class AttemptGoneError(Exception):
    """The opened attempt was dropped while it was handed in or checked."""


class AttemptHandedInError(Exception):
    """An opened attempt was handed in, so it cannot be dropped."""


class UploadGoneError(Exception):
    """The upload was dropped while its bytes arrived."""


class OffsetError(Exception):
    """A piece does not begin where the upload ends: at `offset`."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        super().__init__(str(offset))


class ChecksumError(OffsetError):
    """A piece does not have the checksum that its sender gave. It is thrown away."""


class KeyUnavailableError(Exception):
    """The file with the private key of receipts cannot be read or made."""
