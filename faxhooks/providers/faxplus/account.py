"""What a Fax.Plus account is made of."""

import re
from zoneinfo import ZoneInfo, available_timezones

from faxhooks.providers.base import Config, Option, Provider
from faxhooks.providers.faxplus.callbacks import FaxPlus

_TOKEN = re.compile(r"alohi_pat_[\w-]+", re.ASCII)


def check_zone(name: str) -> str:
    """An IANA time zone. Raises ValueError for anything else."""
    zone = name.strip()
    if zone not in available_timezones():
        raise ValueError("must be an IANA time zone such as UTC or America/New_York")
    return zone


def check_token(value: str) -> str:
    """A personal access token, by its documented prefix. Raises ValueError without showing it."""
    token = value.strip()
    if not _TOKEN.fullmatch(token):
        raise ValueError("must be a personal access token, which starts with alohi_pat_")
    return token


def read_account(config: Config, hook_url: str) -> FaxPlus:  # noqa: ARG001
    """The adapter of one account; the hook's URL is in no signature, so it plays no part."""
    return FaxPlus(zone=ZoneInfo(config.get("time-zone", ("UTC",))[0]))


FAXPLUS = Provider(
    name="faxplus",
    title="Fax.Plus",
    options=(
        Option(
            "time-zone",
            "IANA zone of the times in webhooks, which name none",
            default="UTC",
            check=check_zone,
        ),
        Option("user-id", "Fax.Plus user whose faxes these are; your own when left out"),
        Option(
            "access-token",
            "personal access token (alohi_pat_…) for asking the API about a fax",
            secret=True,
            check=check_token,
        ),
    ),
    headers=frozenset({"content-type", "user-agent"}),
    samples={
        "application/json": {
            "hook": {
                "id": "66df09cf1d6d0b295c363956",
                "event": "fax_sent",
                "event_time": "2024-09-09 10:44:39",
                "target": "https://hooks.example.com/hooks/faxplus/…",
            },
            "data": {
                "id": "66df09cf1d6d0b295c363956",
                "uid": "490ae330dbc749f0b6561dafa300f2fb",
                "pages": 1,
                "from": "+1 334-555-0100",
                "to": "+1 334-555-0101",
                "start_time": "2024-09-09 10:44:39",
                "file_name": "fax-to-13345550101",
                "status": "success",
                "cost": 1,
            },
        }
    },
    adapter=read_account,
)
