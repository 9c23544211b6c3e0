"""Read YAML by its nodes, so that every fault has a line.

YAML guesses types: `no` is false, `10:00` is 600 and 2027-01-31 is a date. Here a value
must have the type that its key requires, and the fault says what YAML guessed instead.
"""

import difflib
import re
from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Final

import yaml

from formats.problems import ProblemList
from formats.unreadable_files import Reason, text_of
from runner.protocol.jobs import Scalar

MAX_BYTES: Final = 256 * 1024
_TAG: Final = "tag:yaml.org,2002:"
_WHOLE: Final = re.compile(r"[-+]?\d{1,15}")
_FIGURES: Final = re.compile(r"0|[1-9]\d{0,8}")
_NUMBER: Final = re.compile(r"[-+]?(\d{1,12}(\.\d{0,9})?|\.\d{1,9})")
_EXPONENT: Final = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d{1,3}")
_KINDS: Final = {
    "bool": "as true or false",
    "int": "as a number",
    "float": "as a number",
    "null": "as nothing",
    "timestamp": "as a date",
}


def parse(
    data: bytes, *, file: str, faults: ProblemList, max_bytes: int = MAX_BYTES
) -> yaml.MappingNode | None:
    """Return the document's top mapping, or None with the reason in `faults`."""
    if len(data) > max_bytes:
        faults.add(f"The file is larger than {max_bytes // 1024} KB.", file=file)
        return None
    text = text_of(data, "YAML")
    if isinstance(text, Reason):
        faults.add(text.message, file=file, line=text.line, hint=text.hint)
        return None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        faults.add(
            f"This is not YAML: {error.problem or error.context}.",
            file=file,
            line=mark.line + 1 if mark else None,
            hint="Check the indentation and the colons around this line.",
        )
    except yaml.YAMLError:
        faults.add("This is not YAML: it has a control character.", file=file)
    except RecursionError:
        faults.add("The file is nested too deeply.", file=file)
    else:
        if isinstance(node, yaml.MappingNode):
            return node
        faults.add("The file must be a mapping: lines of “key: value”.", file=file)
    return None


def _tag(node: yaml.Node) -> str:
    return str(node.tag).removeprefix(_TAG)


def _shown(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        text = str(node.value)
        return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"  # noqa: PLR2004
    return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"


def nearest(word: str, known: Collection[str]) -> str:
    """Return a hint that names the nearest known word, or all known words."""
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean “{close[0]}”?" if close else f"Known: {', '.join(known)}."


class Section:
    """A mapping of the document with a known set of keys.

    Each method returns the value of one key. If the value is wrong, the reason is noted
    in `faults` and a stand-in is returned, so that reading goes on and finds the other
    faults.
    """

    def __init__(
        self,
        node: yaml.MappingNode,
        *,
        known: Collection[str] | None,
        file: str,
        faults: ProblemList,
    ) -> None:
        self._file, self._faults = file, faults
        self.line = node.start_mark.line + 1
        self._values: dict[str, yaml.Node] = {}
        for key, value in node.value:
            self._take(key, value, known)

    def _take(
        self, key: yaml.Node, value: yaml.Node, known: Collection[str] | None
    ) -> None:
        name = self._text(key, "A key")
        if name is None:
            return
        if name in self._values:
            self.fault(f"“{name}” is here twice.", key, hint="Remove one of them.")
        elif known is not None and name not in known:
            self.fault(f"“{name}” is not known here.", key, hint=nearest(name, known))
        else:
            self._values[name] = value

    def fault(
        self, message: str, node: yaml.Node | str | None = None, *, hint: str = ""
    ) -> None:
        """Note a fault at a node, at a key's value, or at the section."""
        at = self._values.get(node) if isinstance(node, str) else node
        line = at.start_mark.line + 1 if at is not None else self.line
        self._faults.add(message, file=self._file, line=line, hint=hint)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def require(self, *keys: str) -> None:
        """Note a fault for each key that is missing."""
        for key in keys:
            if key not in self._values:
                self.fault(f"“{key}” is missing here.", hint=f"Add “{key}: …”.")

    def _text(self, node: yaml.Node, what: str) -> str | None:
        if _tag(node) == "str" and isinstance(node, yaml.ScalarNode):
            return str(node.value)
        if isinstance(node, yaml.ScalarNode) and node.value:
            read = _KINDS.get(_tag(node), "as something else")
            self.fault(
                f"{what} must be text, but YAML reads {_shown(node)} {read}.",
                node,
                hint=f'Put it in quotes: "{node.value}".',
            )
        else:
            self.fault(f"{what} must be text, not {_describe(node)}.", node)
        return None

    def text(self, key: str, default: str = "", *, longest: int = 10_000) -> str:
        """Return a text, without white space around it."""
        node = self._values.get(key)
        if node is None:
            return default
        value = self._text(node, f"“{key}”")
        if value is None:
            return default
        if len(value.strip()) > longest:
            self.fault(f"“{key}” is longer than {longest} characters.", node)
        elif not value.strip() and default == "":
            self.fault(f"“{key}” is empty.", node, hint="Write it, or leave it out.")
        return value.strip()[:longest]

    def choice(self, key: str, known: Collection[str], default: str) -> str:
        """Return one of the known words."""
        value = self.text(key, default)
        if value not in known:
            self.fault(f"“{key}” cannot be “{value}”.", key, hint=nearest(value, known))
            return default
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return a boolean that is spelled true or false."""
        node = self._values.get(key)
        if node is None:
            return default
        if _tag(node) == "bool" and str(node.value).lower() in ("true", "false"):
            return str(node.value).lower() == "true"
        self.fault(
            f"“{key}” must be true or false, not {_shown(node)}.",
            node,
            hint="Write true or false without quotes.",
        )
        return default

    def whole(self, key: str, default: int, *, lowest: int, highest: int) -> int:
        """Return a whole number between two bounds, both included."""
        number = self.number(key)
        if number is None:
            return default
        if number != int(number) or not lowest <= number <= highest:
            self.fault(
                f"“{key}” must be a whole number from {lowest} to {highest}.", key
            )
            return default
        return int(number)

    def number(self, key: str) -> Decimal | None:
        """Return a plain decimal number, exactly as written, or None."""
        node = self._values.get(key)
        if node is None:
            return None
        plain = isinstance(node, yaml.ScalarNode) and _tag(node) in ("int", "float")
        if plain and _NUMBER.fullmatch(str(node.value)):
            return Decimal(str(node.value))
        hint = "Write a plain number such as 2 or 2.5, without quotes."
        if ":" in str(node.value):
            hint = "YAML reads digits with a colon as a number in base 60. " + hint
        self.fault(f"“{key}” must be a number, not {_shown(node)}.", node, hint=hint)
        return None

    def scalars(self) -> dict[str, Scalar]:
        """Return every key's plain value: None, a boolean, a number or a text."""
        return {key: self._scalar(key, node) for key, node in self._values.items()}

    def _scalar(self, key: str, node: yaml.Node) -> Scalar:
        text, tag = str(node.value), _tag(node)
        if not isinstance(node, yaml.ScalarNode):
            self.fault(f"“{key}” must be one value, not {_shown(node)}.", node)
        elif tag == "str":
            return text
        elif tag == "null":
            return None
        elif tag == "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        elif tag == "int" and _WHOLE.fullmatch(text):
            return int(text)
        elif tag == "float" and (_NUMBER.fullmatch(text) or _EXPONENT.fullmatch(text)):
            return float(text)
        else:
            self.fault(
                f"“{key}” is not a plain value: {_shown(node)}.",
                node,
                hint=f'Put text in quotes: "{text[:40]}".',
            )
        return None

    def section(self, key: str, known: Collection[str] | None) -> "Section | None":
        """Return the mapping under a key, or None if the key is not there."""
        node = self._values.get(key)
        return None if node is None else self._section(key, node, known)

    def sections(self, key: str, known: Collection[str]) -> list["Section"]:
        """Return the mappings of the list under a key."""
        found = [self._section(key, node, known) for node in self._items(key)]
        return [section for section in found if section is not None]

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts of the list under a key."""
        found = [self._text(node, f"An entry of “{key}”") for node in self._items(key)]
        return tuple(text for text in found if text is not None)

    def wholes(self, key: str) -> tuple[int, ...]:
        """Return the whole numbers of the list under a key, each zero or more."""
        found = []
        for node in self._items(key):
            if _tag(node) == "int" and _FIGURES.fullmatch(str(node.value)):
                found.append(int(node.value))
            else:
                self.fault(
                    f"An entry of “{key}” must be a whole number, not {_shown(node)}.",
                    node,
                )
        return tuple(found)

    def _items(self, key: str) -> list[yaml.Node]:
        node = self._values.get(key)
        if node is None:
            return []
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        self.fault(
            f"“{key}” must be a list, not {_describe(node)}.",
            node,
            hint="Begin each entry with a dash.",
        )
        return []

    def _section(
        self, key: str, node: yaml.Node, known: Collection[str] | None
    ) -> "Section | None":
        if isinstance(node, yaml.MappingNode):
            return Section(node, known=known, file=self._file, faults=self._faults)
        self.fault(
            f"“{key}” must hold lines of “key: value”, not {_describe(node)}.", node
        )
        return None


def _describe(node: yaml.Node) -> str:
    is_empty = isinstance(node, yaml.ScalarNode) and not node.value
    return "nothing" if is_empty else _shown(node)
