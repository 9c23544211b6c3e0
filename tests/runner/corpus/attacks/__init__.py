"""The hostile submissions, a module or two for each section of the catalogue."""
