"""What a Fax.Plus account is made of."""

import re
from zoneinfo import ZoneInfo, available_timezones

from faxhooks.domain.callback import Callback
from faxhooks.domain.fax import FaxEvent
from faxhooks.providers.asking import Renewing
from faxhooks.providers.authorizing import Tokens
from faxhooks.providers.base import Config, Option, Provider, asking_options
from faxhooks.providers.calling import check_base_url
from faxhooks.providers.faxplus.answers import RecordReader
from faxhooks.providers.faxplus.callbacks import FaxPlus
from faxhooks.providers.faxplus.client import API_URL, FaxPlusClient, Scope
from faxhooks.providers.faxplus.guide import make_guide
from faxhooks.providers.faxplus.sender import FaxPlusSender
from faxhooks.providers.faxplus.tokens import (
    ACCESS,
    REFRESH,
    TOKEN_URL,
    Application,
    PersonalToken,
    RenewedTokens,
)
from faxhooks.providers.persisting import persisting_options

_TOKEN = re.compile(r"alohi_pat_[\w-]+", re.ASCII)
_WORD = re.compile(r"[!-~]{1,4096}")
_CURRENCY = re.compile(r"[A-Z]{3}")


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


def check_word(value: str) -> str:
    """A client id, a secret or a token of OAuth2. Raises ValueError without showing it."""
    word = value.strip()
    if not _WORD.fullmatch(word):
        raise ValueError("must be 1 to 4096 printable ASCII characters without spaces")
    return word


def check_place(value: str) -> str:
    """Where a request's parameters stand. Raises ValueError for anything but the two places."""
    place = value.strip().lower()
    if place not in ("query", "form"):
        raise ValueError("must be query or form")
    return place


def check_currency(value: str) -> str:
    """A currency by its ISO 4217 code. Raises ValueError for anything else."""
    code = value.strip().upper()
    if not _CURRENCY.fullmatch(code):
        raise ValueError("must be a currency such as USD or CHF")
    return code


def read_account(config: Config, hook_url: str) -> FaxPlus:  # noqa: ARG001
    """The adapter of one account; the hook's URL is in no signature, so it plays no part."""
    return FaxPlus(zone=ZoneInfo(config.get("time-zone", ("UTC",))[0]))


def read_answer(config: Config, answer: Callback) -> tuple[FaxEvent, ...]:
    """What a kept answer of the API states; `zone` and currency are the account's."""
    return (_reader(config).read(answer),)


def make_client(config: Config, renewing: Renewing) -> FaxPlusClient | None:
    """The client of one account; None without a token or without all that renews one."""
    tokens = _tokens(config, renewing)
    if tokens is None:
        return None
    scope = Scope(_value(config, "base-url", API_URL), _value(config, "user-id", "self"))
    return FaxPlusClient(tokens, _reader(config), scope)


def make_sender(config: Config, renewing: Renewing) -> FaxPlusSender | None:
    """What sends with one account; None where it cannot be asked either."""
    client = make_client(config, renewing)
    return None if client is None else FaxPlusSender(client)


def _tokens(config: Config, renewing: Renewing) -> Tokens | None:
    """A personal access token, which the vendor recommends, before OAuth2."""
    if personal := _value(config, "access-token"):
        return PersonalToken(personal)
    client_id, secret = _value(config, "client-id"), _value(config, "client-secret")
    if not (client_id and secret and _value(config, REFRESH)):
        return None
    application = Application(
        client_id,
        secret,
        _value(config, "token-url", TOKEN_URL),
        in_form=_value(config, "refresh-in") == "form",
    )
    return RenewedTokens(application, _value(config, ACCESS) or None, renewing)


def _reader(config: Config) -> RecordReader:
    zone = ZoneInfo(_value(config, "api-time-zone", "UTC"))
    return RecordReader(zone, _value(config, "currency") or None)


def _value(config: Config, name: str, default: str = "") -> str:
    """The newest value of an option."""
    return next(iter(config.get(name, ())), "") or default


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
        Option("client-id", "OAuth2: the application's id (APIK-…)", check=check_word),
        Option("client-secret", "OAuth2: the application's secret", secret=True, check=check_word),
        Option(
            REFRESH,
            "OAuth2: the refresh token; a new one that Fax.Plus gives takes its place",
            secret=True,
            check=check_word,
        ),
        Option(
            ACCESS,
            "OAuth2: the access token, got and renewed with the refresh token",
            secret=True,
            check=check_word,
        ),
        Option(
            "refresh-in",
            "where a refresh has its parameters: query, as the vendor's sample, or form",
            default="query",
            check=check_place,
        ),
        Option(
            "api-time-zone",
            "IANA zone of the API's times that name none",
            default="UTC",
            check=check_zone,
        ),
        Option(
            "currency",
            "the user's currency (ISO 4217), in which the API names costs; none without it",
            check=check_currency,
        ),
        Option("base-url", f"where the API is, if not at {API_URL}", check=check_base_url),
        Option("token-url", f"where tokens are, if not at {TOKEN_URL}", check=check_base_url),
        # At most three retries, of up to 30 minutes each by most of the vendor's pages; half an
        # hour more for the calls themselves.
        *asking_options(minutes=3 * 30 + 30),
        *persisting_options(),
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
    client=make_client,
    read_answer=read_answer,
    sender=make_sender,
    connect=make_client,
    guide=make_guide,
)
