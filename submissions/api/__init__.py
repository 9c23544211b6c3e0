"""How submissions are written in the API. Their addresses are in grading.api."""
