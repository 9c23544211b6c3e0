"""Checks a page's layout in both themes and sizes, and runs axe on it.

axe runs twice, so that it sees each theme and each size: its rules about colours do not
depend on the width, and the other rules do not depend on colours.
"""

from itertools import product
from typing import Final, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
WIDTHS: Final = (1280, 390)
LOOKED_AT: Final = (("light", 1280), ("dark", 390))
# Resolves once nothing on the page moves any more.
SETTLED: Final = (
    "() => Promise.all(document.getAnimations().map(each => each.finished))"
)
AXE: Final = Axe().axe_script
TOO_WIDE: Final = "document.documentElement.scrollWidth > innerWidth"
# Preloading would fetch each imported stylesheet once more. A frame without scripts
# cannot be tested. Passed rules are left out of the report.
OPTIONS: Final = {
    "preload": False,
    "iframes": False,
    "resultTypes": ["violations"],
}


def flaws_of(page: Page) -> list[str]:
    """Return the flaws of the open page, in each theme and size."""
    page.wait_for_load_state()
    page.evaluate(AXE)
    found = []
    for scheme, width in product(SCHEMES, WIDTHS):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.evaluate(SETTLED)
        flaws = ["wider than the window"] if page.evaluate(TOO_WIDE) else []
        if (scheme, width) in LOOKED_AT:
            flaws += _flaws_now(page)
        found += [f"{page.url} {scheme} {width}: {flaw}" for flaw in flaws]
    return found


def _flaws_now(page: Page) -> list[str]:
    report = page.evaluate("(options) => axe.run(options)", OPTIONS)
    return [
        f"axe {flaw['id']}: {flaw['nodes'][0]['html'][:200]}"
        for flaw in report["violations"]
    ]
