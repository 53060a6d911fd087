"""Senders of VoipNow and Hubgets accounts that are led to an address."""

from typing import Final

from faxhooks.providers.asking import Renewing, renew_alone
from faxhooks.providers.base import Config
from faxhooks.providers.registry import PROVIDERS
from faxhooks.providers.unified.sender import UnifiedSender
from tests.providers.wire import told

VOIPNOW: Final = {
    "client-id": "app",
    "client-secret": "s3cret",
    "redirect-uri": "https://app.example.com/back",
    "extension": "0003*210",
}
COOKIE: Final = "dev=ffff2kjZ; xsrf-token=44HzZ6YIHDN6mbRY; vn=XI%2Cm-tps"
HUBGETS: Final = {"cookie": COOKIE, "extension": "0003*210"}
VALUES: Final = {"voipnow": VOIPNOW, "hubgets": HUBGETS}
TOKEN: Final = told({"access_token": "t1", "expires_in": 3600, "token_type": "Bearer"})


def config_of(name: str, origin: str, **options: str) -> Config:
    given = {key.replace("_", "-"): value for key, value in options.items()}
    return {key: (value,) for key, value in {**VALUES[name], "base-url": origin, **given}.items()}


def sender_of(name: str, config: Config, renewing: Renewing | None = None) -> UnifiedSender:
    make = PROVIDERS[name].sender
    assert make is not None
    made = make(config, renewing or renew_alone(config))
    assert isinstance(made, UnifiedSender)
    return made


def sender(name: str, origin: str, **options: str) -> UnifiedSender:
    return sender_of(name, config_of(name, origin, **options))
