"""The list of faxes: what its address asks for is what the API is asked for."""

import json
import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from faxhooks.db.audit import list_audit
from tests.story import Service, make_service
from tests.web.dashboard.holders import holding
from tests.web.dashboard.visitor import Visitor

TO, FROM = "+13105550177", "+12125550100"
_ROW = re.compile(r'<th scope="row">\s*<a href="/faxes/([0-9a-f-]{36})"')


def listed(page: str) -> list[str]:
    """Our ids of the faxes that a page lists, in order."""
    return _ROW.findall(page)


@pytest.fixture
def told(service: Service) -> Service:
    """Some faxes of each account, with every end and some tags."""
    hook = service.hook
    ends = {"a1": "delivered", "b,2": "busy", "c3": "no-answer", "d4": "sending", "e5": "failed"}
    for n, (fax, status) in enumerate(ends.items()):
        number = {"To": f"+1310555017{n}", "From": FROM}
        hook.signalwire(FaxSid=fax, FaxStatus=status, **number)
    hook.signalwire(FaxSid="e5", FaxStatus="delivered", To="+13105550174")
    hook.signalwire(FaxSid="r6", FaxStatus="received", To=FROM, From=TO)
    for n, status in enumerate(["success", "partially_sent", "failed_user_busy"]):
        hook.faxplus(f"p{n}", status, to="+4930123456", **{"from": "+442079460000"})
    tagger = holding(service, "read", "send")
    for fax, value in (("a1", "yes, sir"), ("c3", "no"), ("p1", "no")):
        page = f"/faxes/{service.api.fax(quote(fax))['id']}"
        version = re.findall(r'name="version" value="(\w+)"', tagger.get(page).text)[0]
        done = tagger.fill(f"{page}/tags", on=page, version=version, name="desk", value=value)
        assert done.status_code == 303
    return service


@pytest.fixture
def looking(told: Service) -> Visitor:
    return Visitor(told.app).sign_in_with(told.api.key)


ASKED = [
    {},
    {"status": "busy,no-answer"},
    {"outcome": "failure"},
    {"reason": "line.busy"},
    {"provider": "faxplus"},
    {"account": "main,plus"},
    {"direction": "inbound"},
    {"to": "+1310555017*"},
    {"to": TO},
    {"from": FROM},
    {"provider_fax_id": "b\\,2"},
    {"provider_fax_id": "p*"},
    {"flag": "conflict"},
    {"tag.desk": "no"},
    {"tag.desk": "yes\\, sir"},
    {"tag.nothing": "at-all"},
    {"created_after": "2026-01-01T00:00:00Z", "sort": "created_at"},
    {"created_before": "2026-01-01T00:00"},
    {"updated_after": "2026-01-01T00:00:00+02:00", "sort": "updated_at"},
    {"sort": "-updated_at", "limit": "3", "outcome": "failure,success"},
]


def test_an_address_lists_what_the_api_lists(told: Service, looking: Visitor) -> None:
    for asked in ASKED:
        page = looking.get(f"/faxes?{urlencode(asked)}")
        assert page.status_code == 200
        api = told.api.faxes(f"?{urlencode(asked)}")
        assert listed(page.text) == [fax["id"] for fax in api], asked


WRONG = [
    ("status=gone", "Allowed are: queued"),
    ("sttus=busy", "No such parameter"),
    ("status=busy&status=failed", "Give it once"),
    ("created_after=yesterday", "RFC 3339"),
    ("tag.A=x", "A tag&#39;s name has"),
    ("limit=1000", "from 1 to 200"),
    ("cursor=bent", "unchanged, or leave it out"),
    ("endpoint=x&path=%00", "No such parameter"),
]


def test_a_wrong_address_is_explained_on_the_page(looking: Visitor) -> None:
    for query, explained in WRONG:
        page = looking.get(f"/faxes?{query}")
        assert page.status_code == 400
        assert explained in page.text
        assert "Filters and columns" in page.text
        if query.startswith("cursor"):
            continue
        led = looking.get(f"/faxes.csv?{query}")
        assert (led.status_code, led.headers["Location"]) == (303, f"/faxes?{query}")


def test_pages_follow_each_other_by_the_apis_own_cursors(told: Service, looking: Visitor) -> None:
    every, address, pages = [], "/faxes?limit=4&provider=signalwire,faxplus", 0
    while address:
        page = looking.get(address).text
        every += listed(page)
        found = re.findall(r'href="(/faxes\?[^"]+)" rel="next"', page)
        address = found[0].replace("&amp;", "&") if found else ""
        assert (" data-live=" in page) is (pages == 0)
        pages += 1
    assert pages == 3
    assert every == [fax["id"] for fax in told.api.faxes()]
    cursor = json.loads(told.api.get("/faxes?limit=4").text)["next_cursor"]
    assert listed(looking.get(f"/faxes?limit=4&cursor={cursor}").text) == every[4:8]


def test_columns_are_chosen_in_the_address(looking: Visitor) -> None:
    page = looking.get("/faxes?fields=to,tags,provider_fax_id").text
    heads = re.findall(r'<th scope="col">([^<]+)</th>', page)
    assert heads == ["Fax", "To", "Tags", "Provider&#39;s id"]
    assert "<bdi>yes, sir</bdi>" in page


def test_words_of_the_api_are_told_in_ours(looking: Visitor) -> None:
    page = looking.get("/faxes?flag=conflict&fields=flags,evidence,direction,outcome").text
    row = page.partition("<tbody>")[2].partition("</tbody>")[0]
    said = [" ".join(re.sub("<[^>]+>", " ", cell).split()) for cell in row.split("<td")[1:]]
    assert [each.partition("> ")[2] for each in said] == [
        "Contradiction",
        "Signature right",
        "Sent",
        "Failed",
    ]
    assert "Flag: Contradiction" in page


def test_a_form_leads_to_an_address_that_can_be_shared(looking: Visitor) -> None:
    form = [("status", ""), ("reason", "line.busy"), ("to", " "), ("tag", "desk=yes, sir")]
    form += [
        ("tag", ""),
        ("fields", "to"),
        ("fields", "tags"),
        ("created_after", "2026-01-31 14:00"),
    ]
    led = looking.get(f"/faxes/find?{urlencode(form)}")
    asked = {
        "reason": "line.busy",
        "tag.desk": "yes\\, sir",
        "fields": "to,tags",
        "created_after": "2026-01-31T14:00:00Z",
    }
    assert (led.status_code, led.headers["Location"]) == (303, f"/faxes?{urlencode(asked)}")
    wrong = looking.get(looking.get("/faxes/find?tag=Desk").headers["Location"])
    assert wrong.status_code == 400


SOUGHT = [
    ("+1 (310) 555-0170", {"to": "+13105550170"}),
    ("13105550170", {"to": "13105550170,+13105550170"}),
    ("(310) 555-0170", {"to": "(310) 555-0170,+3105550170,+13105550170"}),
    ("c3", {"provider_fax_id": "c3"}),
    ("b,2", {"provider_fax_id": "b\\,2"}),
    ("desk=no", {"tag.desk": "no"}),
    ("desk: yes, sir", {"tag.desk": "yes\\, sir"}),
    ("+49301", {"to": "+49301*"}),
]


def test_a_search_finds_a_number_an_id_or_a_tag(looking: Visitor) -> None:
    for text, leads in SOUGHT:
        led = looking.get(f"/faxes/find?{urlencode({'search': text})}")
        assert (led.status_code, led.headers["Location"]) == (303, f"/faxes?{urlencode(leads)}")
        assert listed(looking.get(led.headers["Location"]).text)


def test_a_search_that_means_more_than_one_thing_offers_them(looking: Visitor) -> None:
    page = looking.get(f"/faxes/find?search={quote(FROM)}").text
    assert "Faxes to this number" in page
    assert "Faxes from this number" in page
    for nothing in ("nobody", "desk=never", "+99", "x" * 5000, "%00x", "<b>"):
        assert "Nothing found" in looking.get(f"/faxes/find?search={nothing}").text


def test_our_own_id_leads_to_the_fax_unless_it_is_foreign(told: Service, looking: Visitor) -> None:
    fax = told.api.fax("p1")["id"]
    assert looking.get(f"/faxes/find?search={fax}").headers["Location"] == f"/faxes/{fax}"
    main = told.hook.signalwire_account.id
    other = holding(told, "read", account_id=main)
    assert "Nothing found" in other.get(f"/faxes/find?search={fax}").text
    assert fax not in listed(other.get("/faxes").text)
    assert 'value="plus"' not in other.get("/faxes").text


@pytest.mark.parametrize(
    ("form", "kind"), [("csv", "text/csv"), ("ndjson", "application/x-ndjson")]
)
def test_an_export_is_that_of_the_api_and_audited(
    told: Service, looking: Visitor, form: str, kind: str
) -> None:
    query = "outcome=failure&fields=id,to,status"
    taken = looking.get(f"/faxes.{form}?{query}")
    assert taken.status_code == 200
    headers = {"Authorization": f"Bearer {told.api.key}", "Accept": kind}
    given = told.api.transport.send("GET", f"/api/v1/faxes?{query}", headers, b"")
    assert taken.data == given.data
    assert taken.headers["Content-Disposition"].endswith(f'.{form}"')
    rows = told.parts.database.read(lambda session: list(list_audit(session)))
    noted = [row.detail for row in rows if row.action == "faxes.exported"]
    assert noted == [{"form": form, "filters": "fields,outcome"}] * 2


def masked_service(url: str) -> Service:
    service = make_service(url, dashboard_mask_numbers=True)
    words = {"To": TO, "From": FROM, "RemoteStationId": TO, "ErrorMessage": f"{TO} is busy"}
    service.hook.signalwire(FaxSid="m1", FaxStatus="failed", **words)
    return service


def test_masked_numbers_are_nowhere_in_the_list_nor_in_an_export(sqlite_url: str) -> None:
    service = masked_service(sqlite_url)
    viewer, admin = holding(service, "read"), holding(service, "read", "raw")
    fields = "fields=from,to,remote_station_id,error"
    for path in ("/faxes", f"/faxes?{fields}", "/faxes.csv", "/faxes.ndjson?include=history"):
        seen = viewer.get(path).text
        assert "0177" not in seen, path
        assert "5550100" not in seen, path
        assert "0177" in admin.get(path).text
    assert "+13•••••77" in viewer.get("/faxes").text
    service.parts.database.engine.dispose()


def test_who_sees_masked_numbers_cannot_guess_them_digit_by_digit(sqlite_url: str) -> None:
    service = masked_service(sqlite_url)
    viewer, admin = holding(service, "read"), holding(service, "read", "raw")
    for path in ("/faxes?to=%2B1310*", "/faxes?from=%2B1212*,x", "/faxes/parts?to=%2B*"):
        refused = viewer.get(path)
        assert not listed(refused.text)
        assert listed(admin.get(path).text)
    assert "give whole numbers" in viewer.get("/faxes?to=%2B1310*").text
    assert viewer.get("/faxes.csv?to=%2B1310*").status_code == 303
    assert "Nothing found" in viewer.get("/faxes/find?search=%2B131055501").text
    assert viewer.get(f"/faxes/find?search={quote(TO)}").status_code == 303
    service.parts.database.engine.dispose()


def test_filters_in_use_are_shown_and_go_one_by_one(looking: Visitor) -> None:
    page = looking.get("/faxes?outcome=failure&tag.desk=no&to=%2B1310*&limit=7").text
    chips = dict(re.findall(r'<li><a href="([^"]+)" aria-label="Remove the filter ([^"]+)"', page))
    assert set(chips.values()) == {"Outcome: Failed", "tag.desk: no", "To: +1310*"}
    for address in chips:
        assert address.count("&amp;") == 1
        assert "limit" not in address


def rows_of(page: str) -> Any:
    return re.findall(r"<tr>.*?</tr>", page, re.DOTALL)


def test_the_part_that_is_fetched_anew_is_the_list_itself(looking: Visitor) -> None:
    for query in ("", "?outcome=failure", "?fields=to"):
        parts = looking.get(f"/faxes/parts{query}").text
        assert rows_of(parts) == rows_of(looking.get(f"/faxes{query}").text)
