"""Take docs/screenshot.png: the page of a finished run in the demo course.

The script prepares and starts a portal of its own in a temporary folder, signs in as
the demo's student, hands in the good example, and waits until its run has ended. `make
screenshot` runs it; CHROMIUM may name the browser.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "screenshot.png"
SIZE: ViewportSize = {"width": 1280, "height": 960}
WORK = ROOT / "examples" / "conv-digits" / "submissions" / "good"
STUDENT = ("student@demo.example", "softmark-demo")
SECONDS_TO_START = 120
SECONDS_TO_RUN = 180
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
QUIET_FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


def browser_path() -> str:
    """Return the path of the system's browser, or exit and say what to install."""
    found = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, BROWSERS)), None
    )
    if found is None:
        sys.exit("No Chromium: apt-get install chromium, or set CHROMIUM to its path")
    return found


def free_port() -> int:
    """Return a port on which no process listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_portal(var: str, port: int) -> subprocess.Popen[bytes]:
    """Start a portal with the demo course; return its supervisor once it answers."""
    env = {
        **os.environ,
        "SOFTMARK_VAR": var,
        "PORT": str(port),
        "SECRET_KEY": "only-for-a-screenshot-" + "x" * 40,
    }
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "prepare"], env=env, check=True)  # noqa: S603
    portal = subprocess.Popen([*manage, "up"], env=env)  # noqa: S603
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and portal.poll() is None:
        try:
            urllib.request.urlopen(f"http://localhost:{port}/healthz")
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return portal
    portal.kill()
    sys.exit("The portal did not start: see above")


def open_finished_run(page: Page, address: str) -> None:
    """Hand in the work, open the page of its run, and wait until the run has ended."""
    page.goto(f"{address}/accounts/login/")
    page.locator("input[name=login]").fill(STUDENT[0])
    page.locator("input[name=password]").fill(STUDENT[1])
    page.locator("main form button[type=submit]").first.click()
    page.goto(f"{address}/courses/deep-learning/coursework/conv-digits/")
    form = page.locator("form[data-submit-form]")
    for name in ("conv-digits.ipynb", "digits.safetensors"):
        form.get_by_label(name).set_input_files(WORK / name)
    form.locator("[name=declaration]").check()
    form.locator("button[type=submit]").click()
    page.wait_for_url("**/runs/**")
    # The page of an active run polls; the page of an ended run does not.
    page.wait_for_function(
        "() => !document.querySelector('[hx-trigger*=every], [data-hx-trigger*=every]')",
        timeout=SECONDS_TO_RUN * 1000,
    )
    # Reloading removes the message about the hand-in.
    page.reload(wait_until="networkidle")


def main() -> None:
    """Take and write the screenshot."""
    browser = browser_path()
    var, port = tempfile.mkdtemp(prefix="sm-"), free_port()
    portal = start_portal(var, port)
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=browser, args=[*FLAGS, *QUIET_FLAGS]
            )
            page = chromium.new_page(viewport=SIZE, device_scale_factor=1.5)
            open_finished_run(page, f"http://localhost:{port}")
            TARGET.parent.mkdir(exist_ok=True)
            page.screenshot(path=TARGET)
            chromium.close()
    finally:
        portal.send_signal(signal.SIGTERM)
        portal.wait()
        shutil.rmtree(var, ignore_errors=True)
    sys.stdout.write(f"Wrote {TARGET.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
