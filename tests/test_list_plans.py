"""Lists of work find their rows by an index and scan no table, on either database.

There are about 8,000 runs and statistics of all tables, so the database itself chooses
how each query is run.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.db import connection, transaction
from django.test import Client

from accounts import bounded_count
from bench.growth_rows import People, Size, add_people, fill
from courses.admin import long_lists
from portal.pagination import Page

pytestmark = pytest.mark.django_db
LONG: Final = {
    "grading_gradingrun",
    "grading_mark",
    "grading_questionresult",
    "submissions_submission",
    "submissions_submittedfile",
}
COURSE: Final = "course-0"
FIRST: Final = 1_000_000
# SQLite names the index of a constraint itself.
MARKS: Final = "mark_one_per_student_and_assignment|sqlite_autoindex_grading_mark"
# SQLite goes from the submissions in their order to the runs of each.
BY_STATE: Final = "grading_run_needs_staff|grading_run_times|gradingrun_submission_id"
# What each list is found by: a pattern of the name of an index.
LISTS: Final = [
    ("student", "/api/v1/runs/", "author_id"),
    ("student", "/api/v1/submissions/", "author_id"),
    ("student", "/api/v1/marks/", "student_id"),
    ("lecturer", "/api/v1/runs/", "revision_id"),
    ("lecturer", "/api/v1/submissions/", "assignment"),
    ("lecturer", "/api/v1/marks/", "assignment"),
    ("head", "/api/v1/runs/", "grading_run_times"),
    ("head", "/api/v1/submissions/", "submission_times"),
    ("head", "/api/v1/marks/", MARKS),
    ("head", f"/api/v1/runs/?course={COURSE}", "revision_id"),
    ("site_staff", "/api/v1/runs/", "grading_run_times"),
    ("site_staff", "/api/v1/runs/?page=20", "grading_run_times"),
    ("site_staff", f"/api/v1/runs/?course={COURSE}", "revision_id"),
    ("site_staff", f"/api/v1/runs/?author={FIRST}", "author_id"),
    ("site_staff", "/api/v1/runs/?state=needs_staff", BY_STATE),
    ("site_staff", "/api/v1/submissions/", "submission_times"),
    ("site_staff", f"/api/v1/submissions/?course={COURSE}", "assignment"),
    ("site_staff", "/api/v1/marks/", MARKS),
    ("site_staff", "/admin/grading/gradingrun/", "grading_run_times"),
    (
        "site_staff",
        f"/admin/grading/gradingrun/?revision__assignment__course__id__exact={FIRST}",
        "revision_id",
    ),
    ("site_staff", "/admin/grading/gradingrun/?q=63%40example.org", "author_id"),
    ("site_staff", "/admin/grading/mark/", MARKS),
    ("site_staff", "/admin/submissions/submission/", "submission_times"),
    (
        "site_staff",
        f"/admin/submissions/submission/?assignment__course__id__exact={FIRST}",
        "assignment",
    ),
    ("student", f"/courses/{COURSE}/coursework/work-0/", "author_id"),
    ("student", "/", "author_id"),
    ("lecturer", f"/courses/{COURSE}/coursework/work-0/staff/", "assignment"),
]


@pytest.fixture(scope="module")
def people(django_db_setup: None, django_db_blocker: Any) -> Iterator[People]:
    """Give the people who ask. The rows are made once, and each test is undone."""
    with django_db_blocker.unblock(), transaction.atomic():
        fill(Size(courses=64, students=4))
        if connection.vendor == "postgresql":
            # As on a solid-state disk: a small table is read as a whole otherwise.
            connection.cursor().execute("SET LOCAL random_page_cost = 1.1")
        yield add_people()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pages and counts short in comparison with the table, as in a long one."""
    monkeypatch.setattr(bounded_count, "MOST_COUNTED", 20)
    monkeypatch.setattr(long_lists.LongList, "list_per_page", 5)
    monkeypatch.setattr(Page, "page_size", 5)


def plans_of(client: Client, path: str) -> Iterator[tuple[str, Any]]:
    """Yield each query that the page makes on a long table, and its plan."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, *rest: Any) -> Any:
        if sql.startswith("SELECT") and any(table in sql for table in LONG):
            asked.append((sql, params))
        return execute(sql, params, *rest)

    with connection.execute_wrapper(note):
        answer = client.get(path)
    assert answer.status_code == 200, answer.content[:300]
    is_postgres = connection.vendor == "postgresql"
    explain = "EXPLAIN (FORMAT JSON)" if is_postgres else "EXPLAIN QUERY PLAN"
    for sql, params in asked:
        with connection.cursor() as cursor:
            cursor.execute(f"{explain} {sql}", params)
            rows = cursor.fetchall()
        found = rows[0][0] if is_postgres else [row[-1] for row in rows]
        yield sql, json.loads(found) if isinstance(found, str) else found


def scans(sql: str, plan: Any) -> list[str]:
    """Return which long tables the query reads from end to end."""
    if connection.vendor == "postgresql":
        return list(_scans_of_node(plan[0]["Plan"], is_limited=False))
    # A count that a limit stops may read the table in any order.
    if sql.startswith("SELECT COUNT(*) FROM (SELECT") and "LIMIT" in sql:
        return []
    is_sorted = any("TEMP B-TREE FOR ORDER BY" in line for line in plan)
    return [
        line
        for line in plan
        if line.startswith("SCAN ")
        and line.split()[1] in LONG
        and ("USING" not in line or is_sorted or "LIMIT" not in sql)
    ]


def _scans_of_node(node: dict[str, Any], *, is_limited: bool) -> Iterator[str]:
    """Yield the scans below this node whose rows no limit stops."""
    kind = node["Node Type"]
    if kind == "Seq Scan" and node["Relation Name"] in LONG and not is_limited:
        yield f"{kind} {node['Relation Name']}"
    # These pass each row of their outer side on as soon as they have it.
    passes = kind in {"Nested Loop", "Hash Join", "Subquery Scan", "Result", "Append"}
    for child in node.get("Plans", ()):
        is_outer = child["Parent Relationship"] != "Inner"
        limited = kind == "Limit" or (is_limited and passes and is_outer)
        yield from _scans_of_node(child, is_limited=limited)


@pytest.mark.parametrize(("who", "path", "index"), LISTS, ids=lambda value: value)
def test_a_list_is_found_by_an_index(
    people: People, who: str, path: str, index: str
) -> None:
    client = Client()
    client.force_login(getattr(people, who))
    plans = list(plans_of(client, path))
    assert plans
    read = {sql: found for sql, plan in plans if (found := scans(sql, plan))}
    assert not read, read
    assert any(re.search(index, str(plan)) for _, plan in plans), plans
