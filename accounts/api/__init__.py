"""What the API knows of people, their tokens and its one error shape."""
