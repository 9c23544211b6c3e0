"""Classes that a template's first comment names for its variables exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

ROOT: Final = Path(settings.BASE_DIR)
_COMMENT: Final = re.compile(r"{% comment %}(.*?){% endcomment %}", re.DOTALL)
_CLASS: Final = re.compile(
    r"\b(?:accounts|courses|formats|gradebook|grading|portal|rendering|submissions)"
    r"(?:\.[a-z_]+)+\.[A-Z]\w+"
)


def named_classes() -> Iterator[tuple[str, str]]:
    """Yield each template with each class that its first comment names."""
    for path in sorted((ROOT / "templates").rglob("*.html")):
        comment = _COMMENT.search(path.read_text())
        for name in _CLASS.findall(comment[1]) if comment else ():
            yield str(path.relative_to(ROOT)), name


@pytest.mark.parametrize(("template", "name"), [*named_classes()])
def test_class_that_a_template_names_exists(template: str, name: str) -> None:
    assert isinstance(import_string(name), type), template


def test_many_templates_name_classes() -> None:
    assert len(list(named_classes())) > 50
