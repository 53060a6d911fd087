"""Faxes sent through the fake providers by plain HTTP, as their documentation says."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import requests

from faxhooks.providers.asking import Client, renew_alone
from faxhooks.providers.base import Config
from faxhooks.providers.registry import PROVIDERS
from faxhooks.simulator.fakes.fake import Fake
from faxhooks.simulator.fakes.faxplus import FaxPlusFake
from faxhooks.simulator.fakes.signalwire import API, SignalWireFake

FROM: Final = "+13105550100"
TO: Final = "+13105550101"
TIMEOUT: Final = 30


def config_of(fake: Fake, **other: str) -> Config:
    """The values of an account that is led to the fake; `_` stands for `-` in a name."""
    given = {name.replace("_", "-"): (value,) for name, value in other.items()}
    led = {name: (value,) for name, value in fake.options.items()}
    return {name: tuple(values) for name, values in fake.secrets.items()} | led | given


def client_of(name: str, config: Config) -> Client:
    """The client of an account that has what asking takes."""
    make = PROVIDERS[name].client
    assert make is not None
    client = make(config, renew_alone(config))
    assert client is not None
    return client


def send(fake: Fake, hook_url: str | None = None, **fields: Any) -> str:
    """Send a fax, which is to be told of at that hook; its id."""
    assert isinstance(fake, SignalWireFake | FaxPlusFake)
    if isinstance(fake, SignalWireFake):
        return _send_signalwire(fake, {"StatusCallback": hook_url, **fields})
    return _send_faxplus(fake, hook_url, fields)


def _send_signalwire(fake: SignalWireFake, fields: Mapping[str, Any]) -> str:
    form = {"To": TO, "From": FROM, "MediaUrl": "https://example.com/a.pdf", **fields}
    answer = requests.post(
        f"{fake.url}{API}/Accounts/{fake.project}/Faxes",
        data={name: value for name, value in form.items() if value is not None},
        auth=(fake.project, fake.secrets["api-token"][0]),
        timeout=TIMEOUT,
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["sid"])


def _send_faxplus(fake: FaxPlusFake, hook_url: str | None, fields: Mapping[str, Any]) -> str:
    headers = {"Authorization": f"Bearer {fake.secrets['access-token'][0]}"}
    account = f"{fake.url}/v3/accounts/self"
    known = {hook["target"] for hook in fake.hooks.values()}
    if hook_url is not None and hook_url not in known:
        hook = {"target": hook_url, "event": "fax_sent"}
        requests.post(f"{fake.url}/v3/hooks", json=hook, headers=headers, timeout=TIMEOUT)
    document = {"fax_file": ("a.pdf", b"%PDF", "application/pdf")}
    url = f"{account}/files?format=pdf"
    path = requests.post(url, files=document, headers=headers, timeout=TIMEOUT).json()["path"]
    body = {"from": FROM, "to": [TO], "files": [path], "return_ids": True, **fields}
    answer = requests.post(f"{account}/outbox", json=body, headers=headers, timeout=TIMEOUT)
    assert answer.status_code == 201, answer.text
    (made,) = answer.json()["ids"].values()
    return str(made)


def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for it, and fail when it does not come."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.01)
