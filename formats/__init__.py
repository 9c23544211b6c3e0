"""Files from outside, read as data: no Django, nothing executed, nothing unpickled."""
