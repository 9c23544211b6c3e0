"""Keep files by their hash, and send them as downloads."""
