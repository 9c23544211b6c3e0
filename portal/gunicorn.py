"""How gunicorn serves the portal: `gunicorn -c portal/gunicorn.py portal.wsgi`.

Two processes with threads serve a course, one where there is one processor. For more,
set WEB_PROCESSES.
"""

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.apps import apps
from gunicorn.glogging import Logger

from portal.log_limits import MAX_VALUE, ShortArguments, cut
from portal.log_redaction import MaskSecrets, escaped, masked
from portal.supervisor.launch import die_with_parent

bind = f"{os.environ.get('BIND', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
# This worker watches connections, and gives a thread only to a request that has
# arrived.
worker_class = "portal.gunicorn_worker.DeadlineWorker"
# Fewer than the files that a process may have open (1024, mostly).
worker_connections = 500
_processes = min(2, len(os.sched_getaffinity(0)))
workers = int(os.environ.get("WEB_PROCESSES", str(_processes)))
threads = int(os.environ.get("WEB_THREADS", "8"))
# A worker that does not respond for this long is replaced. A slow upload keeps one
# thread busy, not the worker, so this does not limit a request: portal.client_socket
# does.
timeout = 60
graceful_timeout = 8
keepalive = 15
limit_request_line = 8190
# The heartbeat file must not wait for a slow disk.
_memory = Path("/dev/shm")  # noqa: S108  (gunicorn makes a private file there)
worker_tmp_dir = str(_memory) if os.access(_memory, os.W_OK | os.X_OK) else None
control_socket_disable = True
proc_name = "softmark-web"
accesslog = "-" if os.environ.get("ACCESS_LOG", "") == "1" else None
# The address is in quotation marks, so that a space in it begins no new field.
access_log_format = '%(m)s "%(U)s" %(s)s %(B)s bytes in %(M)s ms'
errorlog = "-"
loglevel = "warning" if os.environ.get("SOFTMARK_SUPERVISED") else "info"
_SWITCH_SECONDS = 0.0005
_ready = os.environ.get("SOFTMARK_READY_FILE", "")


class MaskingLogger(Logger):
    """Leaves secret addresses out of the log line of each request, and of errors.

    SECURITY: each request gives exactly one line, whatever the client sent.
    """

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.addFilter(MaskSecrets())
        self.error_log.addFilter(ShortArguments())

    def atoms(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        atoms: dict[str, Any] = super().atoms(*args, **kwargs)
        return {
            # The value is cut before it is escaped: half an escape could be read as
            # another.
            name: escaped(cut(masked(value), MAX_VALUE))
            if isinstance(value, str)
            else value
            for name, value in atoms.items()
        }


logger_class = MaskingLogger


def on_starting(server: Any) -> None:
    """Make the folder in which the processes share how long requests take.

    It is in memory where that is possible: a process that writes to such a file while
    the disk is full would be killed.
    """
    folder = tempfile.mkdtemp(prefix="softmark-metrics-", dir=worker_tmp_dir)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder


def on_exit(server: Any) -> None:
    """Remove that folder."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def post_fork(server: Any, worker: Any) -> None:
    """End the worker with the arbiter, which itself ends with the supervisor."""
    die_with_parent(worker.ppid)


def post_worker_init(worker: Any) -> None:
    """Refuse a wrong store; collect garbage less often.

    Everything loaded by now is excluded from garbage collection. Looking through it
    took a tenth of a second, in the middle of a request. Most objects that a page
    creates are freed without the collector, so it need not run a dozen times a page.
    """
    # Django is set up in this process only, after the fork. Another application than
    # the portal's does not set it up.
    if apps.ready:
        from portal.start_check import refuse_wrong_store  # noqa: PLC0415
        from portal.upload_gate import body_store  # noqa: PLC0415

        refuse_wrong_store()
        worker.stores = body_store()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    # A thread that comes back from the database or the disk waits this long for each
    # other thread that computes. A hand-in does so some sixty times.
    sys.setswitchinterval(_SWITCH_SECONDS)


def when_ready(server: Any) -> None:
    """Create the ready file: the port is open."""
    if _ready:
        Path(_ready).touch()
