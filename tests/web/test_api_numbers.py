"""How faxing a number goes, and that nobody learns of the number by it."""

from datetime import timedelta
from typing import Any

import pytest

from faxhooks.domain.reasons import REASONS
from faxhooks.services.advising import advice
from faxhooks.services.keys import create_key
from tests.story import Api, Service, make_service
from tests.web.made_faxes import BEGIN, add_faxes, made_fax

NUMBER = "+13105550101"


def ask(api: Api, number: str = NUMBER) -> Any:
    answer = api.get(f"/numbers/{number}")
    assert answer.status_code == 200, answer.text
    return answer.json


def add(service: Service, *changes: dict[str, Any]) -> None:
    """Faxes to the number, an hour apart, in this order."""
    account = service.hook.signalwire_account.id
    moments = [BEGIN + timedelta(hours=hour) for hour in range(len(changes))]
    add_faxes(
        service.parts.database,
        [
            made_fax(account, "signalwire", **{"created_at": moment, **change})
            for moment, change in zip(moments, changes, strict=True)
        ],
    )


def test_attempts_are_counted_and_the_most_frequent_reason_is_named(
    service: Service, api: Api
) -> None:
    add(
        service,
        {"pages": 3},
        {"pages": 4},
        {"pages": None},
        {"status": "busy", "reason": "line.busy"},
        {"status": "no-answer", "reason": "line.no_answer"},
        {"status": "busy", "reason": "line.busy"},
        {"status": "sending"},
        {"status": "canceled", "reason": "user.canceled"},
        {"recipient": "+13105550102"},
        {"merged_into": service.hook.signalwire_account.id},
    )
    found = ask(api)
    assert found["number"] == NUMBER
    assert found["attempts"] == 8
    outcomes = {"pending": 1, "unknown": 0, "success": 3, "failure": 3, "canceled": 1}
    assert found["by_outcome"] == outcomes
    assert (found["success_rate"], found["average_pages"]) == (0.5, 3.5)
    assert found["main_reason"] == {
        "code": "line.busy",
        "fault": "recipient",
        "retry": "later",
        "may_have_printed": False,
    }
    assert found["last_attempt_at"] == "2026-02-26T07:00:00Z"
    assert found["last_success_at"] == "2026-02-26T02:00:00Z"
    assert found["last_failure_at"] == "2026-02-26T05:00:00Z"
    assert found["suggestion"] == (
        "As a rule, the cause lies with the recipient: send again later; "
        "another provider may be tried."
    )


def test_of_equally_frequent_reasons_the_latest_is_the_main_one(service: Service, api: Api) -> None:
    busy = {"status": "busy", "reason": "line.busy"}
    no_answer = {"status": "no-answer", "reason": "line.no_answer"}
    add(service, no_answer, busy)
    assert ask(api)["main_reason"]["code"] == "line.busy"
    add(service, {**no_answer, "created_at": BEGIN + timedelta(days=1)})
    assert ask(api)["main_reason"]["code"] == "line.no_answer"


@pytest.mark.parametrize(
    ("faxes", "suggestion"),
    [
        ([{}], "Faxes to this number arrive."),
        ([{"status": "sending"}], "No fax to this number has been answered for yet."),
        ([{"status": "canceled"}], "No fax to this number has been answered for yet."),
        (
            [{"status": "failed", "reason": "line.unallocated"}, {}],
            "The latest fax arrived. Of those that failed, the cause lies with the document, the "
            "number or the request: sending the same again will not help.",
        ),
        (
            [{"status": "failed", "reason": "unknown"}],
            "As a rule, nobody has said why: let a person decide before sending again; pages may "
            "have been printed already.",
        ),
    ],
)
def test_what_to_do_is_said_in_words(
    service: Service, api: Api, faxes: list[dict[str, Any]], suggestion: str
) -> None:
    add(service, *faxes)
    assert ask(api)["suggestion"] == suggestion


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_has_its_advice(code: str) -> None:
    said = advice(code)
    assert ("printed" in said) == REASONS[code].may_have_printed
    assert ("another provider" in said) == (REASONS[code].may_fail_over == "yes")


def test_what_came_from_a_number_is_told_apart(service: Service, api: Api) -> None:
    inbound = {"direction": "inbound", "sender": NUMBER, "recipient": "+12125550100"}
    add(service, {**inbound, "status": "received"}, {**inbound, "status": "partial"})
    found = ask(api)
    assert (found["attempts"], found["received"]) == (0, 2)
    assert found["last_received_at"] == "2026-02-26T01:00:00Z"
    assert found["last_attempt_at"] is found["success_rate"] is found["main_reason"] is None
    assert found["suggestion"] == "Nothing was sent to this number yet."
    assert api.get("/numbers/+12125550100").status_code == 404


def test_a_failure_that_never_told_its_direction_counts_as_sent(service: Service, api: Api) -> None:
    add(service, {"direction": None, "status": "failed", "reason": "unknown"})
    assert (ask(api)["attempts"], ask(api)["success_rate"]) == (1, 0.0)


def test_it_is_told_of_real_callbacks(service: Service, api: Api) -> None:
    service.hook.signalwire(FaxSid="s1", FaxStatus="delivered", To=NUMBER, NumPages="2")
    service.hook.faxplus("p1", "failed_user_busy", to=NUMBER)
    found = ask(api)
    assert (found["attempts"], found["success_rate"]) == (2, 0.5)
    assert found["main_reason"]["code"] == "line.busy"
    assert found["last_success_at"] is not None


@pytest.mark.parametrize("written", ["+13105550101", "%2B13105550101", "%2b13105550101"])
def test_the_plus_sign_may_be_encoded(service: Service, api: Api, written: str) -> None:
    add(service, {})
    assert ask(api, written)["number"] == NUMBER


@pytest.mark.parametrize(
    "written",
    [
        "13105550101",
        "+0310555010",
        "+1310",
        "+1 310 555 0101",
        "+1310555010112345",
        "fax",
        "%00",
        "+1310555%D9%A0101",
        "+13105550101%0A",
        "+13105550101;x",
    ],
)
def test_anything_but_e164_is_400_and_not_repeated(api: Api, written: str) -> None:
    answer = api.get(f"/numbers/{written}")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert "+13105550101" in answer.json["errors"][0]["detail"]
    assert "+1310555010112345" not in answer.text


def test_a_number_nobody_may_tell_of_is_as_absent_as_none(service: Service, api: Api) -> None:
    service.hook.faxplus("p1", "success", to=NUMBER)
    account = service.hook.signalwire_account.id
    _, key = service.parts.database.write(
        lambda session: create_key(session, "main", ["read"], account_id=account)
    )
    foreign = Api(api.transport, key).get(f"/numbers/{NUMBER}")
    absent = api.get("/numbers/+13105550199")
    assert foreign.status_code == absent.status_code == 404
    assert foreign.json["detail"] == absent.json["detail"]


def test_the_number_is_in_no_log(
    database_url: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    service = make_service(database_url, log_level="debug")
    add(service, {})
    for number in (NUMBER, "%2B13105550101", "13105550101", "+13105550199"):
        service.api.get(f"/numbers/{number}")
    service.parts.database.engine.dispose()
    logged = f"{capfd.readouterr()} {caplog.text}"
    assert logged.count("/api/v1/numbers/<string:e164>") >= 4
    assert "3105550" not in logged
