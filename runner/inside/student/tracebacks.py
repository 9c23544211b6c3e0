"""Tracebacks as a notebook's kernel shows them: only the notebook's frames, and short."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final

from IPython.core import ultratb
from stack_data.core import RepeatedFrames

MAX_FRAMES: Final = 50
_ENDS: Final = 10
_OURS: Final = "runner.inside.student."
_frame_info: Any = ultratb.FrameInfo  # type: ignore[attr-defined]  # it is there


class NotebookTB(ultratb.AutoFormattedTB):
    """Tracebacks without the runner's own frames and without the middle of a deep stack.

    A kernel shows all of an endless recursion: thousands of frames, which take seconds
    of the notebook's time.
    """

    def get_records(self, etb: TracebackType, context: int, tb_offset: int) -> Any:
        links = _links(etb)
        if len(links) <= MAX_FRAMES:
            return self._records(links, context, tb_offset)
        first, middle, last = links[:_ENDS], links[_ENDS:-_ENDS], links[-_ENDS:]
        repeated: Any = RepeatedFrames(
            list(middle), [(one.tb_frame.f_code, one.tb_lineno) for one in middle]
        )
        return [
            *self._records(first, context, tb_offset),
            _frame_info(repeated.description, None, None, None, None, sd=repeated),
            *self._records(last, context, tb_offset),
        ]

    def _records(
        self, links: Sequence[TracebackType], context: int, tb_offset: int
    ) -> list[Any]:
        chain = None
        for link in reversed(links):
            chain = TracebackType(chain, link.tb_frame, link.tb_lasti, link.tb_lineno)
        return super().get_records(chain, context, tb_offset) if chain else []


def _links(etb: TracebackType) -> list[TracebackType]:
    """Return the traceback's links, without those into the runner's own code."""
    links = []
    link: TracebackType | None = etb
    while link is not None:
        if not str(link.tb_frame.f_globals.get("__name__")).startswith(_OURS):
            links.append(link)
        link = link.tb_next
    return links
