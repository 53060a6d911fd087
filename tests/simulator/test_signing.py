"""The simulator signs as SignalWire does: it makes the signatures of genuine requests."""

from typing import Any

from faxhooks.simulator.signalwire_requests import sign_body, sign_fields
from tests.providers.signalwire.requests import VECTORS


def vector(name: str) -> dict[str, Any]:
    found: dict[str, Any] = VECTORS[name]
    return found


def test_a_form_is_signed_with_its_blank_fields() -> None:
    form = vector("V1_post_form")
    assert sign_fields(form["key"], form["url"], form["params"]) == form["signature"]
    assert "" in form["params"].values()


def test_a_get_is_signed_over_its_whole_url() -> None:
    get = vector("V2_get_query")
    assert sign_fields(get["key"], get["url"], {}) == get["signature"]


def test_json_is_signed_as_it_is_sent_by_both_hashes() -> None:
    post = vector("V3_json_raw_body")
    body, headers = post["body"].encode(), post["headers"]
    weak, strong = (sign_body(post["key"], post["url"], body, name) for name in ("sha1", "sha256"))
    assert weak == headers["X-SignalWire-Signature"]
    assert strong == headers["X-SignalWire-SHA256-Signature"]
