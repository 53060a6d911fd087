"""What the API says of the faxes that were told of, page after page."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from faxhooks.domain.errors import FaxhooksError
from faxhooks.simulator.asking import Api
from faxhooks.simulator.firing import Report
from faxhooks.simulator.outcome import Outcome
from tests.simulator.receivers import Request, nobody, receiving


def fax(number: int) -> dict[str, Any]:
    """A fax that its provider calls by two ids; the odd ones are busy."""
    return {
        "id": f"fax-{number}",
        "provider_fax_id": f"call-{number}",
        "references": [f"call-{number}", f"id-{number}"],
        "status": "busy" if number % 2 else "delivered",
    }


def api(request: Request) -> tuple[int, bytes]:
    """Knows the faxes 0 to 119 and gives ten at a time, as the API pages."""
    if request.headers["authorization"] != "Bearer fhk_test":
        return 401, json.dumps({"detail": "The API key is unknown."}).encode()
    if urlsplit(request.target).path == "/api/v1/faxes/fax-3/history":
        return 200, json.dumps({"data": [{"status": "busy"}], "next_cursor": None}).encode()
    query = parse_qs(urlsplit(request.target).query)
    numbers = [int(each.removeprefix("id-")) for each in query["provider_fax_id"][0].split(",")]
    start = int(query.get("cursor", ["0"])[0])
    known = [fax(number) for number in numbers if number < 120]
    following = str(start + 10) if start + 10 < len(known) else None
    page = {"data": known[start : start + 10], "next_cursor": following}
    return 200, json.dumps(page).encode()


def test_faxes_are_counted_by_status_over_all_pages() -> None:
    with receiving(api) as receiver, Api(receiver.url, "fhk_test") as asked:
        found = asked.standing([f"id-{number}" for number in range(130)])
    assert found.statuses == {"busy": 60, "delivered": 60}
    assert found.unknown == 10


def test_no_more_than_a_hundred_faxes_are_kept() -> None:
    with receiving(api) as receiver, Api(receiver.url, "fhk_test") as asked:
        outcome = Outcome(Report(), 1).ask(asked, [f"id-{number}" for number in range(120)])
    assert len(outcome.as_json()["faxes"]) == 100
    assert outcome.as_json()["statuses"] == {"busy": 60, "delivered": 60}
    assert outcome.history == []


def test_a_single_fax_comes_with_its_history() -> None:
    with receiving(api) as receiver, Api(receiver.url, "fhk_test") as asked:
        outcome = Outcome(Report(), 1).ask(asked, ["id-3"])
    assert outcome.as_json()["faxes"] == [fax(3)]
    assert outcome.history == [{"status": "busy"}]


def test_a_fax_that_is_not_known_has_no_history() -> None:
    with receiving(api) as receiver, Api(receiver.url, "fhk_test") as asked:
        outcome = Outcome(Report(), 1).ask(asked, ["id-500"])
    assert outcome.history == []
    assert outcome.as_json()["unknown"] == 1


def test_a_refusal_says_what_the_api_says() -> None:
    with (
        receiving(api) as receiver,
        Api(receiver.url, "fhk_other") as asked,
        pytest.raises(FaxhooksError, match="the API answers 401: The API key is unknown"),
    ):
        asked.standing(["id-1"])


@pytest.mark.parametrize("said", [b"<html>", b"[]"])
def test_an_answer_that_is_not_the_apis_is_said_to_be_none(said: bytes) -> None:
    with (
        receiving(lambda _: (200, said)) as receiver,
        Api(receiver.url, "fhk_test") as asked,
        pytest.raises(FaxhooksError, match="the API"),
    ):
        asked.standing(["id-1"])


def test_an_api_that_is_not_there_gives_no_answer() -> None:
    with (
        Api(nobody(), "fhk_test") as asked,
        pytest.raises(FaxhooksError, match="the API gave no answer"),
    ):
        asked.standing(["id-1"])


def test_who_asks_too_often_waits_and_goes_on() -> None:
    refusals = [(429, b'{"detail": "The API key asks too often."}')] * 3

    def busy(request: Request) -> tuple[int, bytes]:
        return refusals.pop() if refusals else api(request)

    with receiving(busy) as receiver, Api(receiver.url, "fhk_test") as asked:
        assert asked.standing(["id-1"]).statuses == {"busy": 1}
    assert refusals == []
