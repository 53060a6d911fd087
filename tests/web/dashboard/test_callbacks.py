"""Callbacks: the inbox by its address, what was sent for those who may see it, and replays."""

import html
import re

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from faxhooks.db.audit import AuditFilter, list_page
from faxhooks.db.models import ReferenceRow
from faxhooks.services.keys import create_key
from tests.cli.left import leave_unread
from tests.story import Service, target
from tests.web.dashboard.visitor import Visitor, let_in

WORD = "teleported"


def audited(service: Service, action: str) -> list[tuple[str, bool | None]]:
    def ask(session: Session) -> list[tuple[str, bool | None]]:
        rows, _ = list_page(session, AuditFilter(actions=[action]), limit=50)
        return [(row.actor.partition(":")[0], row.detail.get("dry_run")) for row in rows]

    return service.parts.database.read(ask)


def first_of(page: str) -> str:
    """The address of the first callback in a list."""
    return re.findall(r'href="(/callbacks/[0-9a-f-]{36})"', page)[0]


def test_the_address_filters_as_the_api_does(service: Service, reader: Visitor) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    service.hook.signalwire(FaxSid="f2", FaxStatus=WORD)
    everything = reader.get("/callbacks").text
    assert "unknown status: teleported" in everything
    assert len(re.findall(r'class="verdict \w+"', everything)) == 2
    unread = reader.get("/callbacks?verdict=unrecognized&account=main&reason=unknown+status*").text
    assert len(re.findall(r'class="verdict \w+"', unread)) == 1
    assert "No callback is like that" in reader.get("/callbacks?account=plus").text


def test_a_form_is_sent_on_to_an_address_without_what_is_empty(reader: Visitor) -> None:
    answer = reader.get("/callbacks?verdict=unrecognized&account=&reason=&received_after=")
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        "/callbacks?verdict=unrecognized",
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("verdict=nonsense", "Verdict: Allowed are: applied"),
        ("received_after=yesterday", "Received from: This is no RFC 3339 time"),
        ("colour=blue", "No such parameter"),
        ("cursor=forged", "Take the cursor from"),
    ],
)
def test_an_address_that_is_wrong_says_what_is_right(
    reader: Visitor, query: str, said: str
) -> None:
    answer = reader.get(f"/callbacks?{query}")
    assert answer.status_code == 400
    assert said in answer.text
    assert re.search(r'role="alert".*<details class="filters" open>', answer.text, re.DOTALL)
    assert "The inbox" not in answer.text


def test_pages_follow_each_other_and_lead_back(service: Service, reader: Visitor) -> None:
    for n in range(5):
        service.hook.signalwire(FaxSid=f"f{n}", FaxStatus="delivered")
    seen, path = [], "/callbacks?limit=2&verdict=applied"
    while path:
        page = reader.get(path).text
        seen += re.findall(r'href="(/callbacks/[0-9a-f-]{36})"', page)
        found = re.findall(r'href="([^"]+)" rel="next"', page)
        path = found[0].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == 5
    assert "Back to the beginning" in page


def test_content_is_for_those_who_may_see_it_and_written_down(service: Service) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus=WORD, To="+13105550188")
    viewer, admin = let_in(service, "vera"), let_in(service, "ada", "admin")
    address = first_of(viewer.get("/callbacks").text)
    page = viewer.get(address).text
    assert "Show headers and body" not in page
    assert "What was sent is open to admins" in page
    assert "+13105550188" not in page
    assert viewer.get(f"{address}/content").status_code == 403
    assert audited(service, "callback.read") == []
    assert "Show headers and body" in admin.get(address).text
    shown = admin.get(f"{address}/content").text
    assert "+13105550188" in shown
    assert "x-signalwire-signature" in shown
    assert audited(service, "callback.read") == [("user", None)]


def test_a_replay_first_shows_what_would_change_and_then_does_it(service: Service) -> None:
    leave_unread(service, "f1", "success", release="0.0.1")
    admin = let_in(service, "ada", "admin")
    listed = "/callbacks?verdict=unrecognized"
    assert "Show what would change" in admin.get(listed).text
    tried = admin.fill("/callbacks/replay?verdict=unrecognized", on=listed, step="try")
    assert "Nothing has been changed yet" in tried.text
    assert "1 fax would change" in tried.text
    assert 'value="do"' in tried.text
    assert admin.get(listed).text.count('class="verdict unrecognized"') == 1
    done = admin.fill("/callbacks/replay?verdict=unrecognized", on=listed, step="do")
    assert "1 of 1 callback understood; 1 fax changed" in done.text
    assert admin.get(listed).text.count('class="verdict unrecognized"') == 0
    assert audited(service, "callbacks.replayed") == [("user", False), ("user", True)]


def test_one_callback_is_replayed_from_its_page(service: Service) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus=WORD)
    admin = let_in(service, "ada", "admin")
    address = first_of(admin.get("/callbacks").text)
    tried = admin.fill(f"{address}/replay", on=address, step="try")
    assert "0 of 1 callback would be understood" in tried.text
    assert "unknown status: teleported" in tried.text
    assert "nothing to do until a newer release knows" in tried.text
    assert 'value="do"' not in tried.text
    assert admin.fill(f"{address}/replay", on=address, step="do").status_code == 200


def test_a_callback_leads_to_the_fax_that_it_speaks_of(service: Service, reader: Visitor) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus="delivered", To="+13105550188")
    (fax,) = service.api.faxes()
    page = reader.get(first_of(reader.get("/callbacks").text)).text
    assert f'href="/faxes/{fax["id"]}"' in page
    assert "+13105550188" in page
    service.parts.database.write(lambda session: session.execute(delete(ReferenceRow)))
    page = reader.get(first_of(reader.get("/callbacks").text))
    assert page.status_code == 200
    assert "/faxes/" not in page.text


def test_what_was_not_understood_stands_by_reason(service: Service, reader: Visitor) -> None:
    for fax, word in (("f1", "teleported"), ("f2", "teleported"), ("f3", "lost, on the way")):
        service.hook.signalwire(FaxSid=fax, FaxStatus=word)
    service.hook.signalwire(FaxSid="f4", FaxStatus="delivered")
    page = reader.get("/callbacks").text
    assert "Not understood, by reason" in page
    counted = re.findall(r'count">(\d+)</span><div><a href="([^"]+)">([^<]+)', page)
    assert [(n, reason) for n, _, reason in counted] == [
        ("2", "unknown status: teleported"),
        ("1", "unknown status: lost, on the way"),
    ]
    for number, address, _ in counted:
        shown = reader.get(html.unescape(address)).text
        assert shown.count('class="verdict unrecognized"') == int(number)
        assert "Why they were not understood" in shown
    assert "Not understood, by reason" not in reader.get("/callbacks?account=main").text


def test_viewers_replay_nothing_and_no_form_goes_without_its_proof(service: Service) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus=WORD)
    viewer, admin = let_in(service, "vera"), let_in(service, "ada", "admin")
    address = first_of(viewer.get("/callbacks").text)
    assert "what would change" not in viewer.get(address).text
    for path in (f"{address}/replay", "/callbacks/replay"):
        assert viewer.fill(path, on="/callbacks", step="do").status_code == 403
        assert admin.send(path, step="do").status_code == 400
    assert audited(service, "callbacks.replayed") == []


def test_what_was_turned_away_is_counted_by_cause(service: Service, reader: Visitor) -> None:
    url = target(service.hook.signalwire_account.hook_url)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for _ in range(3):
        assert service.hook.transport.send("POST", url, headers, b"FaxSid=f1").status_code == 403
    assert "Nothing was turned away" in reader.get("/callbacks").text
    service.parts.receiver.refusals.write()
    page = reader.get("/callbacks").text
    assert "There was no signature" in page
    assert page.count('<td class="figure">3</td>') == 2


def test_a_key_of_one_account_sees_nothing_of_the_others(service: Service) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus=WORD)
    url = target(service.hook.signalwire_account.hook_url)
    service.hook.transport.send("POST", url, {}, b"FaxSid=f1")
    service.parts.receiver.refusals.write()
    plus = service.hook.faxplus_account.id
    scopes = ["read", "raw", "admin"]
    _, key = service.parts.database.write(
        lambda session: create_key(session, "plus only", scopes, account_id=plus)
    )
    everybody = Visitor(service.app).sign_in_with(service.api.key)
    address = first_of(everybody.get("/callbacks").text)
    stranger = Visitor(service.app).sign_in_with(key)
    page = stranger.get("/callbacks").text
    assert "main" not in re.findall(r"<option>(\w+)</option>", page)
    assert WORD not in page
    assert "Nothing was turned away" in page
    for path in (address, f"{address}/content"):
        assert stranger.get(path).status_code == 404
    assert stranger.fill(f"{address}/replay", on="/callbacks", step="do").status_code == 404
    done = stranger.fill("/callbacks/replay", on="/callbacks", step="do")
    assert "No callback is like that" in done.text
