"""Why a marking cannot be stored, in words for people and for programs."""


class MarkingRefusedError(Exception):
    """The marking cannot be stored. The message says why, and nothing has changed.

    `for_programs` are words for a program, which has no page.
    """

    def __init__(self, words: str, *, for_programs: str = "") -> None:
        super().__init__(words)
        self.for_programs = for_programs or words
