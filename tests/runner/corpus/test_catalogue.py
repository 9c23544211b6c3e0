"""docs/attacks.md covers every row, and claims no more than the tests show."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.runner.corpus import attacks
from tests.runner.corpus.attack import Attack, Upload
from tests.runner.corpus.attacks import batches
from tests.runner.corpus.places import ROOT

_PAGE: Final = (ROOT / "docs" / "attacks.md").read_text()
_ROW: Final = re.compile(r"^\| (\d+) \| .+ \| .+ \| (.+) \|$", re.MULTILINE)
_REFERENCE: Final = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
SHOWN: Final = _ROW.findall(_PAGE)


def written() -> Iterator[Attack | Upload]:
    """Yield every hostile submission once; batches repeat others and are left out."""
    seen = set()
    for about in pkgutil.iter_modules(attacks.__path__, f"{attacks.__name__}."):
        module = importlib.import_module(about.name)
        for value in vars(module).values() if module is not batches else ():
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, Attack | Upload) and id(one) not in seen:
                    seen.add(id(one))
                    yield one


def in_words(row: int) -> str:
    """Return the words that the page must have for the corpus's attacks of a row."""
    mine = [one for one in written() if one.row == row]
    if not mine:
        return ""
    return f"{len(mine)} attack{'s' if len(mine) > 1 else ''} here"


def test_no_two_attacks_have_the_same_name() -> None:
    names = [one.id for one in written()]
    assert len(names) == len(set(names))


def test_every_row_is_on_the_page_once() -> None:
    numbers = [int(number) for number, _ in SHOWN]
    assert numbers == list(range(1, len(SHOWN) + 1))
    assert len(SHOWN) > 200


@pytest.mark.parametrize(
    ("number", "shown"), SHOWN, ids=[number for number, _ in SHOWN]
)
def test_row_names_its_attacks_or_tests(number: str, shown: str) -> None:
    words = in_words(int(number))
    first, _, rest = shown.partition("; ")
    assert first == words if words else " attack" not in first
    others = _REFERENCE.findall(shown) or "not yet: " in shown
    assert words or others, "nothing shows it, and nothing says so"
    assert not rest or others


@pytest.mark.parametrize(("path", "name"), sorted(set(_REFERENCE.findall(_PAGE))))
def test_every_test_that_the_page_names_exists(path: str, name: str) -> None:
    assert f"\ndef {name}(" in (ROOT / path).read_text()
