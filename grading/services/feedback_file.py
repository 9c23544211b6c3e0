"""What the file of a feedback page contains beside the page: its styles."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.contrib.staticfiles import finders
from django.utils.safestring import SafeString, mark_safe

# The portal's own stylesheets by their layer, in the order in which its pages load them.
# Fonts are left out: the file loads nothing.
_SHEETS: Final = (
    ("tokens", "tokens"),
    ("base", "base"),
    ("base", "prose"),
    ("base", "highlight"),
    ("components", "components/alert"),
    ("components", "components/badge"),
    ("components", "components/card"),
    ("components", "components/notebook"),
    ("components", "components/page-header"),
    ("components", "components/points"),
    ("components", "components/table"),
    ("pages", "pages"),
    # These name their layer themselves.
    ("", "coursework"),
    ("", "run"),
    ("", "feedback"),
    ("utilities", "utilities"),
)
_ORDER: Final = "@layer tokens, base, layout, components, pages, utilities;"


_ICON: Final = re.compile(r'<svg class="icon[^>]*><use [^>]*></use></svg>')


def without_icons(html: str) -> str:
    """Return the page without icons: they are a file of the portal."""
    return _ICON.sub("", html)


@lru_cache(maxsize=1)
def file_styles() -> SafeString:
    """Return the styles of the page as one element, to stand in the file itself."""
    sheets = (_sheet(layer, name) for layer, name in _SHEETS)
    text = "\n".join((_ORDER, *sheets))
    return mark_safe(f"<style>{text}</style>")  # noqa: S308  our own stylesheets


def _sheet(layer: str, name: str) -> str:
    path = finders.find(f"css/{name}.css")
    text = Path(path).read_text("utf-8") if isinstance(path, str) else ""
    return f"@layer {layer} {{\n{text}\n}}" if layer else text
