"""A cell's outputs, gathered from hostile frames as a notebook front end would."""

import base64
import binascii
import codecs
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from runner.frames import Frame
from runner.protocol import Limits

MAX_OUTPUTS: Final = 2000
MAX_MIME_TYPES: Final = 20
MAX_MIME_NAME: Final = 100
MAX_ERRORS: Final = 20
MAX_METADATA: Final = 10_000
MAX_TRACEBACK_LINE: Final = 4000
MAX_TRACEBACK_LINES: Final = 60
TAIL_CHARACTERS: Final = 2000
_MARKER: Final = "\n[Output cut here: it is longer than the limit of {} bytes.]\n"

Output = dict[str, Any]


class JobOutputs:
    """What all cells of a job have put out, within the job's limits.

    `volume` counts every byte that came, kept or not.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.volume = 0
        self.kept = 0
        # By display id, where it is shown: the cell that pays for it, and the output.
        self.displays: dict[str, list[tuple[CellOutputs, Output]]] = {}

    def forget_displays(self, cell: "CellOutputs") -> None:
        """The displays of the cell are not updated any more."""
        left = {
            name: [one for one in shown if one[0] is not cell]
            for name, shown in self.displays.items()
        }
        self.displays = {name: shown for name, shown in left.items() if shown}


class CellOutputs:
    """One cell's outputs. `add` takes a frame, `text` takes captured bytes."""

    def __init__(self, job: JobOutputs, count: int) -> None:
        self.job = job
        self.outputs: list[Output] = []
        self.tail = ""
        self._count = count
        self._kept = 0
        self._cut = False
        self._clear_next = False
        self._decoders = {
            name: codecs.getincrementaldecoder("utf-8")("replace")
            for name in ("stdout", "stderr")
        }
        self._adders: dict[str, Callable[[Frame], None]] = {
            "stream": self._add_stream,
            "display": self._add_display,
            "update": self._update_display,
            "result": self._add_result,
            "error": self._add_error,
            "clear": self._clear,
            "dropped": self._drop,
        }

    def add(self, frame: Frame) -> bool:
        """Take the frame in, if it is an output that makes sense; say if it was one."""
        adder = self._adders.get(str(frame.get("t")))
        if adder is not None:
            adder(frame)
        return adder is not None

    def text(self, name: str, data: bytes) -> None:
        """Take in bytes that were captured from standard output or error."""
        self.job.volume += len(data)
        text = self._decoders[name].decode(data)
        if not text:
            return
        self._clear_if_due()
        self.tail = (self.tail + text[-TAIL_CHARACTERS:])[-TAIL_CHARACTERS:]
        room = self.room()
        kept = text if len(text) <= room else text[: max(0, room)]
        if kept:
            self._append_text(name, kept)
        if len(kept) < len(text):
            self._cut_off(name)

    def _append_text(self, name: str, text: str) -> None:
        self.use(len(text))
        last = self.outputs[-1] if self.outputs else {}
        if last.get("output_type") == "stream" and last.get("name") == name:
            last["text"].append(text)
        else:
            self.outputs.append({"output_type": "stream", "name": name, "text": [text]})

    def room(self) -> int:
        """Return how much more the cell may keep."""
        limits = self.job.limits
        if self._cut or len(self.outputs) >= MAX_OUTPUTS:
            return 0
        return min(
            limits.cell_output_bytes - self._kept,
            limits.job_output_bytes - self.job.kept,
        )

    def use(self, size: int) -> None:
        """The cell, and the job, keep that much more."""
        self._kept += size
        self.job.kept += size

    def _cut_off(self, name: str = "stderr") -> None:
        """The place where outputs end early is marked, once."""
        if not self._cut:
            self._cut = True
            limits = self.job.limits
            whole_job = self.job.kept >= limits.job_output_bytes
            limit = limits.job_output_bytes if whole_job else limits.cell_output_bytes
            self._append_text(name, _MARKER.format(limit))

    def _add_stream(self, frame: Frame) -> None:
        name, data = frame.get("name"), frame.get("data")
        if name in self._decoders and isinstance(data, str):
            try:
                self.text(name, base64.b64decode(data, validate=True))
            except (binascii.Error, ValueError):
                return

    def _keep(self, output: Output) -> bool:
        self._clear_if_due()
        size = len(json.dumps(output))
        if size > self.room():
            self._cut_off()
            return False
        self.use(size)
        self.outputs.append(output)
        return True

    def _add_display(self, frame: Frame) -> None:
        """A display takes the place of the earlier ones with its id, too."""
        self._update_display(frame)
        output = {"output_type": "display_data", **_bundle(frame)}
        name = frame.get("display_id")
        if self._keep(output) and isinstance(name, str):
            self.job.displays.setdefault(name, []).append((self, output))

    def _update_display(self, frame: Frame) -> None:
        name, bundle = frame.get("display_id"), _bundle(frame)
        shown = self.job.displays.get(name, []) if isinstance(name, str) else []
        for cell, output in shown:
            growth = len(json.dumps(bundle)) - len(json.dumps(_bundle(output)))
            if growth > cell.room():
                self._cut_off()
                return
            cell.use(growth)
            output.update(bundle)

    def _add_result(self, frame: Frame) -> None:
        count = {"execution_count": self._count}
        self._keep({"output_type": "execute_result", **count, **_bundle(frame)})

    def _add_error(self, frame: Frame) -> None:
        """Errors are kept even past the limit, but short."""
        self._clear_if_due()
        lines = frame.get("traceback")
        traceback = [str(line) for line in lines] if isinstance(lines, list) else []
        output = {
            "output_type": "error",
            "ename": str(frame.get("ename"))[:200],
            "evalue": str(frame.get("evalue"))[:MAX_TRACEBACK_LINE],
            "traceback": _shortened(traceback),
        }
        errors = sum(one["output_type"] == "error" for one in self.outputs)
        if errors < MAX_ERRORS:
            self.use(len(json.dumps(output)))
            self.outputs.append(output)
        self.tail = (self.tail + f"\n{output['ename']}")[-TAIL_CHARACTERS:]

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
        self.job.forget_displays(self)
        self.job.kept -= self._kept
        self._kept = 0
        self._cut = False
        self.tail = ""

    def finish(self) -> list[Output]:
        """Return the outputs as the notebook stores them."""
        for output in self.outputs:
            if output["output_type"] == "stream":
                output["text"] = "".join(output["text"])
        return self.outputs


def _bundle(frame: Mapping[str, Any]) -> Output:
    """Return the data and metadata of a display, what does not fit the format gone."""
    data, metadata = frame.get("data"), frame.get("metadata")
    items = list(data.items())[:MAX_MIME_TYPES] if isinstance(data, dict) else []
    kept = {
        mime: form
        for mime, value in items
        if len(mime) <= MAX_MIME_NAME and (form := _form(mime, value)) is not None
    }
    if not isinstance(metadata, dict) or len(json.dumps(metadata)) > MAX_METADATA:
        metadata = {}
    return {"data": kept, "metadata": metadata}


def _form(mime: str, value: object) -> object:
    """Return the value as the format holds it under this media type, None if not."""
    if mime.endswith("json") or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "".join(value)
    return None


def _shortened(lines: list[str]) -> list[str]:
    lines = [line[:MAX_TRACEBACK_LINE] for line in lines]
    if len(lines) <= MAX_TRACEBACK_LINES:
        return lines
    half = MAX_TRACEBACK_LINES // 2
    dropped = len(lines) - 2 * half
    return [*lines[:half], f"[{dropped} parts left out]", *lines[-half:]]
