"""Whether the process lives, whether it may be trusted with requests, and what it counted."""

import hmac
from collections.abc import Callable

import prometheus_client
from flask import Blueprint, Response, current_app, jsonify, request
from prometheus_client import CollectorRegistry, multiprocess
from sqlalchemy import text

from faxhooks.db.checks import check_durability, check_schema
from faxhooks.db.engine import Database
from faxhooks.db.inbox import count_backlog
from faxhooks.domain.errors import FaxhooksError
from faxhooks.services.askingfigures import AskingFigures, worker_json
from faxhooks.web.errors import problem
from faxhooks.web.parts import parts

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> Response:
    """The process answers; the database is not asked."""
    return jsonify({"status": "ok"})


@health.get("/readyz")
def readyz() -> Response:
    """The database answers, has this release's tables, and keeps what it commits.

    The backlog, callbacks that nobody understood, and how many workers there are, are told but
    are no reason to be not ready: a web process takes callbacks without any.
    """
    database = parts().database
    checks = {
        "database": _state(_answers, database),
        "schema": _state(check_schema, database),
        "durability": _state(check_durability, database),
    }
    ready = all(state == "ok" for state in checks.values())
    backlog = {"unrecognized": database.read(count_backlog, seconds=2)} if ready else None
    status = "ready" if ready else "not ready"
    worker = database.read(worker_json, seconds=2) if ready else None
    response = jsonify({"status": status, "checks": checks, "backlog": backlog, "worker": worker})
    response.status_code = 200 if ready else 503
    return response


@health.get("/metrics")
def metrics() -> Response:
    """Prometheus metrics of all processes, for who holds the metrics token."""
    token = current_app.config["METRICS_TOKEN"]
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token:
        return problem(404, "Metrics are off; set METRICS_TOKEN to turn them on.")
    if not hmac.compare_digest(given.encode(), token.encode()):
        return problem(401, "Send the metrics token as `Authorization: Bearer …`.")
    figures = CollectorRegistry()
    figures.register(AskingFigures(parts().database))
    body = b"".join(map(prometheus_client.generate_latest, (_registry(), figures)))
    return Response(body, content_type=prometheus_client.CONTENT_TYPE_LATEST)


def _registry() -> CollectorRegistry:
    """Every process's counts where gunicorn shares a folder, else this process's."""
    if not current_app.config["METRICS_SHARED"]:
        return prometheus_client.REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _answers(database: Database) -> None:
    database.read(lambda session: session.execute(text("SELECT 1")), seconds=2)


def _state(check: Callable[[Database], None], database: Database) -> str:
    try:
        check(database)
    except FaxhooksError as error:
        return str(error)
    return "ok"
