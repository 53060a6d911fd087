"""Every row of the table of answers: what a provider hears, and what was kept."""

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from faxhooks.db.models import CallbackRow, EventRow, FaxRow
from tests.story import Api, Hook, Service, relay_signatures, target
from tests.web.entered import database_url, door, way

__all__ = ["database_url", "door", "way"]


def kept(service: Service) -> list[CallbackRow]:
    def ask(session: Any) -> list[CallbackRow]:
        return list(session.scalars(select(CallbackRow).order_by(CallbackRow.received_at)))

    return service.parts.database.read(ask)


def counted(service: Service, table: Any) -> int:
    counted_ = service.parts.database.read(
        lambda session: session.scalar(select(func.count()).select_from(table))
    )
    return int(counted_ or 0)


def test_a_form_is_answered_with_an_empty_response_after_the_commit(service: Service) -> None:
    answer = service.hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    assert (answer.status_code, answer.mimetype) == (200, "application/xml")
    assert answer.data.endswith(b"<Response/>")
    (row,) = kept(service)
    assert (row.verdict, row.evidence, row.seen) == ("applied", "signed", 1)


def test_a_get_with_a_query_is_a_callback_too(service: Service, api: Api) -> None:
    assert service.hook.signalwire_get(FaxSid="f1", FaxStatus="busy").status_code == 200
    assert api.fax("f1")["status"] == "busy"
    assert kept(service)[0].query == "FaxSid=f1&FaxStatus=busy"


def test_a_json_event_is_a_callback_too(hook: Hook, api: Api) -> None:
    fax = {"direction": "send", "identity": "+13105550100", "remote_identity": "+13105550101"}
    params = {**fax, "pages": 3, "success": True, "result": 0, "result_text": "OK"}
    body = {
        "event_type": "calling.call.fax",
        "timestamp": 1640000000.123,
        "params": {
            "call_id": "call-1",
            "control_id": "control-1",
            "fax": {"type": "finished", "params": params},
        },
    }
    assert hook.relay(body).status_code == 200
    found = api.fax("call-1")
    assert (found["status"], found["pages"]) == ("delivered", 3)
    assert set(found["references"]) == {"call-1", "control-1"}
    assert (found["from"], found["to"]) == ("+13105550100", "+13105550101")


def test_the_numbers_own_request_is_told_to_receive(hook: Hook, api: Api) -> None:
    answer = hook.signalwire(FaxSid="in1", From="+13105550100", To="+13105550101")
    url = hook.signalwire_account.hook_url
    assert answer.data.decode().endswith(f'<Response><Receive action="{url}"/></Response>')
    assert answer.mimetype == "application/xml"
    assert (api.fax("in1")["status"], api.fax("in1")["direction"]) == ("receiving", "inbound")
    hook.signalwire(FaxSid="in1", FaxStatus="failed", ErrorMessage="The call dropped prematurely")
    assert (api.fax("in1")["status"], api.fax("in1")["direction"]) == ("failed", "inbound")


def test_a_fax_plus_hook_is_answered_after_the_commit(service: Service, api: Api) -> None:
    assert service.hook.faxplus("a", "success", to="+1 334-304-0101").status_code == 200
    assert (api.fax("a")["status"], api.fax("a")["to"]) == ("delivered", "+13343040101")
    assert kept(service)[0].evidence == "unsigned"


@pytest.mark.parametrize("slash", ["", "/"])
def test_both_slash_forms_are_served_without_a_redirect(service: Service, slash: str) -> None:
    where = target(service.hook.faxplus_account.hook_url) + slash
    body = json.dumps({"hook": {"id": "a", "event": "fax_sent"}, "data": {"status": "success"}})
    answer = service.hook.transport.send("POST", where, {}, body.encode())
    assert answer.status_code == 200
    assert len(kept(service)) == 1


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_request_without_parameters_stores_nothing(service: Service, method: str) -> None:
    for account in (service.hook.signalwire_account, service.hook.faxplus_account):
        answer = service.hook.transport.send(method, target(account.hook_url), {}, b"")
        assert answer.status_code == 200
    assert kept(service) == []


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD"])
@pytest.mark.parametrize(
    "path", ["/hooks/signalwire/nosuchtoken", "/hooks/other/nosuchtoken", "/hooks/signalwire"]
)
def test_an_unknown_token_is_404_without_a_word(service: Service, method: str, path: str) -> None:
    answer = service.hook.transport.send(method, path, {}, b"" if method != "POST" else b"{}")
    assert answer.status_code == 404
    assert answer.data in (b"",) or not path.endswith("nosuchtoken")
    assert kept(service) == []


def test_the_token_of_one_provider_is_unknown_to_another(service: Service) -> None:
    where = target(service.hook.faxplus_account.hook_url).replace("faxplus", "signalwire")
    assert service.hook.transport.send("POST", where, {}, b"{}").status_code == 404


def test_a_missing_signature_is_403_and_nothing_is_kept(service: Service) -> None:
    where = target(service.hook.signalwire_account.hook_url)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = service.hook.transport.send("POST", where, form, b"FaxSid=f1&FaxStatus=delivered")
    assert (answer.status_code, answer.data) == (403, b"")
    assert kept(service) == []


@pytest.mark.parametrize("header", ["x" * 300, "é", "AAAA", ""])
def test_a_wrong_signature_is_403_and_nothing_is_kept(service: Service, header: str) -> None:
    where = target(service.hook.signalwire_account.hook_url)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-SignalWire-Signature": header,
    }
    answer = service.hook.transport.send("POST", where, headers, b"FaxSid=f1&FaxStatus=delivered")
    assert (answer.status_code, answer.data) == (403, b"")
    assert kept(service) == []


def test_a_signature_over_the_host_header_is_worth_nothing(service: Service) -> None:
    url = service.hook.signalwire_account.hook_url
    seen = url.replace("https://hooks.example.com", "http://localhost")
    body = b"{}"
    headers = {"Content-Type": "application/json", **relay_signatures(seen, body)}
    assert service.hook.transport.send("POST", target(url), headers, body).status_code == 403


def test_a_body_over_the_limit_is_413_and_one_at_the_limit_is_not(service: Service) -> None:
    limit = 64 * 1024
    assert service.hook.faxplus_raw(b"x" * limit).status_code == 200
    assert service.hook.faxplus_raw(b"x" * (limit + 1)).status_code == 413
    assert [len(row.body) for row in kept(service)] == [limit]


NOT_UNDERSTOOD = {
    "an unknown word": (
        b'{"hook":{"id":"a","event":"fax_sent"},"data":{"id":"a","status":"teleported"}}',
        "unknown status: teleported",
    ),
    "an unknown event": (
        b'{"hook":{"id":"a","event":"fax_eaten"},"data":{"id":"a","status":"success"}}',
        "unknown event: fax_eaten",
    ),
    "no id": (b'{"hook":{"event":"fax_sent"},"data":{"status":"success"}}', "no id"),
    "not JSON": (b"hello", "unparsable"),
    "an empty body": (b"", "unparsable"),
    "JSON but no object": (b"[1]", "unparsable"),
    "a NUL": (
        b'{"hook":{"id":"a","event":"fax_sent"},"data":{"id":"a\\u0000","status":"success"}}',
        "NUL",
    ),
    "bad UTF-8": (b'{"hook":{"id":"\xff"}}', "unparsable"),
    "half a character": (b'{"hook":{"id":"\\ud800","event":"fax_sent"}}', "surrogate"),
    "NaN": (b'{"hook":{"id":"a","event":"fax_sent"},"data":{"pages":NaN}}', "NaN"),
    "too deep": (b'{"a":' * 100 + b"1" + b"}" * 100, "too deep"),
    "deeper than any stack": (b"[" * 60_000, "too deep"),
    "impossible pages": (
        b'{"hook":{"id":"a","event":"fax_sent"},"data":{"id":"a","status":"success","pages":-1}}',
        "impossible",
    ),
    "a number no column holds": (
        b'{"hook":{"id":"a","event":"fax_sent"},'
        b'"data":{"id":"a","status":"success","pages":99999999999999999999}}',
        "impossible",
    ),
}


@pytest.mark.parametrize(("body", "reason"), NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_what_is_authentic_but_not_understood_is_kept_with_its_reason(
    service: Service, body: bytes, reason: str
) -> None:
    for _ in range(2):
        assert service.hook.faxplus_raw(body).status_code == 200
    (row,) = kept(service)
    assert (row.verdict, row.body, row.seen) == ("unrecognized", body, 2)
    assert row.reason is not None
    assert row.reason.startswith(reason)
    assert counted(service, FaxRow) == 0


def test_a_signed_form_without_an_id_or_with_an_unknown_word_is_kept(service: Service) -> None:
    assert service.hook.signalwire(FaxStatus="delivered").status_code == 200
    assert service.hook.signalwire(FaxSid="f1", FaxStatus="teleported").status_code == 200
    assert service.hook.signalwire(FaxSid="f1\0", FaxStatus="delivered").status_code == 200
    assert [row.reason.partition(":")[0] for row in kept(service) if row.reason] == [
        "no id",
        "unknown status",
        "NUL",
    ]


def test_a_signed_json_body_that_is_not_utf8_is_kept(service: Service) -> None:
    assert service.hook.relay(b'{"a":"\xff"}').status_code == 200
    assert kept(service)[0].body == b'{"a":"\xff"}'


def test_a_repeated_callback_has_one_effect_and_is_counted(service: Service, api: Api) -> None:
    for _ in range(3):
        assert service.hook.signalwire(FaxSid="f1", FaxStatus="sending").status_code == 200
    assert [row.seen for row in kept(service)] == [3]
    assert counted(service, EventRow) == 1
    assert api.fax("f1")["events"] == 1


def test_fields_in_another_order_are_the_same_callback(service: Service) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus="sending", To="+13105550100")
    service.hook.signalwire(To="+13105550100", FaxStatus="sending", FaxSid="f1")
    assert [row.seen for row in kept(service)] == [2]


def test_the_method_a_hook_does_not_take_is_405_and_says_which_it_takes(service: Service) -> None:
    where = target(service.hook.faxplus_account.hook_url)
    answer = service.hook.transport.send("PUT", where, {}, b"{}")
    assert (answer.status_code, answer.data) == (405, b"")
    assert {"GET", "HEAD", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_the_token_is_not_kept_in_the_clear(service: Service) -> None:
    service.hook.faxplus("a", "success")
    (row,) = kept(service)
    assert row.path == "/hooks/faxplus/{token}"
    assert service.hook.faxplus_account.hook_url.rpartition("/")[2] not in str(row.headers)
