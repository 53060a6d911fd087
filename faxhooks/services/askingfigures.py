"""What there is to know about asking: for people, for statistics and for monitoring."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.orm import Session

from faxhooks.db.accounts import list_accounts
from faxhooks.db.askings import list_askings
from faxhooks.db.callbackmeters import CallbackMeter, measure_callbacks
from faxhooks.db.engine import Database
from faxhooks.db.heartbeats import find_workers
from faxhooks.db.pollmodels import AskingRow
from faxhooks.db.polls import count_due
from faxhooks.db.statistics import Window
from faxhooks.domain.errors import UnavailableError
from faxhooks.services.desks import utc_now

log = structlog.get_logger()

LATELY: Final = timedelta(days=1)
"""What monitoring is told of; over longer times there are statistics."""

SHOWN: Final = timedelta(days=30)
"""What is shown of an account."""

_MOST: Final = 10_000


def worker_json(session: Session) -> dict[str, Any]:
    """How many workers live, and how long ago one was seen; null if never."""
    now = utc_now()
    found = find_workers(session, now)
    age = None if found.seen_at is None else round((now - found.seen_at).total_seconds(), 1)
    return {"alive": found.alive, "seen_seconds_ago": age}


def ask_callbacks(
    session: Session, window: Window
) -> tuple[Sequence[Mapping[str, Any]], Mapping[str, Any]]:
    """How callbacks came in the window: of each account that had faxes, and of all together."""
    labels = {row.id: row.label for row in list_accounts(session)}
    meters = measure_callbacks(session, window)
    rows = [
        {
            "account": {"id": str(meter.account_id), "label": labels.get(meter.account_id)},
            "provider": meter.provider,
            **meter_json(meter),
        }
        for meter in meters
    ]
    counted = ("finals", "by_callback", "by_asking")
    return rows, {name: sum(getattr(meter, name) for meter in meters) for name in counted}


def meter_json(meter: CallbackMeter) -> dict[str, Any]:
    """The figures of one account."""
    late = None if meter.p50 is None else {"p50": meter.p50, "p95": meter.p95}
    return {
        "finals": meter.finals,
        "by_callback": meter.by_callback,
        "by_asking": meter.by_asking,
        "lateness": late,
    }


def asking_json(session: Session, account_id: UUID) -> dict[str, Any]:
    """How an account is asked for, and how its callbacks came lately."""
    now = utc_now()
    asking = list_askings(session).get(account_id)
    window = Window(start=now - SHOWN, end=now, accounts=[str(account_id)])
    meters = measure_callbacks(session, window)
    return {
        **_state(asking),
        "due": count_due(session, account_id, now, _MOST),
        "callbacks": meter_json(meters[0]) if meters else None,
    }


def _state(asking: AskingRow | None) -> dict[str, Any]:
    if asking is None:
        return {
            "swept_until": None,
            "paused_until": None,
            "refused_at": None,
            "last_error": None,
            "last_error_at": None,
        }
    return {
        "swept_until": asking.swept_until,
        "paused_until": asking.paused_until,
        "refused_at": asking.refused_at,
        "last_error": asking.error,
        "last_error_at": asking.error_at,
    }


class AskingFigures(Collector):
    """Gauges read from the database when they are asked for, since workers serve no metrics."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges; none while the database is away, which other metrics tell."""
        try:
            yield from self._database.read(_gauges, seconds=2)
        except UnavailableError:
            log.warning("asking_not_measured")


def _gauges(session: Session) -> list[GaugeMetricFamily]:
    now, worker = utc_now(), worker_json(session)
    age, alive = worker["seen_seconds_ago"], worker["alive"]
    seen = GaugeMetricFamily(
        "faxhooks_worker_seen_seconds", "Seconds since any worker was seen.", value=age
    )
    gauges = [
        GaugeMetricFamily("faxhooks_workers", "Workers seen in the last minute.", value=alive),
        *([] if age is None else [seen]),
    ]
    askings = list_askings(session)
    due = _of_accounts("faxhooks_polls_due", "Faxes to be asked about now.")
    paused = _of_accounts("faxhooks_provider_paused_seconds", "Until the provider is asked again.")
    refused = _of_accounts("faxhooks_credentials_refused", "1 while the credentials are refused.")
    for account_id, asking in askings.items():
        labels, until = [str(account_id)], asking.paused_until or now
        due.add_metric(labels, count_due(session, account_id, now, _MOST))
        paused.add_metric(labels, max(0.0, (until - now).total_seconds()))
        refused.add_metric(labels, float(asking.refused_at is not None))
    meters = measure_callbacks(session, Window(start=now - LATELY, end=now))
    return [*gauges, due, paused, refused, *_callback_gauges(meters)]


def _callback_gauges(meters: Sequence[CallbackMeter]) -> list[GaugeMetricFamily]:
    """Of the faxes of the last day."""
    finals = GaugeMetricFamily(
        "faxhooks_finals_day",
        "Faxes of the last day that ended, by what told it first.",
        labels=["account", "told_by"],
    )
    late = GaugeMetricFamily(
        "faxhooks_callback_lateness_seconds",
        "How late callbacks told the ends of the last day's faxes.",
        labels=["account", "quantile"],
    )
    for meter in meters:
        account = str(meter.account_id)
        finals.add_metric([account, "callback"], meter.by_callback)
        finals.add_metric([account, "asking"], meter.by_asking)
        if meter.p50 is not None and meter.p95 is not None:
            late.add_metric([account, "0.5"], meter.p50)
            late.add_metric([account, "0.95"], meter.p95)
    return [finals, late]


def _of_accounts(name: str, about: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, labels=["account"])
