"""Which callbacks are asked for: in a query to look at them, in a body to read them again."""

from dataclasses import fields as fields_of
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, post_load, pre_load
from marshmallow.validate import Range

from faxhooks.db.accounts import as_uuid
from faxhooks.db.callbacklists import CallbackFilter
from faxhooks.domain.fax import Evidence, Verdict
from faxhooks.providers.registry import PROVIDERS
from faxhooks.services.replaying import MOST
from faxhooks.web.api.queries import Instant, PageQuery, Words

_FILTERS: Final = {field.name for field in fields_of(CallbackFilter)} - {"visible"}
_LIMITS: Final = f"Allowed is a whole number from 1 to {MOST}."


class Listed(Words):
    """Several values: comma-separated as in a query, or a list of texts as in a body."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, list):
            if not value or not all(isinstance(word, str) for word in value):
                raise ValidationError("A list holds one text or more.")
            value = ",".join(word.replace(",", "\\,") for word in value)
        elif not isinstance(value, str):
            raise ValidationError("Give a text, or a list of texts.")
        return super()._deserialize(value, *args, **kwargs)


class Ids(Listed):
    """Ids of faxes."""

    def __init__(self, *, description: str, data_key: str) -> None:
        super().__init__(description=description, data_key=data_key)
        self.inner.metadata = {"format": "uuid"}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        found = [as_uuid(word) for word in super()._deserialize(value, *args, **kwargs)]
        if None in found:
            raise ValidationError("An id looks like 0199a3c2-8f6e-7b7a-9c55-2d1f0e8b4a61.")
        return found


class CallbackQuery(PageQuery):
    """Which callbacks are asked for; `filters` are those of CallbackFilter."""

    verdicts = Listed(*Verdict, data_key="verdict", description="What it did when it arrived.")
    accounts = Listed(data_key="account", description="The account's id or label.")
    providers = Listed(*PROVIDERS, data_key="provider", description="The provider.")
    evidences = Listed(*Evidence, data_key="evidence", description="How sure its origin is.")
    reasons = Listed(
        data_key="reason",
        description="Why it was not understood; `unknown status*` is a prefix, `*` any reason.",
    )
    fax_ids = Ids(data_key="fax", description="The id of a fax: the callbacks of its history.")
    received_after = Instant(
        load_default=None, metadata={"description": "First received at or after this time."}
    )
    received_before = Instant(
        load_default=None, metadata={"description": "First received before this time."}
    )

    @post_load
    def _apart(self, given: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The filters apart from what else was asked."""
        filters = {name: given.pop(name) for name in _FILTERS}
        return {**given, "filters": filters}


class ReplayBody(CallbackQuery):
    """Which callbacks to read again, oldest first; without a filter all of them."""

    dry_run = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "Do all of it, tell what came of it, and undo it."},
    )
    limit = fields.Integer(
        load_default=MOST,
        strict=True,
        validate=Range(1, MOST, error=_LIMITS),
        error_messages={"invalid": _LIMITS},
        metadata={"description": f"Callbacks of this call, 1 to {MOST}; go on at `next_cursor`."},
    )

    @pre_load
    def _once(self, data: Any, **_: Any) -> Any:
        """A body's names are unique already."""
        return data


class ReplayOneBody(Schema):
    """How to read a callback again."""

    dry_run = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "Do all of it, tell what came of it, and undo it."},
    )
