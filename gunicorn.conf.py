"""How gunicorn serves faxhooks. Each value has its reason; the environment has the last word:
`GUNICORN_CMD_ARGS="--threads 64"`.
"""

import gc
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn import util
from gunicorn.glogging import Logger

from faxhooks import logs
from faxhooks.domain.errors import SettingsError
from faxhooks.settings import Settings

try:
    settings = Settings.from_env()
except SettingsError as error:
    sys.exit(f"faxhooks: {error}")  # Before any worker is born, and without a traceback around it.

# Every interface: a PaaS and a container reach us from outside.
bind = f"0.0.0.0:{settings.port}"

# What serves `wsgi:app`. For `asgi:app` the Procfile names another, with an event loop, which takes
# twice as many callbacks a second and holds no thread for who sends slowly (docs/decisions/0008).
#
# Callbacks wait for the database, not for the processor: threads wait cheaply. A client that
# sends slowly holds one as long as it likes, so there are more than one attacker will hold:
# with 32, two hundred such clients stopped every answer; with 256 the health check took 1 ms.
# Unused ones are never started, and 200 that were took 5 MB.
worker_class = "gthread"
workers = settings.web_concurrency
threads = 256

# The loop, where there is one. `auto` takes uvloop, or Python's own where that is missing.
asgi_loop = "auto"

# Connections one process keeps; those that are idle take no thread.
worker_connections = 1000

# What the kernel holds while all threads are busy. A provider gives up after 5 seconds, and
# a process answers more than this many callbacks in that time.
backlog = 2048

# A process whose main loop stands still this long is replaced. It does not end a slow request:
# the database's own deadlines see to that.
timeout = 30

# How long a stop waits for requests under way. Callbacks take 3 seconds at most, open streams
# end when `faxhooks.stopping` is set, and the hardest platforms kill 10 seconds after asking.
graceful_timeout = 8

# Seconds. Proxies keep an unused connection for 60 as a rule: ours must last longer, or they
# send a callback into one that is just being closed. Idle ones take no thread.
keepalive = 75

# A callback by GET carries all its fields in the request line, and a refusal would lose it:
# this is the most gunicorn allows. Headers: what proxies add, and no more.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

# No socket that controls the server; nothing here uses it and it would outlive the process.
control_socket_disable = True

# The heartbeat file must not wait for a disk.
_MEMORY = "/dev/shm"  # noqa: S108 (gunicorn makes its file there safely)
worker_tmp_dir = _MEMORY if os.access(_MEMORY, os.W_OK) else None

# No access log: gunicorn's holds the hook's token and the numbers in a query. We log our own.
accesslog = None
loglevel = settings.log_level


class JsonLogger(Logger):  # type: ignore[misc]
    """Sends gunicorn's own lines through ours: a refused request line holds the hook's token."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
            logger.propagate = True
        logs.configure(settings.log_level)

    def debug(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: gunicorn's would name the address of every request as it came."""

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Without what was wrong with a request, which is quoted from it."""
        quoted = str(msg).startswith("Invalid request")
        super().warning(str(msg).partition(": ")[0] if quoted else msg, *args, **kwargs)

    def exception(self, msg: Any, *_args: Any, **kwargs: Any) -> None:
        """Without the address of the request, which is all that gunicorn adds."""
        super().exception(str(msg).partition(" %s")[0], **kwargs)


logger_class = JsonLogger


def _without_quoting(write: Callable[..., None]) -> Callable[..., None]:
    """What is no HTTP is refused without its own words; gunicorn has no setting for it."""
    return lambda sock, status, reason, _words: write(sock, status, reason, "")


util.write_error = _without_quoting(util.write_error)


def on_starting(_server: Any) -> None:
    """Give prometheus-client a fresh folder, where the processes' counters are added up."""
    folder = tempfile.mkdtemp(prefix="faxhooks-metrics-", dir=worker_tmp_dir)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    _folder("serving").touch()


def on_exit(_server: Any) -> None:
    """Leave no counters behind."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def child_exit(_server: Any, worker: Any) -> None:
    """Forget the gauges of a process that is gone."""
    from prometheus_client import multiprocess  # noqa: PLC0415 (it reads the folder's name)

    multiprocess.mark_process_dead(worker.pid)


def on_reload(server: Any) -> None:
    """Note how many processes have begun to serve once those are up that are forked next.

    gunicorn asks the old ones to stop as soon as the new ones are forked, and these have the
    application to load first: for that second, or several where the processors are busy, nobody
    would answer.
    """
    _folder("wanted").write_text(str(_serving() + server.cfg.workers))


def _folder(name: str) -> Path:
    """Where all processes of this master see it, those of before a reload too."""
    return Path(os.environ["PROMETHEUS_MULTIPROC_DIR"], name)


def _serving() -> int:
    """How many processes have begun to serve so far, a byte each."""
    return _folder("serving").stat().st_size


def _is_relief_coming() -> bool:
    wanted = _folder("wanted")
    return wanted.exists() and _serving() < int(wanted.read_text() or 0)


def post_worker_init(worker: Any) -> None:
    """Tell the application when the process has to stop, so that it can end open streams.

    Every request finds a `threading.Event` as `faxhooks.stopping` in its WSGI environment. It
    is set by the signal itself; gunicorn alone would wait for a stream until its time is up.
    """
    # What was loaded stays: the collector need not walk over it again and again.
    gc.collect()
    gc.freeze()
    with _folder("serving").open("ab") as file:
        file.write(b".")
    stopping = threading.Event()
    if os.environ.get("FAXHOOKS_WORKER") == "inside":
        _work_inside(stopping)
    if hasattr(worker, "asgi"):
        _tell_loop(worker, stopping)
        return
    application = worker.wsgi

    def with_stopping(environ: dict[str, Any], start_response: Any) -> Any:
        environ["faxhooks.stopping"] = stopping
        return application(environ, start_response)

    worker.wsgi = with_stopping
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        _set_before(stopping, number)


def _work_inside(stopping: threading.Event) -> None:
    """The demo has no process for the background: its one web process does that work too."""
    # Not before prometheus-client has its folder, which these bring along.
    from faxhooks.app import compose_parts  # noqa: PLC0415
    from faxhooks.worker.running import start  # noqa: PLC0415
    from faxhooks.worker.tasks import all_loops  # noqa: PLC0415

    start(all_loops(compose_parts(settings)), stopping)


def _tell_loop(worker: Any, stopping: threading.Event) -> None:
    """The same for a worker with an event loop, which takes the signals itself; requests find
    the event in the state of their scope.
    """
    worker.state["faxhooks.stopping"] = stopping
    gunicorns = {
        signal.SIGTERM: worker.handle_exit_signal,
        signal.SIGINT: worker.handle_quit_signal,
        signal.SIGQUIT: worker.handle_quit_signal,
    }
    for number, then in gunicorns.items():

        def stop(then: Callable[[], None] = then) -> None:
            stopping.set()
            worker.loop.call_soon_threadsafe(then)

        handle = _when_relieved(stop) if number == signal.SIGTERM else stop
        worker.loop.add_signal_handler(number, handle)


def _set_before(stopping: threading.Event, number: signal.Signals) -> None:
    gunicorns: Any = signal.getsignal(number)

    def stop() -> None:
        stopping.set()
        gunicorns(number, None)

    handle = _when_relieved(stop) if number == signal.SIGTERM else stop
    signal.signal(number, lambda *_: handle())
    signal.siginterrupt(number, False)


def _when_relieved(stop: Callable[[], None]) -> Callable[[], None]:
    """Stop at once, unless a reload asked; and at once too when asked a second time, as gunicorn
    does when it is itself to stop, and when `graceful_timeout` is over.
    """
    asked = threading.Event()

    def wait() -> None:
        while _is_relief_coming():
            time.sleep(0.05)
        stop()

    def handle() -> None:
        if asked.is_set() or not _is_relief_coming():
            stop()
            return
        asked.set()
        threading.Thread(target=wait, daemon=True).start()

    return handle
