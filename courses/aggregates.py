"""Lists of related values in one query, on both databases."""

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
        """SQLite calls it JSON_GROUP_ARRAY."""
        return self.as_sql(compiler, connection, function="JSON_GROUP_ARRAY", **extra)
