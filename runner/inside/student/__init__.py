"""What runs in a job's own processes. Nothing here is trusted by the host."""
