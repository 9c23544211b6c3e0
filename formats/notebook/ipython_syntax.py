"""Handle IPython's own syntax in a cell: magics, shell commands and help requests."""

import keyword
import re
from typing import Final

# Cell magics that run the rest of the cell as Python.
_PYTHON_MAGICS: Final = frozenset(("time", "timeit", "capture", "prun", "debug"))
# Matches a line without its indentation.
_TIMED: Final = re.compile(r"%(?:time|prun)\s+(?!-)(.*)")
# Magics that run a statement, and those of their options that are certainly not part of
# it.
_RUNS: Final = re.compile(r"((?:[\w, ]+=[ \t]*)?)%(?:time|timeit|prun|debug)\b(.*)")
_OPTIONS: Final = re.compile(r"(?:[ \t]+-(?:[nrpl][ \t]*\d+|[qotc]+)(?=[ \t]|$))*")
_NAME: Final = re.compile(r"(?<![\w.])[^\W\d]\w*")
_IN_BRACES: Final = re.compile(r"\{[^{}]*\}")
_CAPTURED: Final = re.compile(r"([\w, ]+=)\s*[!%]")


def split_cell_magic(source: str) -> tuple[str, str, str]:
    """Return the name and the arguments of a cell's magic, and the rest of the cell.

    The lines of the rest keep the numbers that they have in the cell. Without a magic,
    the name is empty and the rest is the whole cell.
    """
    text = source.lstrip()
    if not text.startswith("%%"):
        return "", "", source
    head, _, rest = text.partition("\n")
    above = source[: len(source) - len(text)].count("\n") + 1
    name, _, arguments = head[2:].partition(" ")
    return name.strip(), arguments, "\n" * above + rest


def is_python_magic(name: str) -> bool:
    """Return whether a cell with this magic, or with none (""), runs as Python."""
    return not name or name in _PYTHON_MAGICS


def plain_python(source: str) -> str:
    """Return a cell's Python, line by line, without IPython's own syntax.

    Code that a line magic times is kept. The result of a shell command becomes None.
    """
    name, _, rest = split_cell_magic(source)
    if not is_python_magic(name):
        return ""
    return "\n".join(map(_plain_line, rest.split("\n")))


def run_python(source: str) -> str:
    """Return all code that a cell runs as Python, also what its magics time and expand.

    If the options of a magic leave unclear what it runs, a call of `run_magic` has all
    the names in it. The result may have other lines than the cell.
    """
    name, arguments, rest = split_cell_magic(source)
    if not is_python_magic(name):
        return ""
    above = [_call_of_magic(arguments)] if arguments.strip() else []
    return "\n".join((*above, *map(_run_line, rest.split("\n"))))


def _run_line(line: str) -> str:
    text = line.lstrip()
    indent = line[: len(line) - len(text)]
    found = _RUNS.fullmatch(text)
    if found:
        options = _OPTIONS.match(found[2])
        statement = found[2][options.end() if options else 0 :].strip()
        is_plain = statement and not statement.startswith("-")
        return indent + found[1] + (statement if is_plain else _call_of_magic(found[2]))
    plain = _plain_line(line)
    if plain != line and "{" in line:
        return f"{plain}; {_call_of_magic(' '.join(_IN_BRACES.findall(line)))}"
    return plain


def _call_of_magic(text: str) -> str:
    names = dict.fromkeys(_NAME.findall(text))
    return f"run_magic({', '.join(one for one in names if not keyword.iskeyword(one))})"


def _plain_line(line: str) -> str:
    text = line.lstrip()
    indent = line[: len(line) - len(text)]
    timed = _TIMED.fullmatch(text)
    text = timed[1] if timed else text
    captured = _CAPTURED.match(text)
    if captured:
        return f"{indent}{captured[1]} None"
    is_magic = text.startswith(("%", "!", "?")) or _asks_for_help(text)
    return f"{indent}pass" if is_magic else indent + text


def _asks_for_help(text: str) -> bool:
    """Return whether a line without its indentation is like `name?`, and no string."""
    return text.rstrip().endswith("?") and not any(mark in text for mark in "'\"#")
