"""A cell's outputs, collected from hostile frames as a notebook front end would do it.

Two rules hold for all frames. Every output that is kept is charged to its cell and to the
job, with the bytes that it will take up in the stored notebook. And the work for a frame
is bounded by a constant and its length: no code here goes through earlier outputs again.
"""

import base64
import binascii
import codecs
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from runner.protocol.jobs import Limits
from runner.wire.frames import Frame, dump_json

MAX_OUTPUTS: Final = 2000
MAX_MIME_TYPES: Final = 20
MAX_MIME_NAME: Final = 100
MAX_ERRORS: Final = 20
MAX_METADATA: Final = 10_000
MAX_TRACEBACK_LINE: Final = 4000
MAX_TRACEBACK_LINES: Final = 60
# Display ids that can be updated, their longest length, and places of each that are kept.
MAX_DISPLAYS: Final = 4096
MAX_DISPLAY_NAME: Final = 200
MAX_SHOWN: Final = 8
TAIL_CHARACTERS: Final = 2000
_SHORT_NAME: Final = 100
_SHORT_VALUE: Final = 200
_PIECE: Final = 1024
_CONTAINER: Final = 16
# Media types under which nbformat accepts any value.
_JSON: Final = re.compile(r"application/(.*\+)?json")
_MARKER: Final = "\n[Output cut here: it is longer than the limit of {} bytes.]\n"

# Kinds of frames that are outputs, and the methods of CellOutputs that add them.
OUTPUTS: Final[Mapping[str, str]] = {
    "stream": "_add_stream",
    "display": "_add_display",
    "update": "_update_display",
    "result": "_add_result",
    "error": "_add_error",
    "clear": "_clear",
    "dropped": "_drop",
}

Output = dict[str, Any]


def stored_size(output: Output) -> int:
    """Return how many bytes of the notebook are charged for the output.

    Lists and objects in it cost more, for a part of the memory that they take up here.
    """
    forms = output.get("data", {}).values()
    nested = [one for one in forms if not isinstance(one, str)]
    shape = dump_json([*nested, output.get("metadata")])
    containers = shape.count(b"[") + shape.count(b"{")
    return len(dump_json(output)) + 1 + _CONTAINER * containers


def _text_size(text: str) -> int:
    return len(dump_json(text)) - 2


def cut_to_fit(text: str, room: int) -> str:
    """Return as much of the text, from its start, as `room` stored bytes can hold."""
    if _text_size(text) <= room:
        return text
    used, end = 0, 0
    for length in (_PIECE, 1):
        while end < len(text):
            size = _text_size(text[end : end + length])
            if used + size > room:
                break
            used, end = used + size, end + length
    return text[:end]


@dataclass(slots=True)
class ShownOutput:
    """One place of a display: the cell that is charged for it, and its stored size."""

    cell: "CellOutputs"
    output: Output
    size: int


class JobOutputs:
    """The outputs of all cells of a job, within the job's limits.

    `volume` counts every byte that arrived, kept or not. `stored_bytes` counts the bytes
    that are stored.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.volume = 0
        self.stored_bytes = 0
        self._shown: OrderedDict[str, list[ShownOutput]] = OrderedDict()

    def places_of(self, name: str) -> list[ShownOutput]:
        """Return the latest few places where the display with that id is shown."""
        return self._shown.get(name, [])

    def note_place(self, name: str, one: ShownOutput) -> None:
        """Remember where a display is shown. Past a bound, the oldest are forgotten."""
        shown = self._shown.setdefault(name, [])
        shown.append(one)
        del shown[:-MAX_SHOWN]
        if len(self._shown) > MAX_DISPLAYS:
            self._shown.popitem(last=False)

    def forget_places(self, name: str, cell: "CellOutputs") -> None:
        """Stop updating the display with that id in the cell."""
        left = [one for one in self.places_of(name) if one.cell is not cell]
        if left:
            self._shown[name] = left
        else:
            self._shown.pop(name, None)


class CellOutputs:
    """One cell's outputs. `add` accepts a frame, `add_text` accepts captured bytes."""

    def __init__(self, job: JobOutputs, count: int) -> None:
        self.job = job
        self.outputs: list[Output] = []
        self.tail = ""
        self._count = count
        self._kept = 0
        self._cut = False
        self._errors = 0
        self._has_short_error = False
        self._shown: set[str] = set()
        self._clear_next = False
        self._decoders = {
            name: codecs.getincrementaldecoder("utf-8")("replace")
            for name in ("stdout", "stderr")
        }
        self._adders: dict[str, Callable[[Frame], None]] = {
            kind: getattr(self, method) for kind, method in OUTPUTS.items()
        }

    def add(self, frame: Frame) -> bool:
        """Add the frame if it is a valid output. Return whether it is an output."""
        adder = self._adders.get(str(frame.get("t")))
        if adder is not None:
            adder(frame)
        return adder is not None

    def add_text(self, name: str, data: bytes) -> None:
        """Add bytes that were captured from standard output or error."""
        self.job.volume += len(data)
        text = self._decoders[name].decode(data)
        if not text:
            return
        self._clear_if_due()
        self.tail = (self.tail + text[-TAIL_CHARACTERS:])[-TAIL_CHARACTERS:]
        kept = cut_to_fit(text, self.room() - self._stream_size(name))
        if kept:
            self._append_text(name, kept)
        if len(kept) < len(text):
            self._cut_off(name)

    def _is_in_stream(self, name: str) -> bool:
        """Return whether text of this stream would be added to the last output."""
        last = self.outputs[-1] if self.outputs else {}
        return last.get("output_type") == "stream" and last.get("name") == name

    def _stream_size(self, name: str) -> int:
        """Return the stored bytes that text needs in addition to its own."""
        return 0 if self._is_in_stream(name) else stored_size(_stream(name, ""))

    def _append_text(self, name: str, text: str) -> None:
        self.charge(self._stream_size(name) + _text_size(text))
        if not self._is_in_stream(name):
            self.outputs.append(_stream(name, []))
        self.outputs[-1]["text"].append(text)

    def room(self) -> int:
        """Return how many more bytes the cell may keep."""
        limits = self.job.limits
        if self._cut or len(self.outputs) >= MAX_OUTPUTS:
            return 0
        left = min(
            limits.cell_output_bytes - self._kept,
            limits.job_output_bytes - self.job.stored_bytes,
        )
        return max(0, left)

    def charge(self, size: int) -> None:
        """Charge so many bytes to the cell and to the job."""
        self._kept += size
        self.job.stored_bytes += size

    def _cut_off(self, name: str = "stderr") -> None:
        """Mark the place where outputs were cut, once."""
        if not self._cut:
            self._cut = True
            limits = self.job.limits
            whole_job = self.job.stored_bytes >= limits.job_output_bytes
            limit = limits.job_output_bytes if whole_job else limits.cell_output_bytes
            self._append_text(name, _MARKER.format(limit))

    def _add_stream(self, frame: Frame) -> None:
        name, data = frame.get("name"), frame.get("data")
        if isinstance(name, str) and name in self._decoders and isinstance(data, str):
            try:
                self.add_text(name, base64.b64decode(data, validate=True))
            except (binascii.Error, ValueError):
                return

    def _keep(self, output: Output) -> int:
        """Keep the output if there is room. Return its stored size, 0 if it was cut."""
        self._clear_if_due()
        size = stored_size(output)
        if size > self.room():
            self._cut_off()
            return 0
        self._store(output, size)
        return size

    def _store(self, output: Output, size: int) -> None:
        self.charge(size)
        self.outputs.append(output)

    def _add_display(self, frame: Frame) -> None:
        """Add a display, which also replaces the earlier ones with its id."""
        self._update_display(frame)
        output = {"output_type": "display_data", **_bundle(frame)}
        name = _display_name(frame)
        if (size := self._keep(output)) and name:
            self._shown.add(name)
            self.job.note_place(name, ShownOutput(self, output, size))

    def _update_display(self, frame: Frame) -> None:
        shown = self.job.places_of(_display_name(frame))
        if not shown:
            return
        bundle = _bundle(frame)
        size = stored_size({"output_type": "display_data", **bundle})
        for one in shown:
            growth = size - one.size
            if growth > one.cell.room():
                self._cut_off()
                return
            one.cell.charge(growth)
            one.size = size
            one.output.update(bundle)

    def _add_result(self, frame: Frame) -> None:
        count = {"execution_count": self._count}
        self._keep({"output_type": "execute_result", **count, **_bundle(frame)})

    def _add_error(self, frame: Frame) -> None:
        """Add an error. Past the limit, one is still kept, cut to a few hundred bytes."""
        ename, evalue = str(frame.get("ename")), str(frame.get("evalue"))
        lines = frame.get("traceback")
        output = _error(
            ename[:200],
            evalue[:MAX_TRACEBACK_LINE],
            _shortened(lines) if isinstance(lines, list) else [],
        )
        self.tail = (self.tail + f"\n{_storable(ename[:200])}")[-TAIL_CHARACTERS:]
        if self._errors < MAX_ERRORS and not self._has_short_error:
            self._errors += 1
            if not self._keep(output):
                self._has_short_error = True
                name, value = (
                    cut_to_fit(ename, _SHORT_NAME),
                    cut_to_fit(evalue, _SHORT_VALUE),
                )
                short = _error(name, value, [f"{name}: {value}"])
                self._store(short, stored_size(short))

    def _clear(self, frame: Frame) -> None:
        if frame.get("wait") is True:
            self._clear_next = True
        else:
            self._clear_now()

    def _drop(self, _frame: Frame) -> None:
        self._cut_off()

    def _clear_if_due(self) -> None:
        if self._clear_next:
            self._clear_now()

    def _clear_now(self) -> None:
        self._clear_next = False
        self.outputs.clear()
        for name in self._shown:
            self.job.forget_places(name, self)
        self._shown.clear()
        self.job.stored_bytes -= self._kept
        self._kept = 0
        self._cut = False
        self._errors = 0
        self._has_short_error = False
        self.tail = ""

    def finish(self) -> list[Output]:
        """Return the outputs as the notebook stores them."""
        for output in self.outputs:
            if output["output_type"] == "stream":
                output["text"] = "".join(output["text"])
        return self.outputs


def _stream(name: str, text: object) -> Output:
    return {"output_type": "stream", "name": name, "text": text}


def _error(ename: str, evalue: str, traceback: list[str]) -> Output:
    return {
        "output_type": "error",
        "ename": ename,
        "evalue": evalue,
        "traceback": traceback,
    }


def _storable(text: str) -> str:
    """Return the text, with each lone half of a surrogate pair replaced by "?"."""
    return text.encode("utf-8", "replace").decode()


def _display_name(frame: Frame) -> str:
    """Return the id under which the display can be updated, "" for none."""
    name = frame.get("display_id")
    return name if isinstance(name, str) and len(name) <= MAX_DISPLAY_NAME else ""


def _bundle(frame: Mapping[str, Any]) -> Output:
    """Return the data and metadata of a display, without what does not fit the format."""
    data, metadata = frame.get("data"), frame.get("metadata")
    items = islice(data.items(), MAX_MIME_TYPES) if isinstance(data, dict) else ()
    kept = {
        mime: form
        for mime, value in items
        if len(mime) <= MAX_MIME_NAME and (form := _form(mime, value)) is not None
    }
    if not isinstance(metadata, dict) or len(dump_json(metadata)) > MAX_METADATA:
        metadata = {}
    return {"data": kept, "metadata": metadata}


def _form(mime: str, value: object) -> object:
    """Return the value as the format stores it under this media type, None if invalid."""
    if isinstance(value, str) or _JSON.fullmatch(mime):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return None


def _shortened(parts: list[object]) -> list[str]:
    """Return the parts of a traceback, without those in the middle of a long one."""
    half = MAX_TRACEBACK_LINES // 2
    kept, dropped = parts, len(parts) - 2 * half
    if dropped > 0:
        kept = [*parts[:half], f"[{dropped} parts left out]", *parts[-half:]]
    return [part[:MAX_TRACEBACK_LINE] for part in kept if isinstance(part, str)]
