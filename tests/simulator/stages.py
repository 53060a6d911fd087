"""The accounts of simulated stories, and their callbacks as the service would take them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final
from urllib.parse import urlsplit

from faxhooks.domain.callback import Callback
from faxhooks.providers.base import Adapter, Config
from faxhooks.providers.registry import get_provider
from faxhooks.simulator.scenarios import SCENARIOS, tell
from faxhooks.simulator.story import Customer, Prepared, Scenario

NOW: Final = datetime(2026, 1, 13, 21, 54, 46, 123456, tzinfo=UTC)
ORIGIN: Final = "https://hooks.example.com"
SECRETS: Final[Mapping[str, Config]] = {
    "signalwire": {
        "project-id": ("b3877c40-da60-4998-90ad-b792e98472af",),
        "signing-key": ("PSK_newestTestKey0123456789", "PSK_olderTestKey0123456789"),
    },
    "faxplus": {"time-zone": ("America/New_York",)},
}
EVERY: Final = [(provider, name) for provider, every in SCENARIOS.items() for name in every]


def customer(provider: str, **ends: str) -> Customer:
    return Customer(f"{ORIGIN}/hooks/{provider}/TOKEN", SECRETS[provider], **ends)


def told(provider: str, name: str, *, seed: int = 1, **ends: str) -> list[Prepared]:
    """One fax's story at the time NOW; `sender` and `recipient` may be given."""
    return tell(scenario(provider, name), customer(provider, **ends), Random(seed), lambda: NOW)


def scenario(provider: str, name: str) -> Scenario:
    return SCENARIOS[provider][name]


def adapter(provider: str, secrets: Config | None = None) -> Adapter:
    """What reads the callbacks of the account, or of one with other secrets."""
    config = SECRETS[provider] if secrets is None else secrets
    return get_provider(provider).adapter(config, customer(provider).hook_url)


def arrived(prepared: Prepared, after: int = 0) -> Callback:
    """The request as it comes in, so many seconds after NOW."""
    parts = urlsplit(prepared.url)
    return Callback(
        method=prepared.method,
        origin=f"{parts.scheme}://{parts.netloc}",
        target=prepared.url.removeprefix(ORIGIN),
        headers={name.lower(): value for name, value in prepared.headers.items()},
        body=prepared.body,
        received_at=NOW + timedelta(seconds=after),
    )
