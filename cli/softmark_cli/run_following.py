"""Follow a run, and print where it is and what it found."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from softmark_cli.command_errors import ExitCode
from softmark_cli.portal_client import (
    PortalClient,
    Request,
    data_of,
    seconds_words,
)
from softmark_cli.portal_rows import reading
from softmark_cli.terminal_output import Output

Json = Mapping[str, Any]
# While nothing is new, the pause grows to this.
_LONGEST_PAUSE: Final = 30
_GROWTH: Final = 1.25
_LIVE: Final = frozenset({"queued", "running"})
# For what the portal gives no interval.
_POLL_SECONDS: Final = 3
# The verdict on work without a notebook: people mark it.
_NOTHING_RUN: Final = "nothing_run"
_GOOD: Final = frozenset({"completed", _NOTHING_RUN})
# A sign for each outcome of a question, and its words.
_OUTCOMES: Final = {
    "passed": ("✓", "passed"),
    "shown_passed": ("✓", "passed, as far as shown"),
    "partial": ("~", "partly passed"),
    "failed": ("✗", "not passed"),
    "timeout": ("✗", "took too long"),
    "not_reached": ("✗", "not reached"),
    "manual": ("·", "marked by people"),
    "no_points": ("·", "no points"),
    "hidden": ("·", "not shown yet"),
    "waiting": ("·", "waiting"),
}


@dataclass(frozen=True, kw_only=True)
class RunSeen:
    """A run as it was read, and the tag by which to ask whether it has changed."""

    row: Json
    tag: str

    @property
    def poll_seconds(self) -> float | None:
        """After how many seconds to ask again, or None if the run has ended."""
        if self.row["state"] not in _LIVE:
            return None
        return float(self.row.get("poll_seconds") or _POLL_SECONDS)


def read_run(client: PortalClient, url: str, seen: RunSeen | None = None) -> RunSeen:
    """Return the run as it is now; `seen` itself if nothing has changed."""
    headers = {"If-None-Match": seen.tag} if seen and seen.tag else {}
    answer = client.answer(Request(method="GET", url=url, headers=headers))
    if seen is not None and answer.status_code == HTTPStatus.NOT_MODIFIED:
        return seen
    return RunSeen(row=data_of(answer), tag=answer.headers.get("ETag", ""))


def follow_run(
    client: PortalClient, url: str, sleep: Callable[[float], None]
) -> Iterator[RunSeen]:
    """Yield the run each time that it has changed, until it has ended.

    The portal says how long to wait; while nothing is new, the pauses grow.
    """
    seen, pause = read_run(client, url), 0.0
    yield seen
    while True:
        with reading():
            least = seen.poll_seconds
        if least is None:
            return
        pause = min(max(pause * _GROWTH, least), max(_LONGEST_PAUSE, least))
        sleep(pause)
        found = read_run(client, url, seen)
        if found is not seen:
            seen, pause = found, 0.0
            yield seen


def progress_words(row: Json) -> str:
    """Return in one line where the run is."""
    with reading():
        title = str(row["message"]["title"])
        place, progress = row["place"], row["progress"]
        if place is not None:
            return f"{title}: {_place_words(place)}"
        if progress and progress["cells"] and not progress["is_checking"]:
            return f"{title}: cell {progress['cell']} of {progress['cells']}"
        return title


def _place_words(place: Json) -> str:
    if place["is_paused"]:
        return "the portal takes no runs now, because of a fault of its own"
    words = f"place {place['position']}"
    wait = place["expected_wait_seconds"]
    return words if wait is None else f"{words}, about {seconds_words(wait)}"


def show_run(output: Output, row: Json, *, is_late: bool) -> None:
    """Print the run: where it is, in words, and its questions once it has ended.

    `is_late` is whether its attempt is late.
    """
    with reading():
        message = row["message"]
        output.say(f"Attempt {row['attempt']}, run {row['number']}", "bold")
        output.say(progress_words(row))
        for words in (message["text"], message["hint"]):
            if words:
                output.say(words)
        if row["state"] == "finished" and row["verdict"] != _NOTHING_RUN:
            show_results(output, row["results"])
            if is_late:
                output.note("The attempt is late. This is before any late penalty.")
        output.note(f"In the browser: {row['html_url']}")


def show_results(output: Output, results: Json) -> None:
    output.say(
        f"{results['earned']} of {results['points']} points, as far as you may see "
        "them now."
        if results["hidden"]
        else f"{results['earned']} of {results['points']} points."
    )
    rows = []
    for question in results["questions"]:
        outcome = question["outcome"]
        sign, words = _OUTCOMES.get(outcome, ("·", outcome))
        points = f"{question['earned']} / {question['points']}"
        rows.append((sign, question["title"] or question["key"], points, words))
    columns = ("", "Question", "Points", "Outcome")
    output.table(columns, rows, empty="There are no questions.", folds="Question")
    for question in results["questions"]:
        for check in question["checks"]:
            if check["outcome"] not in {"passed", "no_points"} and check["message"]:
                name = check["description"] or check["name"]
                output.say(f"  {name}: {check['message']}")


def exit_code_of(row: Json) -> ExitCode:
    """Return the exit status for a run: whether it ended before its notebook did."""
    with reading():
        has_failed = row["finished_at"] and row["verdict"] not in _GOOD
    return ExitCode.RUN_FAILED if has_failed else ExitCode.DONE
