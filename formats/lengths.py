"""How long texts may be, in files and in the database alike."""

from typing import Final

# SECURITY: pages render these texts, so each must be short enough to render in a
# moment.
MAX_MARKDOWN: Final = 50_000
