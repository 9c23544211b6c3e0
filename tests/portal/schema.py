"""Migrate a database and print its tables: `python -m tests.portal.schema`."""

import json
from typing import Any

import django
from django.core.management import call_command
from django.db import connection


def tables() -> dict[str, Any]:
    """Return the columns and constraints of each table, as plain data.

    SQLite keeps statistics in tables of its own, which are left out.
    """
    look = connection.introspection
    found = {}
    with connection.cursor() as cursor:
        for table in look.table_names(cursor):
            if table.startswith("sqlite_"):
                continue
            columns = look.get_table_description(cursor, table)
            constraints = look.get_constraints(cursor, table).values()
            found[table] = {
                "columns": {
                    each.name: [str(each.type_code), each.null_ok] for each in columns
                },
                # Their names may hold a hash of the name of a migration's field.
                "constraints": sorted(
                    repr(sorted(each.items())) for each in constraints
                ),
            }
    return found


if __name__ == "__main__":
    django.setup()
    call_command("migrate", verbosity=0)
    print(json.dumps(tables()))  # noqa: T201  the test reads it
