"""Read, check and follow notebooks that were handed in. They are never executed."""
