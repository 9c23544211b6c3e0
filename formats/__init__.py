"""Read files from outside as data: no Django, nothing executed, nothing unpickled."""
