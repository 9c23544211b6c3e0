"""IPython's own syntax in a cell: magics, shell commands and questions for help."""

import keyword
import re
from typing import Final

# Cell magics that run the rest of the cell as Python.
_PYTHON_MAGICS: Final = frozenset(("time", "timeit", "capture", "prun", "debug"))
# Of a line without its indentation.
_TIMED: Final = re.compile(r"%(?:time|prun)\s+(?!-)(.*)")
# What runs a statement, and options of it that are sure not to be part of that.
_RUNS: Final = re.compile(r"((?:[\w, ]+=[ \t]*)?)%(?:time|timeit|prun|debug)\b(.*)")
_OPTIONS: Final = re.compile(r"(?:[ \t]+-(?:[nrpl][ \t]*\d+|[qotc]+)(?=[ \t]|$))*")
_NAME: Final = re.compile(r"(?<![\w.])[^\W\d]\w*")
_IN_BRACES: Final = re.compile(r"\{[^{}]*\}")
_CAPTURED: Final = re.compile(r"([\w, ]+=)\s*[!%]")


def split_cell_magic(source: str) -> tuple[str, str, str]:
    """Return the name and the arguments of a cell's magic, and the rest of the cell.

    The lines of the rest have the numbers that they have in the cell. Without a magic
    the name is empty and the rest is the cell.
    """
    text = source.lstrip()
    if not text.startswith("%%"):
        return "", "", source
    head, _, rest = text.partition("\n")
    above = source[: len(source) - len(text)].count("\n") + 1
    name, _, arguments = head[2:].partition(" ")
    return name.strip(), arguments, "\n" * above + rest


def is_python_magic(name: str) -> bool:
    """Say whether the cell magic runs its cell as Python; a cell without one is."""
    return not name or name in _PYTHON_MAGICS


def plain_python(source: str) -> str:
    """Return a cell's Python, line by line, without IPython's own syntax.

    What a line magic times stays; a result of a shell command becomes None.
    """
    name, _, rest = split_cell_magic(source)
    if not is_python_magic(name):
        return ""
    return "\n".join(map(_plain_line, rest.split("\n")))


def run_python(source: str) -> str:
    """Return all that a cell runs as Python, also what its magics time and expand.

    Where that cannot be told from a magic's options, a call of `run_magic` has all the
    names in it. The result may have other lines than the cell.
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
    """Say whether a line without its indentation is one like `name?`, and no string."""
    return text.rstrip().endswith("?") and not any(mark in text for mark in "'\"#")
