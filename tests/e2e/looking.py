"""How a page looks: whether it fits, in both themes and sizes, and what axe says.

axe looks twice, so that it sees each theme and each size: its rules on colours do not
depend on the width, nor those on what is shown on the colours.
"""

from itertools import product
from typing import Final, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
WIDTHS: Final = (1280, 390)
LOOKED_AT: Final = (("light", 1280), ("dark", 390))
# When nothing on the page moves any more.
SETTLED: Final = (
    "() => Promise.all(document.getAnimations().map(each => each.finished))"
)
AXE: Final = Axe().axe_script
TOO_WIDE: Final = "document.documentElement.scrollWidth > innerWidth"
# Preloading would fetch each imported stylesheet again, beside the page. A frame that
# runs no script cannot be asked. What is in order need not be told.
OPTIONS: Final = {
    "preload": False,
    "iframes": False,
    "resultTypes": ["violations"],
}


def flaws_of(page: Page) -> list[str]:
    """What is wrong with the page that is open, in each theme and size."""
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
