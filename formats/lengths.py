"""The longest texts that files and the database accept."""

from typing import Final

# SECURITY: pages render these texts, so each must be short enough to render quickly.
MAX_MARKDOWN: Final = 50_000
