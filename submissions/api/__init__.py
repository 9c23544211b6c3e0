"""How handed-in work is written in the API. Its addresses are in grading.api."""
