"""The warm process that jobs are forked from, and the parent of each job."""
