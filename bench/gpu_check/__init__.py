"""The check of a GPU: the tests that need one, the attacks on it, and its times.

It imports no Django, so that it runs on a machine that has little but torch.
"""
