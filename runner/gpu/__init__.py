"""The host's side of GPUs: which job may use which one, how much of it, and its health.

No module here imports torch or starts CUDA. That happens in a student process, after the
fork: runner.inside.student.cuda. docs/gpu.md describes all of it.
"""
