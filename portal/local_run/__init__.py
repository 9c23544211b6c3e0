"""`manage.py run_notebook`: one notebook through the real runner, on this machine."""
