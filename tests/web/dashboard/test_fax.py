"""One fax: what is told of it, what may be read, noted and done."""

import json
import re
from typing import Any, Final
from urllib.parse import quote

import pytest
from flask import g

from faxhooks.db.audit import list_audit
from faxhooks.services.keys import SCOPES
from tests.story import Service, make_service
from tests.web.dashboard.holders import holding
from tests.web.dashboard.visitor import Visitor

NEVER: Final = "01890000-0000-7000-8000-000000000001"
TO: Final = "+13105550177"


def page_of(service: Service, fax: str) -> str:
    """The address of a fax."""
    return f"/faxes/{service.api.fax(quote(fax))['id']}"


def audited(service: Service, action: str) -> list[Any]:
    """What the audit has of this, the newest first."""
    rows = service.parts.database.read(lambda session: list(list_audit(session)))
    return [row for row in rows if row.action == action]


@pytest.fixture
def fax(service: Service) -> str:
    """The address of a fax that failed after it was said to have arrived."""
    words = {"To": TO, "From": "+12125550100", "RemoteStationId": "CITY CLINIC"}
    service.hook.signalwire(FaxSid="f1", FaxStatus="sending", **words)
    service.hook.signalwire(FaxSid="f1", FaxStatus="delivered", NumPages="2", **words)
    error = {"ErrorCode": "34004", "ErrorMessage": "The call dropped prematurely"}
    service.hook.signalwire(FaxSid="f1", FaxStatus="failed", **error, **words)
    return page_of(service, "f1")


def test_a_fax_is_told_in_a_sentence_and_by_every_event(
    service: Service, reader: Visitor, fax: str
) -> None:
    page = reader.get(fax).text
    assert re.search(r"<strong>Failed</strong> at <time [^>]+>[^<]+</time>\. The call broke", page)
    for said in (TO, "CITY CLINIC", "34004: The call dropped prematurely", "line.dropped"):
        assert said in page
    timeline = re.findall(r'<li class="(\w+)">(.*?)</li>', page, re.DOTALL)
    history = service.api.history("f1")
    assert [verdict for verdict, _ in timeline] == [entry["verdict"] for entry in history]
    for (_, told), entry in zip(timeline, history, strict=True):
        assert entry["digest"] in told
        assert "The provider, in a callback. Signed by the provider" in told
        assert f"/callbacks/{entry['callback_id']}" in told
    assert "Contradicts what was said before" in timeline[2][1]
    parts = reader.get(f"{fax}/parts").text
    assert re.findall(r"<li class=", parts) == re.findall(r"<li class=", page)


def test_an_event_leads_to_its_callback_whose_reading_is_audited(
    service: Service, reader: Visitor, fax: str
) -> None:
    callback = service.api.history("f1")[0]["callback_id"]
    path = re.findall(r'href="([^"]+)">As it came', reader.get(fax).text)[0]
    assert path == f"/callbacks/{callback}"
    assert "FaxStatus" not in reader.get(path).text
    assert reader.get(f"{path}/content").status_code == 403
    assert audited(service, "callback.read") == []
    assert "FaxStatus" in holding(service, "read", "raw").get(f"{path}/content").text
    (row,) = audited(service, "callback.read")
    assert (row.subject, row.actor.split(":")[0]) == (f"callback:{callback}", "key")


def test_a_foreign_fax_is_as_absent_as_one_that_never_was(service: Service, fax: str) -> None:
    plus = service.hook.faxplus_account.id
    other = holding(service, *SCOPES, account_id=plus)
    for path in ("", "/parts", "/report", "/report.pdf"):
        pages = [other.get(f"{each}{path}") for each in (fax, f"/faxes/{NEVER}")]
        assert [page.status_code for page in pages] == [404, 404]
        words = [re.sub(r"<code>\w+</code>", "", page.text) for page in pages]
        assert _without_ids(words[0]) == _without_ids(words[1])
    for action in ("tags", "refresh", "cancel", "resend"):
        assert other.fill(f"{fax}/{action}", on="/", version="x").status_code == 404


def _without_ids(page: str) -> str:
    return re.sub(r"[0-9a-f]{32,}|/faxes/[^\"]+", "", page)


def tagged(visitor: Visitor, fax: str, *pairs: tuple[str, str], version: str | None = None) -> Any:
    """The answer to the form of tags, filled in like this."""
    page = visitor.get(fax).text
    seen = re.findall(r'name="version" value="(\w+)"', page)[0]
    proof = re.findall(r'name="form_token" value="(\w+)"', page)[0]
    form = {
        "form_token": proof,
        "version": version or seen,
        "name": [name for name, _ in pairs],
        "value": [value for _, value in pairs],
    }
    return visitor.send(f"{fax}/tags", **form)


def test_tags_are_set_and_removed_by_who_may_send(service: Service, fax: str) -> None:
    sender = holding(service, "read", "send")
    led = tagged(sender, fax, ("customer", " 4711 "), ("note", "a, <b>"), ("", ""))
    assert (led.status_code, led.headers["Location"]) == (303, f"{fax}#tags")
    assert service.api.fax("f1")["tags"] == {"customer": "4711", "note": "a, <b>"}
    assert tagged(sender, fax, ("customer", ""), ("note", "a, <b>")).status_code == 303
    assert service.api.fax("f1")["tags"] == {"note": "a, <b>"}
    assert audited(service, "fax.tagged")[0].detail == {"tags": ["customer"]}


def test_tags_are_not_set_on_a_fax_that_has_changed_since(service: Service, fax: str) -> None:
    sender = holding(service, "read", "send")
    before = re.findall(r'name="version" value="(\w+)"', sender.get(fax).text)[0]
    assert service.api.get(f"/{fax[1:]}").headers["ETag"].strip('"').split(".")[0] == before
    tagged(sender, fax, ("customer", "1"))
    refused = tagged(sender, fax, ("customer", "2"), version=before)
    assert refused.status_code == 412
    assert "has changed since" in refused.text
    assert service.api.fax("f1")["tags"] == {"customer": "1"}


def test_a_tag_that_cannot_be_is_explained(service: Service, fax: str) -> None:
    sender = holding(service, "read", "send")
    wrong = [("Customer", "1"), ("", "1"), ("customer", "x" * 257), ("customer", "a\0b")]
    for pair in wrong:
        refused = tagged(sender, fax, pair)
        assert refused.status_code == 422
        assert "A tag&#39;s " in refused.text
    many = tagged(sender, fax, *((f"t{n}", "x") for n in range(33)))
    assert many.status_code == 422
    assert "at most 32 tags" in many.text
    assert service.api.fax("f1")["tags"] == {}


def test_who_only_reads_is_offered_no_form(service: Service, reader: Visitor, fax: str) -> None:
    assert f'action="{fax}' not in reader.get(fax).text
    assert reader.fill(f"{fax}/tags", on="/", version="x").status_code == 403
    for action in ("refresh", "cancel", "resend"):
        assert reader.fill(f"{fax}/{action}", on="/").status_code == 403


def test_the_provider_is_asked_only_where_it_can_be(service: Service, fax: str) -> None:
    sender = holding(service, "read", "send")
    assert "Ask the provider now" not in sender.get(fax).text
    refused = sender.fill(f"{fax}/refresh", on=fax)
    assert refused.status_code == 409
    assert "The account has no credentials" in refused.text


def test_masked_numbers_are_nowhere_on_the_page_nor_in_the_report(sqlite_url: str) -> None:
    service = make_service(sqlite_url, dashboard_mask_numbers=True)
    words = {"To": TO, "From": TO, "RemoteStationId": TO, "ErrorMessage": f"{TO} is busy"}
    service.hook.signalwire(FaxSid="m1", FaxStatus="failed", **words)
    fax = page_of(service, "m1")
    viewer, whole = holding(service, "read"), holding(service, *SCOPES)
    for path in ("", "/parts", "/report"):
        assert "0177" not in viewer.get(f"{fax}{path}").text
    for path in ("", "/parts", "/report"):
        assert "0177" in whole.get(f"{fax}{path}").text
    assert "+13•••••77" in viewer.get(fax).text
    service.parts.database.engine.dispose()


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://files.example/f.pdf?a=1&b=2", True),
        ("HTTP://files.example", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example", False),
    ],
)
def test_only_addresses_of_the_web_become_links(sqlite_url: str, url: str, linked: bool) -> None:
    service = make_service(sqlite_url)
    with service.app.test_request_context():
        g.grant = None
        macro = service.app.jinja_env.get_template("fax_pieces.html").module.document
        assert ("<a href=" in macro(url)) is linked
    service.parts.database.engine.dispose()


def test_a_list_of_one_number_and_how_it_goes_are_a_link_away(reader: Visitor, fax: str) -> None:
    page = reader.get(fax).text
    assert f'href="/faxes?to={quote(TO)}"' in page
    assert f'href="/numbers?number={quote(TO)}"' in page


def test_every_fact_of_the_api_is_on_the_page(service: Service, reader: Visitor, fax: str) -> None:
    page, shown = reader.get(fax).text, service.api.fax("f1")
    for name in ("id", "provider", "provider_fax_id", "from", "to", "pages", "remote_station_id"):
        assert str(shown[name]) in page, name
    for moment in ("created_at", "updated_at"):
        assert f'datetime="{shown[moment]}"' in page
    assert json.dumps(shown["flags"]) == '["conflict"]'
    assert '<span class="tag">Contradiction</span>' in page
