"""Recognise files beside a foreign notebook that sound like the staff's, by name.

SECURITY: the files beside a source notebook were written by staff, for staff: a copy of
the notebook as a script, solutions, marks, a database of them. Students get the files
that do not sound like these. A name is no proof, so staff see the whole list before
they publish.
"""

import re
from collections.abc import Collection, Iterable
from pathlib import PurePath
from typing import Final

from formats.importing.mentions import Mentions

# Words in names of files that are never for students.
_NEVER: Final = frozenset(
    {
        *("solution", "solutions", "soln", "solns", "sol", "sols", "solved"),
        *("answer", "answers", "ans", "hidden", "private", "secret", "secrets"),
        *("staff", "instructor", "instructors", "teacher", "teachers", "lecturer"),
        *("autograder", "autograded", "autograding", "grader", "gradebook", "nbgrader"),
        *("submitted", "key", "keys", "markscheme"),
        # Solutions, answers and teachers in other languages. A public file's name has no accents.
        *("corrige", "corriges", "corrigetype", "reponse", "reponses", "enseignant"),
        *("respuesta", "respuestas", "resposta", "respostas", "gabarito", "profesor"),
        *("risposta", "risposte", "docente", "docenti", "antwoord", "antwoorden"),
        *("antwort", "antworten", "lehrer", "dozent", "erwartungshorizont"),
        *("losning", "losninger", "losningar", "losningsforslag", "facit", "fasit"),
        *("ratkaisu", "ratkaisut", "reseni", "riesenie", "rjesenje", "cozum"),
        *("cozumler", "odpowiedzi", "otvety", "reshenie", "resheniya"),
    }
)
# The same inside longer words, as in `hwsolution.py`, but not in `resolution.csv`.
_NEVER_WITHIN: Final = re.compile(
    r"(?<!re)(?<!dis)(?<!ab)solution|answer|hidden|secret|gradebook|nbgrader|autograde"
    r"|(?<!auf)(?<!\bab)(?<!\baus)(?<!\bein)(?<!\ber)(?<!\bver)loe?sung"
    r"|(?<!re)(?<!ri)(?<!dis)(?<!as)(?<!ab)solu(?:zion|cion|cao|coes)|uitwerking"
    r"|oplossing|rozwiazani|megoldas"
)
# At the top level, files with these words are the staff's, unless the hand-out names
# them.
_UNLESS_NAMED: Final = frozenset(
    {
        *(
            "grade",
            "grades",
            "grading",
            "mark",
            "marks",
            "marking",
            "rubric",
            "rubrics",
        ),
        *("feedback", "reference", "backup", "draft", "expected", "labels"),
        *("submission", "submissions"),
    }
)
_TEST_MODULE: Final = re.compile(r"(test_.*|.*_tests?|tests?|conftest)\.py")
# Suffixes of programs and documents that can be made from a notebook.
_TWINS: Final = frozenset(
    {
        *("py", "md", "rmd", "qmd", "r", "jl", "html", "htm", "tex", "pdf", "rst"),
        *("txt", "docx", "doc", "odt", "ipynb", "json", "myst", "bak", "orig", "old"),
        *("rej", "swp", "tmp", "log", "slides", "script", "lgt", "ps", "epub", "pptx"),
    }
)
_PICTURES: Final = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp"})
_DATABASES: Final = frozenset({"db", "sqlite", "sqlite3"})
_ARCHIVES: Final = frozenset({"zip", "tar", "tgz", "7z", "rar"})
_COPIES: Final = frozenset({"ipynb", "bak", "orig", "rej", "swp", "old"})


def has_staff_name(part: str) -> bool:
    """Return whether a file or folder of this name is never for students."""
    words = _words(part)
    return bool(_NEVER.intersection(words)) or any(
        _NEVER_WITHIN.search(word) for word in words
    )


def is_for_staff(inner: PurePath, notebooks: Iterable[str], handout: Mentions) -> bool:
    """Return whether a file is left out, by its path relative to the notebook.

    `notebooks` are the stems of the assignment's notebooks. `handout` is what the
    hand-out names: some files are included if it names them.
    """
    stem, *endings = inner.name.lower().split(".")
    if has_staff_name(inner.name):
        is_shown = not _PICTURES.isdisjoint(endings) and handout.names(inner)
        return not is_shown
    if _COPIES.intersection(endings):
        return True
    own = {name.lower() for name in notebooks}
    if stem in own and _TWINS.intersection(endings):
        return True
    if len(inner.parts) > 1 and stem not in own:
        return False
    is_doubtful = (
        stem in own
        or bool(_UNLESS_NAMED.intersection(_words(inner.name)))
        or bool((_DATABASES | _ARCHIVES).intersection(endings))
        or bool(_TEST_MODULE.fullmatch(inner.name))
        or (_is_after(stem, own) and bool(_TWINS.intersection(endings)))
    )
    return is_doubtful and not handout.names(inner)


def _is_after(stem: str, own: Collection[str]) -> bool:
    """Return whether the name continues a notebook's name: `hw1_old`, `hw1-v2`."""
    return any(re.match(rf"{re.escape(each)}[^a-z0-9]", stem) for each in own if each)


def _words(name: str) -> list[str]:
    """Return the words of `hwSolution_2.py`: hw, solution, py."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[^\W\d_]+", parted.lower())
