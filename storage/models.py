"""The database's record of which store of blobs is its own."""

import uuid
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

ONLY: Final = 1


class StoreRecord(models.Model):
    """The marker of this portal's store. There is one row at most.

    A store with another marker holds other files than those that the rows name. The
    store notes `collected_at`, too: if its time is later, the database is an older one.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    marker = models.UUIDField(default=uuid.uuid4)
    recorded_at = models.DateTimeField(default=timezone.now)
    collected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=ONLY), name="one_store_record"),
        ]

    def __str__(self) -> str:
        return str(self.marker)
