"""Services of the gradebook: the formula of a course and what students have by it."""
