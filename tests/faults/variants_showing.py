"""Broken ways of showing: to the wrong reader, to a spreadsheet, to whoever reads the logs."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import structlog
from flask import Flask, Response

import faxhooks.app
from faxhooks import logs
from faxhooks.services import exporting, ingest
from faxhooks.services.keys import Grant
from faxhooks.web import auth
from faxhooks.web.api import callbacks, changes, faxes, numbers, stats, tags
from tests.faults import migrating
from tests.faults.variants import replaced, variant


def _without_its_filter(resource: Any) -> None:
    def broken() -> Iterator[None]:
        with replaced(resource, "visible_accounts", lambda: None):
            yield

    broken.__name__ = f"{resource.__name__.rpartition('.')[2]}_show_all_accounts"
    broken.__doc__ = "The routes of one resource do not ask whose objects the key may see."
    variant(broken)


for _resource in (callbacks, changes, faxes, numbers, stats, tags):
    _without_its_filter(_resource)


@variant
def the_audit_is_for_every_admin() -> Iterator[None]:
    """A key that is limited to an account may ask what tells of all of them."""
    right = auth._refusal

    def by_scope_alone(view: Callable[..., Any], grant: Grant) -> str | None:
        return right(view, replace(grant, account_id=None))

    with replaced(auth, "_refusal", by_scope_alone):
        yield


@variant
def a_route_without_a_cell() -> Iterator[None]:
    """Somebody adds a route and does not say how another account's objects are asked for."""
    build = faxhooks.app.build_site

    def build_more(*parts: Any) -> Flask:
        app = build(*parts)
        app.add_url_rule("/api/v1/new", "new", lambda: Response("everything"))
        return app

    with replaced(faxhooks.app, "build_site", build_more):
        yield


@variant
def csv_alone() -> Iterator[None]:
    """Cells are quoted as the format asks, and whatever else they say is let through."""
    with replaced(exporting, "safe_cell", lambda text: text):
        yield


@variant
def the_default_access_log() -> Iterator[None]:
    """gunicorn writes a line of its own for each request, as it does everywhere else."""
    os.environ["GUNICORN_CMD_ARGS"] = "--access-logfile=- --logger-class=gunicorn.glogging.Logger"
    try:
        yield
    finally:
        del os.environ["GUNICORN_CMD_ARGS"]


@variant
def errors_are_quoted() -> Iterator[None]:
    """Tracebacks come with what the errors said."""
    with replaced(logs, "frames", structlog.processors.format_exc_info):
        yield


@variant
def reasons_are_quoted() -> Iterator[None]:
    """Why a callback was not understood is logged with the word that was not."""
    with replaced(ingest, "_kind", lambda reason: reason):
        yield


@variant
def a_revision_loses_a_column() -> Iterator[None]:
    """The next revision makes a column anew, and what stood in it is gone."""
    careless = """
    with op.batch_alter_table("faxes") as faxes:
        faxes.drop_column("remote_station_id")
    op.add_column("faxes", sa.Column("remote_station_id", sa.Text(), nullable=True))
"""
    with replaced(migrating, "UP", migrating.UP + careless):
        yield
