"""Files of weights: told and checked by their bytes, never loaded."""
