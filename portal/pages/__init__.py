"""What the pages that belong to no course show, as frozen data."""
