"""Aggregates that return lists of related values, on SQLite and PostgreSQL."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Aggregate, JSONField
from django.db.models.sql.compiler import SQLCompiler


class JSONList(Aggregate):
    """A JSON array of a group's values, in no order; NULL where the group is empty."""

    function = "JSONB_AGG"
    output_field = JSONField()

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, Any]:
        """Return the SQL for SQLite, where the function is JSON_GROUP_ARRAY."""
        return self.as_sql(compiler, connection, function="JSON_GROUP_ARRAY", **extra)
