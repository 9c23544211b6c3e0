"""The zygote, the process from which jobs are forked, and the first process of a job."""
