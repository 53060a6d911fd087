"""Accounts: added, rotated and turned off by admins alone; no secret is ever shown again."""

import re
from uuid import uuid4

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from faxhooks.db.audit import AuditFilter, list_page
from faxhooks.db.models import CallbackRow
from faxhooks.services.keys import SCOPES, create_key
from tests.story import PROJECT, Service, signature, target
from tests.web.dashboard.visitor import Visitor, let_in

KEY = "PSK_anotherSigningKey"
NEW = "/accounts/new/signalwire"


def audited(service: Service) -> list[tuple[str, str]]:
    """What admins did to accounts, oldest first."""

    def ask(session: Session) -> list[tuple[str, str]]:
        rows, _ = list_page(session, AuditFilter(actors=["user:*"]), limit=50)
        found = [(row.action, str(row.detail)) for row in reversed(rows)]
        return [each for each in found if each[0].startswith("account.")]

    return service.parts.database.read(ask)


def page_of(service: Service) -> str:
    return f"/accounts/{service.hook.signalwire_account.id}"


def test_an_admin_adds_an_account_and_is_led_to_its_set_up(service: Service) -> None:
    admin = let_in(service, "ada", "admin")
    form = {"label": "clinic", "project-id": PROJECT, "signing-key": KEY, "space": "example"}
    made = admin.fill(NEW, on=NEW, **form)
    assert made.status_code == 303
    assert re.fullmatch(r"/accounts/[0-9a-f-]{36}/set-up", made.headers["Location"])
    page = admin.get(made.headers["Location"]).text
    account = service.parts.database.read(lambda s: service.parts.accounts.get(s, "clinic"))
    assert account.config["signing-key"] == (KEY,)
    assert account.hook_url in page
    assert "Waiting for the first callback" in page
    assert KEY not in page
    assert audited(service)[0][0] == "account.added"


def test_options_are_named_as_people_write_them(service: Service) -> None:
    page = let_in(service, "ada", "admin").get(NEW).text
    labels = re.findall(r'<label for="[a-z-]+">([^<]+?) ?<', page)
    assert {"Project id", "Base URL", "SIP username", "Unsigned JSON"} <= set(labels)
    assert ">yes: believe calling.call.fax posts" in re.sub(r">\s+", ">", page)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"project-id": "nonsense"}, "Must be the project&#39;s UUID"),
        ({"label": "main"}, "There is an account &#39;main&#39; already"),
        ({"signing-key": ""}, "Is needed: "),
        ({"unsigned-json": "perhaps"}, "Must be yes or no"),
    ],
)
def test_what_is_wrong_is_said_and_secrets_are_not_repeated(
    service: Service, changes: dict[str, str], said: str
) -> None:
    admin = let_in(service, "ada", "admin")
    form = {"label": "clinic", "project-id": PROJECT, "signing-key": KEY, "space": "kept"}
    answer = admin.fill(NEW, on=NEW, **{**form, **changes})
    assert answer.status_code == 400
    assert said in answer.text
    assert 'value="kept"' in answer.text
    assert KEY not in answer.text
    assert audited(service) == []


def test_both_keys_are_good_until_the_old_one_is_dropped(service: Service) -> None:
    admin, here = let_in(service, "ada", "admin"), page_of(service)

    def answered(key: str) -> int:
        url, form = service.hook.signalwire_account.hook_url, {"FaxSid": "f1", "FaxStatus": "busy"}
        service.parts.directory._tried_at = float("-inf")  # As if seconds had passed.
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-SignalWire-Signature": signature(url, form, key),
        }
        sent = service.hook.transport.send(
            "POST", target(url), headers, b"FaxSid=f1&FaxStatus=busy"
        )
        return int(sent.status_code)

    older = service.hook.signalwire_account.config["signing-key"][0]
    assert admin.fill(f"{here}/rotate", on=here, **{"signing-key": KEY}).status_code == 303
    assert (answered(KEY), answered(older)) == (200, 200)
    page = admin.get(here).text
    assert "2 values; leave empty to keep them" in page
    assert KEY not in page
    assert older not in page
    admin.fill(f"{here}/drop-old", on=here)
    assert (answered(KEY), answered(older)) == (200, 403)
    actions = [action for action, _ in audited(service)]
    assert actions == ["account.rotated", "account.dropped_old"]
    assert KEY not in str(audited(service))


def test_a_new_hook_url_stands_before_the_old_one(service: Service) -> None:
    admin, here = let_in(service, "ada", "admin"), page_of(service)
    older = service.hook.signalwire_account.hook_url
    assert admin.fill(f"{here}/rotate", on=here, hook_token="new").status_code == 303
    found = re.findall(r'value="(https://hooks.example.com/hooks/[^"]+)"', admin.get(here).text)
    assert len(found) == 2
    assert found[1] == older


def test_saving_what_is_as_it_was_changes_nothing(service: Service) -> None:
    admin, here = let_in(service, "ada", "admin"), page_of(service)
    answer = admin.fill(f"{here}/rotate", on=here, **{"project-id": PROJECT, "signing-key": ""})
    assert "Nothing was changed" in answer.text
    assert audited(service) == []


def test_an_account_is_turned_off_and_on_again(service: Service) -> None:
    admin, here = let_in(service, "ada", "admin"), page_of(service)
    admin.fill(f"{here}/turn", on=here, hook="off")
    assert "Turn the hook on again" in admin.get(here).text
    assert "Disabled" in admin.get("/accounts").text
    admin.fill(f"{here}/turn", on=here, hook="on")
    assert "Disable the account" in admin.get(here).text
    assert [action for action, _ in audited(service)] == ["account.disabled", "account.enabled"]


def test_viewers_see_the_list_without_addresses_and_change_nothing(service: Service) -> None:
    viewer, here = let_in(service, "vera"), page_of(service)
    page = viewer.get("/accounts").text
    assert "main" in page
    assert "Add an account" not in page
    assert "/hooks/" not in page
    for path in (here, f"{here}/set-up", NEW):
        assert viewer.get(path).status_code == 403
    for path in ("rotate", "drop-old", "turn", "watch"):
        assert viewer.fill(f"{here}/{path}", on="/accounts", hook="off").status_code == 403
    assert audited(service) == []


def test_a_key_of_one_account_finds_no_other(service: Service) -> None:
    plus = service.hook.faxplus_account.id
    _, key = service.parts.database.write(
        lambda session: create_key(session, "plus only", SCOPES, account_id=plus)
    )
    stranger, here = Visitor(service.app).sign_in_with(key), page_of(service)
    listed = re.findall(r'<th scope="row">(?:<a [^>]+>)?(\w+)', stranger.get("/accounts").text)
    assert listed == ["plus"]
    assert stranger.get(f"/accounts/{plus}/set-up").status_code == 200
    for path in (here, f"{here}/set-up", f"{here}/set-up/parts"):
        assert stranger.get(path).status_code == 404
    for path in ("rotate", "drop-old", "turn", "watch"):
        assert stranger.fill(f"{here}/{path}", on="/accounts", hook="off").status_code == 404
    assert stranger.get(NEW).status_code == 403


def test_a_quiet_account_is_found_behind_all_that_a_busy_one_sent(
    service: Service, reader: Visitor
) -> None:
    service.hook.faxplus("quiet", "success")
    service.hook.signalwire(FaxSid="busy", FaxStatus="delivered")

    def send_many(session: Session) -> None:
        busy = CallbackRow.account_id == service.hook.signalwire_account.id
        (row,) = session.execute(select(CallbackRow.__table__).where(busy)).mappings()
        many = [{**row, "id": uuid4(), "digest": uuid4().bytes} for _ in range(600)]
        session.execute(insert(CallbackRow), many)

    service.parts.database.write(send_many)
    assert "none in a week" not in reader.get("/accounts").text
