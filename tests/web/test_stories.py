"""What became of a fax, told through the hooks and read through the API."""

import re

from tests.story import Api, Hook
from tests.web.entered import database_url, door, way

__all__ = ["database_url", "door", "way"]


def test_out_of_order_callbacks_settle_on_the_final_status(hook: Hook, api: Api) -> None:
    for word in ["queued", "delivered", "sending", "delivered"]:
        assert hook.signalwire(FaxSid="f1", FaxStatus=word).status_code == 200
    assert api.fax("f1")["status"] == "delivered"
    verdicts = [(event["status"], event["verdict"]) for event in api.history("f1")]
    assert verdicts == [("queued", "applied"), ("delivered", "applied"), ("sending", "stale")]


def test_a_contradiction_is_flagged_and_reads_as_failed(hook: Hook, api: Api) -> None:
    hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    hook.signalwire(FaxSid="f1", FaxStatus="failed", ErrorCode="34004")
    assert (api.fax("f1")["status"], api.fax("f1")["flags"]) == ("failed", ["conflict"])
    assert api.history("f1")[1]["verdict"] == "conflict"


def test_a_retry_that_succeeds_is_delivered_under_every_id(hook: Hook, api: Api) -> None:
    hook.faxplus("a", "failed_user_busy", event_time="2026-09-09 10:44:39")
    assert api.fax("a")["flags"] == []
    hook.faxplus("a", "failed_no_answer", attempt="b", event_time="2026-09-09 10:50:00")
    assert api.fax("a")["flags"] == ["provisional"]
    hook.faxplus("a", "success", attempt="c", event_time="2026-09-09 10:55:00")
    found = api.fax("c")
    assert (found["status"], found["flags"], found["events"]) == ("delivered", [], 3)
    assert found["references"] == ["a", "b", "c"]
    assert api.fax("a") == api.fax("b") == found


def test_two_faxes_that_turn_out_to_be_one_become_one(hook: Hook, api: Api) -> None:
    hook.faxplus("x", "failed_user_busy", event_time="2026-09-09 10:00:00")
    hook.faxplus("y", "failed_no_answer", event_time="2026-09-09 10:05:00")
    older, younger = api.fax("x"), api.fax("y")
    hook.faxplus("x", "success", attempt="y", event_time="2026-09-09 10:10:00")
    (fax,) = api.faxes()
    assert (fax["id"], fax["status"], fax["events"]) == (older["id"], "delivered", 3)
    assert [event["seq"] for event in api.history("y")] == [1, 2, 3]
    assert api.get(f"/faxes/{younger['id']}").json["id"] == older["id"]


def test_a_call_that_completed_says_nothing_about_the_fax(hook: Hook, api: Api) -> None:
    hook.signalwire(FaxSid="f1", FaxStatus="sending")
    hook.signalwire(FaxSid="f1", FaxStatus="completed")
    assert api.fax("f1")["status"] == "sending"


def test_a_fax_has_every_field_of_its_public_shape(hook: Hook, api: Api) -> None:
    hook.signalwire(
        FaxSid="f1",
        FaxStatus="failed",
        From="+13103383454",
        To="+13104456789",
        ErrorCode="34004",
        ErrorMessage="The call dropped prematurely",
        RemoteStationId="+1 310 445 6789",
        Timestamp="2026-01-13T21:54:46Z",
    )
    fax = api.fax("f1")
    assert {name: fax[name] for name in ("created_at", "updated_at")} == {
        "created_at": fax["updated_at"],
        "updated_at": fax["created_at"],
    }
    assert fax["created_at"].endswith("Z")
    for name in ("id", "created_at", "updated_at"):
        del fax[name]
    account = fax.pop("account")
    assert account == {"id": str(hook.signalwire_account.id), "label": "main"}
    assert fax == {
        "provider": "signalwire",
        "provider_fax_id": "f1",
        "references": ["f1"],
        "direction": None,
        "from": "+13103383454",
        "to": "+13104456789",
        "status": "failed",
        "outcome": "failure",
        "provider_status": "failed",
        "reason": {
            "code": "line.dropped",
            "fault": "network",
            "retry": "soon",
            "may_have_printed": True,
        },
        "error": {"code": "34004", "message": "The call dropped prematurely"},
        "evidence": "signed",
        "flags": [],
        "pages": None,
        "duration": None,
        "cost": None,
        "media_url": None,
        "remote_station_id": "+1 310 445 6789",
        "tags": {},
        "events": 1,
        "finished_at": "2026-01-13T21:54:46Z",
    }


def test_a_history_line_has_every_field_of_its_public_shape(hook: Hook, api: Api) -> None:
    hook.faxplus("a", "failed_user_busy", event_time="2026-09-09 10:44:39")
    (line,) = api.history("a")
    assert line.pop("received_at").endswith("Z")
    assert len(line.pop("callback_id")) == 36
    assert re.fullmatch(r"[0-9a-f]{64}", line.pop("digest"))
    assert line.pop("detail") == "failed_user_busy"
    assert line == {
        "seq": 1,
        "status": "busy",
        "verdict": "applied",
        "reason": {
            "code": "line.busy",
            "fault": "recipient",
            "retry": "later",
            "may_have_printed": False,
        },
        "provider_status": "failed_user_busy",
        "source": "callback",
        "evidence": "unsigned",
        "occurred_at": "2026-09-09T10:44:39Z",
        "status_after": "busy",
    }
