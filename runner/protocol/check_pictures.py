"""Pictures that a check shows. A jail sends samples, and the host writes the PNG.

SECURITY: a browser gets nothing but a PNG that `_png` has written: a header, one block of
samples, an end. No library reads a picture in a process that is trusted.
"""

import base64
import binascii
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from runner.protocol.clean_texts import clean_line

MOST_PICTURES: Final = 4
# Of one picture.
MOST_PIXELS: Final = 640 * 480
# Of all pictures of one check, as PNG.
MOST_BYTES: Final = 48 * 1024
CAPTION_LENGTH: Final = 120
FAULT_LENGTH: Final = 300
NOT_READ: Final = "its samples could not be read"
# A smaller picture is shown enlarged, with its pixels as squares.
_SMALL: Final = 96
_MOST_SENT: Final = 2 * MOST_BYTES
# PNG's number for what a pixel has: grey; red, green and blue; these and opacity.
_COLOUR_TYPES: Final = {1: 0, 3: 2, 4: 6}
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_STORED: Final = re.compile(r"iVBORw0KGgo[A-Za-z0-9+/]+={0,2}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Samples:
    """A picture as bytes, row by row: `channels` of them for each pixel."""

    width: int
    height: int
    channels: int
    data: bytes

    def to_json(self) -> dict[str, Any]:
        """Return a plain object for a frame."""
        packed = base64.b64encode(zlib.compress(self.data)).decode()
        sizes = {"width": self.width, "height": self.height}
        return {**sizes, "channels": self.channels, "samples": packed}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self | None:
        """Return the samples that `to_json` wrote, or None if they are invalid.

        SECURITY: the object is hostile. Its sizes are checked before anything is made of
        them, and nothing is unpacked beyond these.
        """
        width, height = _size(data.get("width")), _size(data.get("height"))
        channels = _size(data.get("channels"))
        packed = data.get("samples")
        if not 0 < width * height <= MOST_PIXELS or channels not in _COLOUR_TYPES:
            return None
        if not isinstance(packed, str) or len(packed) > _MOST_SENT:
            return None
        whole = width * height * channels
        try:
            sent = base64.b64decode(packed, validate=True)
            found = zlib.decompressobj().decompress(sent, whole + 1)
        except (binascii.Error, ValueError, zlib.error):
            return None
        if len(found) != whole:
            return None
        return cls(width=width, height=height, channels=channels, data=found)

    def png(self) -> bytes:
        """Return the picture as the bytes of a PNG file."""
        row = self.width * self.channels
        rows = (
            b"\x00" + self.data[start : start + row]
            for start in range(0, len(self.data), row)
        )
        colours = _COLOUR_TYPES[self.channels]
        header = struct.pack("!IIBBBBB", self.width, self.height, 8, colours, 0, 0, 0)
        return b"".join(
            (
                _SIGNATURE,
                _chunk(b"IHDR", header),
                _chunk(b"IDAT", zlib.compress(b"".join(rows))),
                _chunk(b"IEND", b""),
            )
        )


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", check)


def _size(number: object) -> int:
    """Return a number of pixels or bytes, 0 if it is none."""
    if isinstance(number, bool) or not isinstance(number, int):
        return 0
    return number if 0 < number <= MOST_PIXELS else 0


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture as it is stored and shown: `png` is a PNG file in Base64.

    With a `fault`, there is none: these words say why.
    """

    caption: str
    width: int = 0
    height: int = 0
    png: str = ""
    fault: str = ""

    @property
    def address(self) -> str:
        """The picture as the address of an image."""
        return f"data:image/png;base64,{self.png}"

    @property
    def is_small(self) -> bool:
        """Whether it has so few pixels that it is shown enlarged."""
        return max(self.width, self.height) <= _SMALL

    def to_json(self) -> dict[str, Any]:
        """Return a plain object without what is empty."""
        return {name: value for name, value in vars(self).items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self | None:
        """Return the picture that `to_json` wrote, or None if it is invalid."""
        caption = clean_line(data.get("caption"), CAPTION_LENGTH)
        fault = clean_line(data.get("fault"), FAULT_LENGTH)
        if fault:
            return cls(caption=caption, fault=fault)
        width, height = _size(data.get("width")), _size(data.get("height"))
        png = data.get("png")
        is_png = isinstance(png, str) and len(png) <= _MOST_SENT
        if not (width and height and is_png and _STORED.fullmatch(str(png))):
            return None
        return cls(caption=caption, width=width, height=height, png=str(png))


class PictureCount:
    """Counts the pictures of one check: how many there are, and their bytes as PNG."""

    def __init__(self) -> None:
        self.pictures: list[Picture] = []
        self.bytes_left = MOST_BYTES

    @property
    def is_full(self) -> bool:
        """Whether the check shows no more pictures."""
        return len(self.pictures) >= MOST_PICTURES

    def add(self, caption: str, samples: Samples) -> bool:
        """Count the picture, and return whether there was room for its bytes."""
        png = samples.png()
        has_room = len(png) <= self.bytes_left
        if has_room and not self.is_full:
            self.bytes_left -= len(png)
            picture = Picture(
                caption=clean_line(caption, CAPTION_LENGTH),
                width=samples.width,
                height=samples.height,
                png=base64.b64encode(png).decode(),
            )
            self.pictures.append(picture)
        return has_room

    def add_fault(self, caption: str, fault: str) -> None:
        """Count a picture of which only these words are shown."""
        if not self.is_full:
            caption = clean_line(caption, CAPTION_LENGTH)
            words = clean_line(fault, FAULT_LENGTH) or NOT_READ
            self.pictures.append(Picture(caption=caption, fault=words))


def pictures_from_jail(data: object) -> tuple[Picture, ...]:
    """Return the pictures of a check whose samples, or faults, stand in a frame.

    SECURITY: the frame is hostile. A PNG in it is not looked at.
    """
    count = PictureCount()
    sent = data[:MOST_PICTURES] if isinstance(data, Sequence) else ()
    for one in sent:
        if not isinstance(one, Mapping):
            continue
        caption, fault = str(one.get("caption", "")), one.get("fault")
        samples = None if fault else Samples.from_json(one)
        if samples is None or not count.add(caption, samples):
            count.add_fault(caption, fault if isinstance(fault, str) else NOT_READ)
    return tuple(count.pictures)
