"""Two providers and a reader, as tests tell stories about them."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from faxhooks.app import create_app
from faxhooks.services.accounts import Account
from faxhooks.services.keys import create_key
from faxhooks.services.parts import Parts
from faxhooks.settings import Settings
from tests.doors import WSGI, transport

SIGNING_KEY = "PSK_testSigningKey0123456789"
PROJECT = "b3877c40-da60-4998-90ad-b792e98472af"
PUBLIC_URL = "https://hooks.example.com"
SECRET = "a-secret-key-for-tests-long-enough-and-varied"


class Reply(Protocol):
    """An answer, whoever carried it."""

    @property
    def status_code(self) -> int: ...


class Transport(Protocol):
    """Something that takes requests to the service: a test client, or the network."""

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Any: ...


def settings_for(database_url: str, **changes: Any) -> Settings:
    """Settings of a service on this database."""
    values: dict[str, Any] = {
        "env": "development",
        "database_url": database_url,
        "public_url": PUBLIC_URL,
        "secret_keys": (SECRET,),
        "port": 8000,
        "web_concurrency": 1,
        "log_level": "warning",
        "metrics_token": None,
    }
    return Settings(**{**values, **changes})


def signature(url: str, form: Mapping[str, str], key: str = SIGNING_KEY) -> str:
    """SignalWire's, of a form: written here anew, so that two hands must agree."""
    said = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(key.encode(), said.encode(), "sha1")).decode()


def relay_signatures(url: str, body: bytes, key: str = SIGNING_KEY) -> dict[str, str]:
    """SignalWire's, of a JSON body."""
    said = url.encode() + body
    return {
        "X-SignalWire-Signature": hmac.digest(key.encode(), said, "sha1").hex(),
        "X-SignalWire-SHA256-Signature": hmac.digest(key.encode(), said, "sha256").hex(),
    }


@dataclass
class Hook:
    """Posts as the providers do; every method answers with the response."""

    transport: Transport
    signalwire_account: Account
    faxplus_account: Account

    def signalwire(self, **form: str) -> Any:
        """A signed form."""
        url = self.signalwire_account.hook_url
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-SignalWire-Signature": signature(url, form),
        }
        return self.transport.send("POST", target(url), headers, urlencode(form).encode())

    def signalwire_get(self, **query: str) -> Any:
        """A signed GET."""
        url = f"{self.signalwire_account.hook_url}?{urlencode(query)}"
        headers = {"X-SignalWire-Signature": signature(url, {})}
        return self.transport.send("GET", target(url), headers, b"")

    def relay(self, body: bytes | dict[str, Any]) -> Any:
        """A signed JSON event."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = self.signalwire_account.hook_url
        headers = {"Content-Type": "application/json", **relay_signatures(url, raw)}
        return self.transport.send("POST", target(url), headers, raw)

    def faxplus(self, fax: str, status: str, *, attempt: str | None = None, **data: Any) -> Any:
        """A `fax_sent` hook; `attempt` is `hook.id` where it is not the fax's own id."""
        time = data.pop("event_time", "2026-09-09 10:44:39")
        event = data.pop("event", "fax_sent")
        hook = {"id": attempt or fax, "event": event, "event_time": time}
        said = {"hook": hook, "data": {"id": fax, "status": status, **data}}
        return self.faxplus_raw(json.dumps(said).encode())

    def faxplus_raw(self, body: bytes, content_type: str = "application/json") -> Any:
        """Any bytes at all."""
        where = target(self.faxplus_account.hook_url)
        return self.transport.send("POST", where, {"Content-Type": content_type}, body)


@dataclass
class Api:
    """Asks with a key."""

    transport: Transport
    key: str

    def get(self, path: str) -> Any:
        """The response to GET /api/v1…"""
        headers = {"Authorization": f"Bearer {self.key}"}
        return self.transport.send("GET", f"/api/v1{path}", headers, b"")

    def faxes(self, query: str = "") -> list[dict[str, Any]]:
        """The first page."""
        answer = self.get(f"/faxes{query}")
        assert answer.status_code == 200, answer.text
        data: list[dict[str, Any]] = json.loads(answer.text)["data"]
        return data

    def fax(self, provider_fax_id: str) -> dict[str, Any]:
        """The one fax of this id."""
        (found,) = self.faxes(f"?provider_fax_id={provider_fax_id}")
        return found

    def history(self, provider_fax_id: str) -> list[dict[str, Any]]:
        """Its events."""
        answer = self.get(f"/faxes/{self.fax(provider_fax_id)['id']}/history")
        assert answer.status_code == 200, answer.text
        data: list[dict[str, Any]] = json.loads(answer.text)["data"]
        return data


@dataclass
class Service:
    """A composed service with an account of each provider and a key that reads."""

    parts: Parts
    hook: Hook
    api: Api
    app: Any


def target(url: str) -> str:
    """The path and query of a public URL."""
    return url.removeprefix(PUBLIC_URL)


def add_accounts(parts: Parts) -> tuple[Account, Account]:
    """The two accounts of every story."""
    signing = {"project-id": [PROJECT], "signing-key": [SIGNING_KEY]}
    return parts.database.write(
        lambda session: (
            parts.accounts.add(session, "signalwire", "main", signing),
            parts.accounts.add(session, "faxplus", "plus", {}),
        )
    )


def make_service(database_url: str, door: str = WSGI, **changes: Any) -> Service:
    """A service in this process, which is asked by this door."""
    app = create_app(settings_for(database_url, **changes))
    parts: Parts = app.extensions["faxhooks"]
    accounts = add_accounts(parts)
    _, key = parts.database.write(lambda session: create_key(session, "test", ["read"]))
    way = transport(door, app)
    return Service(parts, Hook(way, *accounts), Api(way, key), app)
