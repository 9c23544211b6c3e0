"""Times in 24 hours with the zone named, as on every other page."""

from typing import Final

DATE_FORMAT: Final = "j M Y"
TIME_FORMAT: Final = "H:i"
DATETIME_FORMAT: Final = "j M Y, H:i T"
SHORT_DATETIME_FORMAT: Final = "j M Y, H:i T"
