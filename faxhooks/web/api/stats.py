"""Faxes in numbers: how many, how well, how fast."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from flask import Response, jsonify
from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError, fields, post_load

from faxhooks.db.buckets import Bucket
from faxhooks.db.statistics import Grouping, Window
from faxhooks.domain.fax import Direction
from faxhooks.providers.registry import PROVIDERS
from faxhooks.services.askingfigures import ask_callbacks
from faxhooks.services.jsonfields import Moment
from faxhooks.services.statistics import ask_statistics, check_window
from faxhooks.web.api.queries import Instant, PageQuery, QueryParser, Words
from faxhooks.web.auth import guard, requires, visible_accounts
from faxhooks.web.parts import parts

Blueprint.ARGUMENTS_PARSER = QueryParser()
blueprint = Blueprint("stats", __name__, description="Faxes in numbers.")
guard(blueprint)

DEFAULT_WINDOW: Final = timedelta(days=30)
_BUCKETS: Final = f"Allowed are: {', '.join(Bucket)}."


class Measure(StrEnum):
    """What is counted."""

    FAXES = "faxes"
    CALLBACKS = "callbacks"


class StatsQuery(PageQuery):
    """Which faxes are counted, and how they are told apart."""

    class Meta:
        exclude = ("limit", "cursor")

    start = Instant(
        data_key="from",
        load_default=None,
        metadata={"description": "First heard of at or after this time; 30 days before `to`."},
    )
    end = Instant(
        data_key="to",
        load_default=None,
        metadata={"description": "First heard of before this time; now, if left out."},
    )
    measure = fields.Enum(
        Measure,
        by_value=True,
        load_default=Measure.FAXES,
        error_messages={"unknown": f"Allowed are: {', '.join(Measure)}."},
        metadata={
            "description": "`faxes`, or `callbacks`: of each account, how many ends were first "
            "known by a callback or by asking the provider, and how late callbacks told them."
        },
    )
    bucket = fields.Enum(
        Bucket,
        by_value=True,
        load_default=None,
        error_messages={"unknown": _BUCKETS},
        metadata={"description": "A row for each span, in UTC; a week begins on Monday."},
    )
    group_by = Words(*Grouping, description="What to tell faxes apart by.")
    accounts = Words(data_key="account", description="The account's id or label.")
    providers = Words(*PROVIDERS, data_key="provider", description="The provider.")
    directions = Words(*Direction, data_key="direction", description="The direction.")

    @post_load
    def _settled(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        """With the ends of the window that were left out."""
        bucket, groupings = given.pop("bucket"), given.pop("group_by")
        measure = given.pop("measure")
        if measure is Measure.CALLBACKS and (bucket or groupings):
            raise ValidationError("Callbacks are measured by account alone.", "measure")
        if len(set(groupings)) < len(groupings):
            raise ValidationError("Name each grouping once.", "group_by")
        given["end"] = given["end"] or datetime.now(UTC)
        given["start"] = given["start"] or given["end"] - DEFAULT_WINDOW
        groupings = [Grouping(name) for name in groupings]
        asked = {"window": Window(**given), "bucket": bucket, "groupings": groupings}
        return {"measure": measure, **asked}


class OutcomesSchema(Schema):
    """How many faxes have each outcome."""

    pending = fields.Integer()
    unknown_ = fields.Integer(attribute="unknown", data_key="unknown")
    success = fields.Integer()
    failure = fields.Integer()
    canceled = fields.Integer()


class PercentilesSchema(Schema):
    """Seconds from the first word of a fax to its end, of those that tell both.

    To two significant digits at most: they are rounded to the next 0.1, 0.2, 0.5, 1, 2, 5 …
    seconds, and so are off by 5 % at most, or by 0.05 s.
    """

    p50 = fields.Float()
    p95 = fields.Float()
    p99 = fields.Float()


class LatenessSchema(Schema):
    """Seconds from a fax's end, by the provider's time, to the callback that told it."""

    p50 = fields.Float()
    p95 = fields.Float()


class CallbackCountsSchema(Schema):
    """With `measure=callbacks`, and not otherwise: by what the ends of faxes were known."""

    finals = fields.Integer(metadata={"description": "Faxes that ended."})
    by_callback = fields.Integer(metadata={"description": "A callback told it first."})
    by_asking = fields.Integer(
        metadata={"description": "The provider's answer told it first: a callback was lost."}
    )
    lateness = fields.Nested(LatenessSchema, allow_none=True)


class FaxCountsSchema(CallbackCountsSchema):
    """Faxes in numbers."""

    faxes = fields.Integer()
    by_outcome = fields.Nested(OutcomesSchema)
    success_rate = fields.Float(
        allow_none=True, metadata={"description": "success / (success + failure)"}
    )
    pages = fields.Integer()
    time_to_final = fields.Nested(PercentilesSchema, allow_none=True)


class StatsGroupSchema(FaxCountsSchema):
    """The same of one span and one group; only what was asked for is there."""

    bucket = Moment(metadata={"description": "The beginning of the span."})
    provider = fields.String()
    account = fields.Dict(keys=fields.String(), values=fields.String(allow_none=True))
    status = fields.String()
    reason = fields.String(allow_none=True)
    destination = fields.String(
        allow_none=True,
        metadata={"description": "The country's calling code; null for what we received."},
    )


class StatsSchema(Schema):
    """What happened in a window of time, in order of time and of the groups."""

    start = Moment(data_key="from")
    end = Moment(data_key="to")
    data = fields.Nested(StatsGroupSchema, many=True)
    total = fields.Nested(FaxCountsSchema)


@blueprint.get("/stats")
@requires("read")
@blueprint.arguments(StatsQuery, location="query")
@blueprint.response(200, StatsSchema)
def show_stats(asked: Mapping[str, Any]) -> Response:
    """Counts by outcome, success rate, pages, and times to the final state."""
    window: Window = replace(asked["window"], visible=visible_accounts())
    rows, total = _MEASURES[asked["measure"]](window, asked)
    said = {"start": window.start, "end": window.end, "data": rows, "total": total}
    return jsonify(StatsSchema().dump(said))


def _of_faxes(window: Window, asked: Mapping[str, Any]) -> tuple[Any, Any]:
    found = parts().database.read(
        lambda session: ask_statistics(
            session, window, bucket=asked["bucket"], groupings=asked["groupings"]
        )
    )
    return found.rows, found.total


def _of_callbacks(window: Window, _: Mapping[str, Any]) -> tuple[Any, Any]:
    check_window(window.start, window.end, None)
    return parts().database.read(lambda session: ask_callbacks(session, window))


_MEASURES: Final = {Measure.FAXES: _of_faxes, Measure.CALLBACKS: _of_callbacks}
