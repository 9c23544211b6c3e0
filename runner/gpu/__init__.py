"""The host's side of GPUs: who may use which, how much of it, and whether it is well.

Nothing here imports torch or starts CUDA. That happens in a student process, after the
fork: runner.inside.student.cuda. docs/gpu.md tells the whole.
"""
