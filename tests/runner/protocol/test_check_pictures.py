"""A picture that a jail sends becomes a PNG of ours, or nothing."""

import base64
import io
import zlib
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from runner.protocol.allowed_reports import allowed_reports
from runner.protocol.check_pictures import (
    MOST_BYTES,
    MOST_PICTURES,
    MOST_PIXELS,
    NOT_READ,
    Picture,
    PictureCount,
    Samples,
    pictures_from_jail,
)
from runner.protocol.check_reports import CheckReport
from runner.protocol.check_words import parse_outcome
from runner.protocol.jobs import CheckSpec, QuestionSpec

_MODES: Final = {1: "L", 3: "RGB", 4: "RGBA"}


def sent(width: int, height: int, channels: int = 1, **more: object) -> dict[str, Any]:
    """Return a picture as an honest grader sends it, changed by `more`."""
    data = bytes(range(256)) * (1 + width * height * channels // 256)
    samples = Samples(
        width=width,
        height=height,
        channels=channels,
        data=data[: width * height * channels],
    )
    return {"caption": "A picture", **samples.to_json(), **more}


@pytest.mark.parametrize("channels", _MODES)
def test_the_png_has_the_pixels_that_were_sent(channels: int) -> None:
    frame = sent(5, 3, channels)
    (picture,) = pictures_from_jail([frame])
    image = Image.open(io.BytesIO(base64.b64decode(picture.png)))
    assert (image.mode, image.size) == (_MODES[channels], (5, 3))
    assert np.asarray(image).tobytes() == bytes(range(15 * channels))
    assert (picture.caption, picture.width, picture.height) == ("A picture", 5, 3)
    assert Picture.from_json(picture.to_json()) == picture


def packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


_LIES: Final[dict[str, dict[str, Any]]] = {
    "wider than its samples": {"width": 6},
    "narrower than its samples": {"width": 4},
    "more channels": {"channels": 3},
    "two channels": {"channels": 2},
    "no width": {"width": 0},
    "a negative width and height": {"width": -5, "height": -3},
    "a width that is true": {"width": True, "samples": packed(bytes(3))},
    "a width that is text": {"width": "5"},
    "a width with a point": {"width": 5.0},
    "a huge width": {"width": 10**400},
    "too many pixels": {"width": MOST_PIXELS, "height": 2},
    "no samples": {"samples": None},
    "samples that are no Base64": {"samples": "<script>"},
    "samples in other letters": {"samples": "é" * 8},
    "samples that are not packed": {"samples": base64.b64encode(bytes(15)).decode()},
    "samples that end early": {"samples": packed(bytes(range(15)))[:16]},
    "samples that unpack to much": {"samples": packed(bytes(10**7))},
    "samples that are long": {"samples": "A" * 3 * MOST_BYTES},
}


@pytest.mark.parametrize("lie", _LIES)
def test_a_picture_that_lies_is_words(lie: str) -> None:
    (picture,) = pictures_from_jail([{**sent(5, 3), **_LIES[lie]}])
    assert picture == Picture(caption="A picture", fault=NOT_READ)


def test_noise_that_takes_too_many_bytes_is_words() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 200), np.uint8).tobytes()
    samples = Samples(width=200, height=200, channels=1, data=noise)
    (one, other) = pictures_from_jail([samples.to_json()] * 2)
    assert one.png
    assert other.fault == NOT_READ
    count = PictureCount()
    assert [count.add("x", samples) for _ in range(2)] == [True, False]


def test_only_so_many_pictures_are_taken() -> None:
    assert len(pictures_from_jail([sent(1, 1)] * 99)) == MOST_PICTURES
    assert len(pictures_from_jail([{"fault": "x"}] * 99)) == MOST_PICTURES


def test_the_words_of_a_jail_are_cut_and_clean() -> None:
    text = "x\x00\u202e\ud800\n" * 999
    (picture,) = pictures_from_jail([{"caption": text, "fault": text}])
    assert len(picture.caption) <= 120
    assert len(picture.fault) <= 300
    assert (picture.caption + picture.fault).isprintable()


def test_a_png_that_a_jail_has_written_is_not_shown() -> None:
    (own,) = pictures_from_jail([sent(1, 1)])
    planted = CheckReport(pictures=(own,)).to_json()
    question = QuestionSpec(
        key="q", source="import softmark", checks=(CheckSpec(name="a"),)
    )
    frame = {"name": "a", "score": 0, "message": "", "report": planted}
    allowed = allowed_reports(question)
    for more in ({}, {"pictures": planted["pictures"]}):
        outcome = parse_outcome({**frame, **more}, ["a"], [], allowed)
        assert outcome is not None
        assert not any(one.png for one in outcome.report.pictures)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)
_KEYS: Final = ("caption", "width", "height", "channels", "samples", "png", "fault")


@settings(max_examples=60)
@given(st.lists(st.dictionaries(st.sampled_from(_KEYS), anything)) | anything)
def test_whatever_a_jail_sends_is_pictures_or_words(data: object) -> None:
    for picture in pictures_from_jail(data):
        assert bool(picture.png) != bool(picture.fault)


@pytest.mark.parametrize(
    "png", ["", "PHN2Zz4=", "iVBORw0KGgo<script>", 'iVBORw0KGgoA"', None, 7]
)
def test_what_is_stored_and_no_png_is_left_out(png: object) -> None:
    stored = {"caption": "x", "width": 1, "height": 1, "png": png}
    assert CheckReport.from_json({"pictures": [stored]}).pictures == ()
