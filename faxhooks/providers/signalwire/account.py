"""What a SignalWire account is made of."""

import re
import secrets
from uuid import UUID, uuid4

from faxhooks.providers.asking import Renewing
from faxhooks.providers.base import Config, Option, Provider, asking_options
from faxhooks.providers.calling import check_base_url
from faxhooks.providers.persisting import persisting_options
from faxhooks.providers.signalwire.answers import read_answer
from faxhooks.providers.signalwire.callbacks import SignalWire
from faxhooks.providers.signalwire.client import SignalWireClient
from faxhooks.providers.signalwire.guide import make_guide
from faxhooks.providers.signalwire.sender import EVENT_FORMS, REPEATED, SignalWireSender, Terms
from faxhooks.providers.signalwire.signatures import SIGNATURES

_SPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SECRET = re.compile(r"[!-~]{1,200}")


def check_project(value: str) -> str:
    """A project id in lower case. Raises ValueError for anything but the text of a UUID."""
    project = value.strip().lower()
    if not _UUID.fullmatch(project):
        raise ValueError("must be the project's UUID, as the dashboard shows it")
    return str(UUID(project))


def check_secret(value: str) -> str:
    """A signing key or API token. Raises ValueError without showing it.

    Documented keys begin with `PSK_`, but some receivers report callbacks signed with an API
    token, so no prefix is asked for. An empty key would accept anybody's signature.
    """
    secret = value.strip()
    if not _SECRET.fullmatch(secret):
        raise ValueError("must be 1 to 200 printable ASCII characters without spaces")
    return secret


def check_space(value: str) -> str:
    """The name of a space, also from its host name or address. Raises ValueError."""
    host = value.strip().lower().removeprefix("https://").rstrip("/")
    space = host.removesuffix(".signalwire.com")
    if not _SPACE.fullmatch(space):
        raise ValueError("must be a space such as example or example.signalwire.com")
    return space


def check_yes_no(value: str) -> str:
    """`yes` or `no`. Raises ValueError for anything else."""
    answer = value.strip().lower()
    if answer not in ("yes", "no"):
        raise ValueError("must be yes or no")
    return answer


def check_event_form(value: str) -> str:
    """How a list stands in a form. Raises ValueError for anything but the known ways."""
    form = value.strip().lower()
    if form not in EVENT_FORMS:
        raise ValueError(f"must be one of {', '.join(EVENT_FORMS)}")
    return form


def read_account(config: Config, hook_url: str) -> SignalWire:
    """The adapter of one account. Without a signing key it refuses every signature."""
    return SignalWire(
        signing_keys=config.get("signing-key", ()),
        hook_url=hook_url,
        unsigned_json="yes" in config.get("unsigned-json", ()),
    )


def make_client(config: Config, _: Renewing) -> SignalWireClient | None:
    """The client of one account; None without an API token or without a space to ask.

    A token of SignalWire's is not renewed by asking, so the second argument plays no part.
    """
    project, token, space, address = (
        next(iter(config.get(name, ())), None)
        for name in ("project-id", "api-token", "space", "base-url")
    )
    if address is None and space is not None:
        address = f"https://{space}.signalwire.com"
    if project is None or token is None or address is None:
        return None
    return SignalWireClient(project, token, address)


def make_sender(config: Config, renewing: Renewing) -> SignalWireSender | None:
    """What sends with one account; None where it cannot be asked either."""
    client = make_client(config, renewing)
    if client is None:
        return None
    name, password, store, form = (
        next(iter(config.get(option, ())), "")
        for option in ("sip-username", "sip-password", "store-media", "event-form")
    )
    sip = (name, password) if name and password else None
    return SignalWireSender(client, Terms(store != "no", sip, form or REPEATED))


SIGNALWIRE = Provider(
    name="signalwire",
    title="SignalWire",
    options=(
        Option(
            "project-id",
            "the project's UUID, its AccountSid",
            required=True,
            check=check_project,
            demo=lambda: str(uuid4()),
        ),
        Option(
            "signing-key",
            "signing key (PSK_…) from the dashboard's API page; callbacks are checked with it",
            secret=True,
            required=True,
            rotates=True,
            check=check_secret,
            demo=lambda: f"PSK_{secrets.token_urlsafe(24)}",
        ),
        Option(
            "api-token",
            "API token (PT…) with the Fax scope, for asking the API about a fax",
            secret=True,
            check=check_secret,
        ),
        Option(
            "space",
            "name of the space, as in NAME.signalwire.com, whose API is asked",
            check=check_space,
        ),
        Option(
            "base-url",
            "where the API is, if not at https://SPACE.signalwire.com",
            check=check_base_url,
        ),
        Option(
            "store-media",
            "no: SignalWire does not keep the documents that are sent",
            default="yes",
            check=check_yes_no,
        ),
        Option("sip-username", "name for recipients that are SIP addresses", check=check_secret),
        Option(
            "sip-password",
            "password for recipients that are SIP addresses",
            secret=True,
            check=check_secret,
        ),
        Option(
            "event-form",
            "how the events to be told of are asked for, which no page shows: repeated (the "
            "field once for each), joined (by commas) or none (the end alone is told of)",
            default=REPEATED,
            check=check_event_form,
        ),
        Option(
            "unsigned-json",
            "yes: believe calling.call.fax posts that carry no signature; no page says whether "
            "SignalWire signs them",
            default="no",
            check=check_yes_no,
        ),
        # A fax is tried for its Ttl, which is 60 minutes unless its sender says otherwise
        # (reference, send a fax); a quarter of an hour more for what lies in between.
        *asking_options(minutes=60 + 15),
        *persisting_options(),
    ),
    headers=frozenset({"content-type", "user-agent", *SIGNATURES}),
    samples={
        "application/x-www-form-urlencoded": {
            "FaxSid": "c9a1d3e4-56f7-49ab-8def-0123456789ab",
            "AccountSid": "b3877c40-da60-4998-90ad-b792e98472af",
            "From": "+13105550100",
            "To": "+13105550101",
            "FaxStatus": "delivered",
            "ApiVersion": "v1",
            "NumPages": "2",
            "RemoteStationId": "+1 310 555 0101",
            "MediaSid": "0b8c2b6e-3d2e-4c55-9f0e-6f4a5d1c2b3a",
            "Timestamp": "2026-01-13T21:54:46Z",
        },
        "application/json": {
            "event_type": "calling.call.fax",
            "event_channel": "swml:3f2a7c1e-8f2e-4b6a-9a57-0f5c3f1d2e4b",
            "timestamp": 1640000000.123,
            "project_id": "b3877c40-da60-4998-90ad-b792e98472af",
            "params": {
                "call_id": "b5d63b2e-f75b-4dc8-b6d4-269b635f96c0",
                "control_id": "18500437-ebb0-4022-8ddd-770cbe6fd531",
                "fax": {
                    "type": "finished",
                    "params": {
                        "direction": "receive",
                        "identity": "+13105550101",
                        "remote_identity": "+13105550100",
                        "pages": 3,
                        "success": True,
                        "result": 0,
                        "result_text": "OK",
                        "format": "pdf",
                    },
                },
            },
        },
    },
    adapter=read_account,
    client=make_client,
    read_answer=read_answer,
    sender=make_sender,
    guide=make_guide,
)
