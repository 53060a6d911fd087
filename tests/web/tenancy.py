"""Every route of the API and every kind of object: how another account's is asked for.

Each cell is tried with two keys: ours, which must find nothing, and theirs, which must find
it, so that a cell that asks for the wrong thing does not pass.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from faxhooks.services.keys import SCOPES, create_key
from tests.cli.left import leave_unread
from tests.story import Service

OPEN_TO_ALL = {"GET /api/v1/openapi.json", "GET /api/v1/docs"}
NUMBER = "+13105550177"


@dataclass(frozen=True)
class World:
    """A service with objects of theirs; two keys with every scope, each of one account, and
    one of all accounts.
    """

    service: Service
    ours: str
    theirs: str
    unlimited: str
    account: UUID
    fax: str
    callback: str

    def ask(self, key: str, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        raw = b"" if body is None else json.dumps(body).encode()
        return self.service.api.transport.send(method, f"/api/v1{path}", headers, raw)

    def named(self, text: str) -> str:
        """The text with the objects of this world in it."""
        names = {"fax": self.fax, "callback": self.callback, "account": str(self.account)}
        return text.format(**names, number=NUMBER.replace("+", "%2B"))


Cell = Callable[[World], None]


def absent(method: str, path: str, body: Any = None, there: int = 200) -> Cell:
    """The object is 404 with the very words of one that never was; `there` is what its own key
    is answered.
    """

    def check(world: World) -> None:
        never = world.ask(world.ours, method, _never(path), body)
        foreign = world.ask(world.ours, method, world.named(path), body)
        assert (never.status_code, foreign.status_code) == (404, 404), foreign.text
        words = [{**answer.json, "request_id": None} for answer in (never, foreign)]
        assert words[0] == words[1]
        assert world.ask(world.theirs, method, world.named(path), body).status_code == there

    return check


def none_of(path: str, *queries: str) -> Cell:
    """A list is empty however the object is asked for, and never shows it."""

    def check(world: World) -> None:
        for query in ("", *queries):
            asked = world.named(f"{path}?{query}")
            assert world.ask(world.theirs, "GET", asked).json["data"], query
            shown = world.ask(world.ours, "GET", asked)
            assert shown.status_code == 200
            assert not query or shown.json["data"] == [], query
            for secret in (world.fax, world.callback, str(world.account), NUMBER, "plus"):
                assert secret not in json.dumps(shown.json["data"]), query

    return check


def count_of(value: Callable[[Any], int], method: str, path: str, *bodies: Any) -> Cell:
    """A count is zero for us and not for them."""

    def check(world: World) -> None:
        for body in bodies or (None,):
            asked = json.loads(_filled(world, json.dumps(body)))
            assert value(world.ask(world.ours, method, world.named(path), asked).json) == 0
            assert value(world.ask(world.theirs, method, world.named(path), asked).json) > 0

    return check


def streamed(world: World) -> None:
    """Nothing of theirs is said to us; of ours, which came later, it is."""
    client = world.service.app.test_client()

    def first(key: str) -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        stream = client.get("/api/v1/stream?after=0", headers=headers)
        said = b"".join(islice(stream.iter_encoded(), 2)).decode()
        stream.close()
        return [json.loads(line[6:]) for line in said.splitlines() if line.startswith("data: ")]

    assert {change["account_id"] for change in first(world.theirs)} == {str(world.account)}
    assert [change["provider_fax_id"] for change in first(world.ours)] == ["ours"]


def not_for_keys_of_an_account(path: str) -> Cell:
    """What tells of all accounts at once is for keys without a limit."""

    def check(world: World) -> None:
        for key in (world.ours, world.theirs):
            shown = world.ask(key, "GET", path)
            assert shown.status_code == 403
            for secret in (world.fax, world.callback, str(world.account), "plus"):
                assert secret not in shown.text
        assert str(world.account) in world.ask(world.unlimited, "GET", path).text

    return check


def stats_of(query: str) -> Cell:
    return count_of(lambda said: int(said["total"]["faxes"]), "GET", f"/stats?{query}")


def ours_alone(world: World) -> None:
    """Without a filter the statistics are those of our one fax."""
    said = world.ask(world.ours, "GET", "/stats?group_by=account,destination").json
    assert said["total"]["faxes"] == 1
    assert [row["account"]["label"] for row in said["data"]] == ["main"]


def ours_measured(world: World) -> None:
    """How the callbacks of others come is not told either."""
    asked = "/stats?measure=callbacks"
    assert world.ask(world.theirs, "GET", asked).json["total"]["finals"] == 1
    assert world.ask(world.ours, "GET", asked).json["data"] == []


def number_of_callbacks(said: Any) -> int:
    assert len(said["data"]) == said["counts"]["callbacks"]
    return int(said["counts"]["callbacks"])


def not_sent_with(world: World) -> None:
    """An account of theirs is refused to us with the very words of one that never was."""
    said = {"to": NUMBER, "from": "+13105550100", "media_url": "https://example.com/a.pdf"}
    found = []
    for account in ("plus", str(world.account), "never", str(uuid4())):
        answer = world.ask(world.ours, "POST", "/faxes", {**said, "account": account})
        assert answer.status_code == 422
        found.append({**answer.json, "request_id": None})
    assert all(each == found[0] for each in found)
    theirs = world.ask(world.theirs, "POST", "/faxes", {**said, "account": "plus"})
    assert {**theirs.json, "request_id": None} != found[0]


CELLS: Mapping[str, Mapping[str, Cell]] = {
    "GET /api/v1/faxes": {
        "fax": none_of("/faxes", "provider_fax_id=theirs", "account={account}", "account=plus"),
        "number": none_of("/faxes", "to={number}", "to=%2B1310555017*"),
        "tag": none_of("/faxes", "tag.case=4711"),
    },
    "GET /api/v1/faxes/<uuid:fax_id>": {"fax": absent("GET", "/faxes/{fax}")},
    "PATCH /api/v1/faxes/<uuid:fax_id>": {
        "fax": absent("PATCH", "/faxes/{fax}", {"tags": {"a": "b"}}),
    },
    "POST /api/v1/faxes/<uuid:fax_id>/actions/refresh": {
        "fax": absent("POST", "/faxes/{fax}/actions/refresh", there=409),
    },
    "GET /api/v1/faxes/<uuid:fax_id>/history": {"fax": absent("GET", "/faxes/{fax}/history")},
    "POST /api/v1/faxes": {"account": not_sent_with},
    "POST /api/v1/faxes/<uuid:fax_id>/actions/cancel": {
        "fax": absent("POST", "/faxes/{fax}/actions/cancel", there=409),
    },
    "POST /api/v1/faxes/<uuid:fax_id>/actions/resend": {
        "fax": absent("POST", "/faxes/{fax}/actions/resend", {}, there=409),
    },
    "GET /api/v1/changes": {"fax": none_of("/changes")},
    "GET /api/v1/stream": {"fax": streamed},
    "GET /api/v1/callbacks": {
        "callback": none_of("/callbacks", "account=plus", "account={account}", "provider=faxplus"),
        "fax": none_of("/callbacks", "fax={fax}"),
    },
    "GET /api/v1/callbacks/<uuid:callback_id>": {
        "callback": absent("GET", "/callbacks/{callback}"),
    },
    "POST /api/v1/callbacks/<uuid:callback_id>/replay": {
        "callback": absent("POST", "/callbacks/{callback}/replay", {}),
        "rehearsal": absent("POST", "/callbacks/{callback}/replay", {"dry_run": True}),
    },
    "POST /api/v1/callbacks/replay": {
        "callback": count_of(
            number_of_callbacks,
            "POST",
            "/callbacks/replay",
            {"verdict": "unrecognized", "dry_run": True},
            {"account": ["{account}"]},
            {"account": "plus"},
            {"fax": "{fax}"},
        ),
    },
    "GET /api/v1/stats": {
        "label": stats_of("account=plus"),
        "account": stats_of("account={account}&bucket=day"),
        "provider": stats_of("provider=faxplus&group_by=account"),
        "all": ours_alone,
        "callbacks": ours_measured,
    },
    "GET /api/v1/numbers/<string:e164>": {"number": absent("GET", "/numbers/{number}")},
    "GET /api/v1/audit": {"audit": not_for_keys_of_an_account("/audit")},
}
"""For each route and each kind of object: how it is asked for, and what must be answered."""


def make_world(service: Service) -> World:
    """The objects of two accounts in this service, which is new."""
    hook, parts = service.hook, service.parts
    hook.faxplus("theirs", "success", to=NUMBER)
    callback = leave_unread(service, "unread", "success", release="0.9.0")
    fax = service.api.fax("theirs")["id"]
    account = hook.faxplus_account.id
    keys = [
        parts.database.write(lambda s, each=each: create_key(s, "all", SCOPES, account_id=each))[1]
        for each in (hook.signalwire_account.id, account, None)
    ]
    made = World(service, *keys, account, fax, str(callback))
    tagged = made.ask(keys[1], "PATCH", f"/faxes/{fax}", {"tags": {"case": "4711"}})
    assert tagged.status_code == 200
    hook.signalwire(FaxSid="ours", FaxStatus="queued", To="+13105550188")
    return made


def routes(app: Any) -> set[str]:
    """Every route of the API that needs a key, by its method and its rule."""
    found = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    return found - OPEN_TO_ALL


def _never(path: str) -> str:
    """The same address of something that never was."""
    return path.format(fax=uuid4(), callback=uuid4(), account=uuid4(), number="%2B13105550199")


def _filled(world: World, text: str) -> str:
    """Like `named`, for JSON, whose braces are its own."""
    return text.replace("{fax}", world.fax).replace("{account}", str(world.account))
