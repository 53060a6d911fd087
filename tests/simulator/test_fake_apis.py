"""The fakes answer as the documentation of each provider says, errors too."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from faxhooks.simulator.fakes.faxplus import FaxPlusFake
from faxhooks.simulator.fakes.signalwire import API, SignalWireFake
from tests.fakes import FROM, TO, send

# The keys that the OpenAPI description of FaxResponse requires.
FAX_RESPONSE = {
    *("account_sid", "api_version", "date_created", "date_updated", "direction", "from"),
    *("media_url", "media_sid", "num_pages", "price", "price_unit", "quality", "sid", "status"),
    *("to", "duration", "links", "url", "error_code", "error_message"),
}
GOOD = {"To": TO, "From": FROM, "MediaUrl": "https://example.com/a.pdf"}


@pytest.fixture
def signalwire() -> Iterator[SignalWireFake]:
    with SignalWireFake().serve() as fake:
        yield fake


@pytest.fixture
def faxplus() -> Iterator[FaxPlusFake]:
    with FaxPlusFake().serve() as fake:
        yield fake


def ask(fake: SignalWireFake, method: str, path: str = "", **given: Any) -> requests.Response:
    url = f"{fake.url}{API}/Accounts/{fake.project}/Faxes{path}"
    auth = (fake.project, fake.secrets["api-token"][0])
    return requests.request(method, url, auth=auth, timeout=30, **given)


def ask_plus(fake: FaxPlusFake, method: str, path: str, **given: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {fake.secrets['access-token'][0]}"}
    return requests.request(method, f"{fake.url}/v3{path}", headers=headers, timeout=30, **given)


@pytest.mark.parametrize("suffix", ["", ".json"])
def test_signalwire_answers_200_with_every_documented_key(
    signalwire: SignalWireFake, suffix: str
) -> None:
    answer = ask(signalwire, "POST", suffix, data={**GOOD, "Ttl": "5", "Quality": "superfine"})
    assert answer.status_code == 200
    fax = answer.json()
    assert fax.keys() == FAX_RESPONSE
    assert (fax["status"], fax["direction"], fax["quality"]) == ("queued", "outbound", "superfine")
    assert fax["num_pages"] is fax["price"] is fax["duration"] is None
    signalwire.clock.put_forward(600)
    done = ask(signalwire, "GET", f"/{fax['sid']}{suffix}").json()
    assert done.keys() == FAX_RESPONSE
    assert done["status"] == "delivered"
    assert done["price"].startswith("-0.0")
    assert isinstance(done["num_pages"], str)


def test_signalwire_names_a_price_some_time_after_the_end(signalwire: SignalWireFake) -> None:
    sid = send(signalwire)
    life = signalwire.faxes[sid].life
    signalwire.clock.put_forward(signalwire.clock.wait_for(life.steps[-1].at) + 1)
    early = ask(signalwire, "GET", f"/{sid}").json()
    assert (early["status"], early["price"]) == ("delivered", None)
    signalwire.clock.put_forward(60)
    assert ask(signalwire, "GET", f"/{sid}").json()["price_unit"] == "USD"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"MediaUrl": ""}, 10000),
        ({"To": None}, 10000),
        ({"From": None}, 10000),
        ({"To": "nobody"}, 21211),
        ({"MediaUrl": "file:///a.pdf"}, 21620),
        ({"Ttl": "4"}, 10000),
        ({"Ttl": "301"}, 10000),
        ({"Quality": "best"}, 10000),
        ({"StoreMedia": "yes"}, 10000),
        ({"StatusCallback": "nowhere"}, 21456),
        ({"StatusCallbackMethod": "PUT"}, 10000),
        ({"StatusCallbackEvent": ["completed", "printed"]}, 21626),
    ],
)
def test_signalwire_refuses_with_its_envelope(
    signalwire: SignalWireFake, wrong: dict[str, Any], code: int
) -> None:
    answer = ask(signalwire, "POST", data={**GOOD, **wrong})
    assert answer.status_code == 422
    said = answer.json()
    assert said.keys() == {"code", "message", "more_info", "status"}
    assert (said["code"], said["status"]) == (code, 422)
    assert signalwire.faxes == {}


def test_signalwire_cancels_a_queued_fax_alone(signalwire: SignalWireFake) -> None:
    sid = send(signalwire)
    assert ask(signalwire, "POST", f"/{sid}", data={"Status": "busy"}).json()["code"] == 10000
    assert ask(signalwire, "POST", f"/{sid}", data={"Status": "canceled"}).json()["status"] == (
        "canceled"
    )
    late = ask(signalwire, "POST", f"/{sid}", data={"Status": "canceled"})
    assert (late.status_code, late.json()["code"]) == (422, 10000)


def test_signalwire_deletes_no_fax_that_is_under_way(signalwire: SignalWireFake) -> None:
    sid = send(signalwire)
    signalwire.clock.put_forward(10)
    busy = ask(signalwire, "DELETE", f"/{sid}")
    assert (busy.status_code, busy.json()["code"]) == (409, 20009)
    signalwire.clock.put_forward(600)
    assert ask(signalwire, "DELETE", f"/{sid}").status_code == 204
    assert ask(signalwire, "GET", f"/{sid}").json()["code"] == 20404


def test_signalwire_pages_with_host_relative_links(signalwire: SignalWireFake) -> None:
    sent = [send(signalwire) for _ in range(3)]
    page = ask(signalwire, "GET", params={"PageSize": "2", "To": TO}).json()
    assert page["next_page_uri"].startswith(f"{API}/Accounts/")
    assert "To=%2B13105550101" in page["next_page_uri"]
    auth = (signalwire.project, signalwire.secrets["api-token"][0])
    rest = requests.get(signalwire.url + page["next_page_uri"], auth=auth, timeout=30).json()
    assert rest["next_page_uri"] is None
    assert rest["page"] == 1
    assert [fax["sid"] for fax in page["faxes"] + rest["faxes"]] == sent[::-1]
    assert ask(signalwire, "GET", params={"To": FROM}).json()["faxes"] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"Page": "1"}, 54453),
        ({"Page": "1", "PageToken": "PAnone"}, 21481),
        ({"PageSize": "1001"}, 54454),
        ({"PageSize": "0"}, 54454),
    ],
)
def test_signalwire_knows_a_wrong_page(
    signalwire: SignalWireFake, query: dict[str, str], code: int
) -> None:
    answer = ask(signalwire, "GET", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_signalwire_keeps_no_document_that_it_is_not_to_keep(signalwire: SignalWireFake) -> None:
    kept, not_kept = send(signalwire), send(signalwire, StoreMedia="false")
    assert ask(signalwire, "GET", f"/{kept}/Media").json()["media"] == []
    signalwire.clock.put_forward(600)
    (media,) = ask(signalwire, "GET", f"/{kept}/Media").json()["fax_media"]
    assert ask(signalwire, "GET", f"/{kept}/Media/{media['sid']}").json() == media
    assert ask(signalwire, "GET", f"/{not_kept}/Media").json()["media"] == []
    assert ask(signalwire, "GET", f"/{not_kept}").json()["media_url"] is None


def test_an_account_without_a_token_takes_any() -> None:
    project = "b3877c40-da60-4998-90ad-b792e98472af"
    with SignalWireFake(secrets={"project-id": (project,)}).serve() as fake:
        url = f"{fake.url}{API}/Accounts/{project}/Faxes"
        assert requests.get(url, auth=(project, "any"), timeout=30).status_code == 200
        assert requests.get(url, timeout=30).status_code == 401


def test_fax_plus_makes_a_fax_for_each_destination(faxplus: FaxPlusFake) -> None:
    document = {"fax_file": ("a.tiff", b"II*\0", "image/tiff")}
    uploaded = ask_plus(faxplus, "POST", "/accounts/self/files?format=tiff", files=document)
    path = uploaded.json()["path"]
    assert path.startswith("/storage/transient-")
    assert path.endswith(".tiff")
    to = ["+13105550101", "+13105550102"]
    body = {"from": FROM, "to": to, "files": [path], "comment": {"text": "x", "tags": []}}
    silent = ask_plus(faxplus, "POST", "/accounts/self/outbox", json=body)
    assert (silent.status_code, silent.json()) == (201, {})
    told = ask_plus(faxplus, "POST", "/accounts/self/outbox", json={**body, "return_ids": True})
    assert told.json()["ids"].keys() == {*to}
    listed = ask_plus(faxplus, "GET", "/accounts/self/outbox").json()["records"]
    assert len(listed) == 4
    assert {each["status"] for each in listed} == {"submitted"}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"files": []}, "missing_parameter"),
        ({"files": ["/storage/nowhere.pdf"]}, "invalid_parameter"),
        ({"to": []}, "missing_parameter"),
        ({"to": "+13105550101"}, "invalid_parameter"),
        ({"to": ["+13105550101"] * 4001}, "too_many_destinations"),
        ({"from": None}, "missing_parameter"),
        ({"comment": "text"}, "invalid_parameter"),
        ({"send_time": "tomorrow"}, "invalid_parameter"),
    ],
)
def test_fax_plus_refuses_with_its_envelope(
    faxplus: FaxPlusFake, wrong: dict[str, Any], code: str
) -> None:
    faxplus.files.add("/storage/a.pdf")
    body = {"from": FROM, "to": [TO], "files": ["/storage/a.pdf"], **wrong}
    answer = ask_plus(faxplus, "POST", "/accounts/self/outbox", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"] == code
    assert faxplus.faxes == {}


def test_fax_plus_takes_ten_files(faxplus: FaxPlusFake) -> None:
    faxplus.files.update(f"/{n}.pdf" for n in range(11))
    body = {"from": FROM, "to": [TO], "files": sorted(faxplus.files)}
    answer = ask_plus(faxplus, "POST", "/accounts/self/outbox", json=body)
    assert answer.json()["error"] == "too_many_files"


def test_fax_plus_waits_for_the_time_to_send(faxplus: FaxPlusFake) -> None:
    later = faxplus.clock.now().replace(year=faxplus.clock.now().year + 1)
    fax_id = send(faxplus, send_time=later.strftime("%Y-%m-%d %H:%M:%S +0000"))
    record = ask_plus(faxplus, "GET", f"/accounts/self/outbox/{fax_id}").json()
    assert record["status"] == "scheduled_for_sending"
    changed = ask_plus(faxplus, "PUT", f"/accounts/self/outbox/{fax_id}", json={"comment": "later"})
    assert changed.status_code == 204
    assert ask_plus(faxplus, "DELETE", f"/accounts/self/outbox/{fax_id}").status_code == 204
    assert ask_plus(faxplus, "GET", f"/accounts/self/outbox/{fax_id}").status_code == 404


def test_fax_plus_lists_hooks_of_one_event_at_a_time(faxplus: FaxPlusFake) -> None:
    assert ask_plus(faxplus, "GET", "/hooks").status_code == 400
    odd = ask_plus(faxplus, "POST", "/hooks", json={"target": "x", "event": "fax_sent"})
    assert odd.status_code == 400
    assert ask_plus(faxplus, "POST", "/hooks", data=b"[").status_code == 400


def test_fax_plus_takes_a_file_by_its_part_alone(faxplus: FaxPlusFake) -> None:
    document = {"file": ("a.pdf", b"%PDF", "application/pdf")}
    assert ask_plus(faxplus, "POST", "/accounts/self/files", files=document).status_code == 400
    assert ask_plus(faxplus, "POST", "/accounts/self/files", data=b"x").status_code == 400
