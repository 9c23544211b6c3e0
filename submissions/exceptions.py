"""Exceptions for a submission that is refused."""

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
