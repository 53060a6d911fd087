"""The service under gunicorn, or in this process, on a trial's database, broken if it says so."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.proof import Trial
from tests.running.gunicorns import Running, running
from tests.story import Api, Hook, Service, make_service


@contextmanager
def serving(
    trial: Trial, database_url: str | None = None, **environ: str
) -> Iterator[tuple[Running, Hook, Api]]:
    """Under gunicorn; on a database of its own, unless a proof has to know which."""
    broken = {} if trial.variant is None else {"FAULTS_VARIANT": trial.variant}
    url = database_url or trial.database_url()
    with running(url, trial.folder / "log", trial.door, **broken, **environ) as served:
        yield served


@contextmanager
def in_process(trial: Trial) -> Iterator[Service]:
    """In this process, which is quicker."""
    with trial.broken():
        service = make_service(trial.database_url(), trial.door, log_level="critical")
        try:
            yield service
        finally:
            service.parts.database.engine.dispose()
