"""Who is let in, how often it may be tried, and what is written down of it."""

import time

import pytest

from faxhooks.app import create_app
from faxhooks.db.audit import list_audit
from faxhooks.services.keys import create_key
from faxhooks.services.passwords import TODAY
from faxhooks.services.sessions import MOST_OF_A_NAME, MOST_OF_AN_ADDRESS
from faxhooks.services.users import add_user, disable_user
from tests.story import Service, make_service, settings_for
from tests.web.dashboard.visitor import PASSWORD, Visitor, let_in

REFUSED = "Name and password do not match"


def test_a_stranger_is_asked_who_it_is_and_then_goes_on(service: Service) -> None:
    visitor = Visitor(service.app)
    asked = visitor.get("/?span=week")
    assert (asked.status_code, asked.headers["Location"]) == (303, "/sign-in?next=/?span%3Dweek")
    page = visitor.get(asked.headers["Location"])
    assert 'name="next" value="/?span=week"' in page.text
    gone_on = visitor.fill("/sign-in", key=service.api.key, next="/?span=week")
    assert (gone_on.status_code, gone_on.headers["Location"]) == (303, "/?span=week")
    assert visitor.is_in


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/\nx", ""]
)
def test_a_sign_in_leads_to_no_other_site(service: Service, elsewhere: str) -> None:
    gone_on = Visitor(service.app).fill("/sign-in", key=service.api.key, next=elsewhere)
    assert (gone_on.status_code, gone_on.headers["Location"]) == (303, "/")


def test_a_user_signs_in_by_a_name_in_any_letters(service: Service) -> None:
    let_in(service, "Ada.L@example.com")
    again = Visitor(service.app)
    assert again.sign_in(" ADA.l@example.com ").status_code == 303
    assert "ada.l@example.com" in again.get("/").text


def test_who_is_not_known_hears_the_same_and_waits_as_long(service: Service) -> None:
    let_in(service, "ada", cost=TODAY)
    visitor, took, said = Visitor(service.app), {}, {}
    for name in ("ada", "nobody"):
        proof, began = visitor.proof(), time.monotonic()
        answer = visitor.send("/sign-in", form_token=proof, name=name, password="x" * 20)
        took[name] = time.monotonic() - began
        said[name] = answer.text.replace(proof, "").replace(name, "")
        assert answer.status_code == 401
        assert REFUSED in answer.text
    assert said["ada"] == said["nobody"]
    assert took["nobody"] > took["ada"] / 4  # Without a hash it would be a fiftieth.


def test_a_disabled_user_and_an_unknown_key_stay_out(service: Service) -> None:
    write = service.parts.database.write
    write(lambda session: add_user(session, "ada", role="viewer", password=PASSWORD))
    write(lambda session: disable_user(session, "ada"))
    visitor = Visitor(service.app)
    assert "is disabled" in visitor.sign_in("ada").text
    refused = visitor.fill("/sign-in", key="fhk_unknown")
    assert refused.status_code == 401
    assert "faxhooks key create" in refused.text
    assert not visitor.is_in


def test_a_name_is_tried_so_often_and_no_more_by_all_processes(
    service: Service, database_url: str
) -> None:
    let_in(service, "ada")
    let_in(service, "bob")
    wrong = [
        Visitor(service.app, f"192.0.2.{n}").sign_in("ada", "x" * 20).status_code
        for n in range(MOST_OF_A_NAME)
    ]
    assert set(wrong) == {401}
    other = create_app(settings_for(database_url))
    refused = Visitor(other, "198.51.100.7").sign_in("ada")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert "too often" in refused.text
    assert Visitor(other, "198.51.100.7").sign_in("bob").status_code == 303
    other.extensions["faxhooks"].database.engine.dispose()


def test_an_address_is_tried_so_often_and_no_more(service: Service) -> None:
    here = Visitor(service.app, "192.0.2.66")
    proof = here.proof()
    for _ in range(MOST_OF_AN_ADDRESS):
        assert here.send("/sign-in", form_token=proof, key="fhk_guessed").status_code == 401
    refused = here.send("/sign-in", form_token=proof, key=service.api.key)
    assert refused.status_code == 429
    assert Visitor(service.app, "192.0.2.67").sign_in_with(service.api.key).is_in


def test_who_signs_in_well_is_not_counted(service: Service) -> None:
    let_in(service, "ada")
    for _ in range(MOST_OF_A_NAME + 1):
        assert Visitor(service.app).sign_in("ada").status_code == 303


def test_sign_ins_are_audited_without_what_was_typed(
    service: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    visitor = let_in(service, "ada")
    visitor.sign_in("hunter2-typed-as-a-name", "x" * 20)
    visitor.sign_in("ada", "y" * 20)
    visitor.fill("/sign-out")
    rows = service.parts.database.read(list_audit)
    told = [(row.action, row.detail.get("why")) for row in reversed(rows)][-4:]
    assert told == [
        ("session.started", None),
        ("session.refused", "unknown name"),
        ("session.refused", "wrong password"),
        ("session.ended", None),
    ]
    logged = capfd.readouterr()
    for row in rows:
        assert "hunter2" not in f"{row.subject} {row.detail} {row.actor}"
    assert "hunter2" not in logged.out + logged.err
    assert "ada" not in logged.out + logged.err


def test_a_sign_in_gets_a_cookie_of_its_own_that_stays_with_us(service: Service) -> None:
    visitor = Visitor(service.app)
    before = visitor.get("/sign-in").headers["Set-Cookie"]
    after = visitor.fill("/sign-in", key=service.api.key).headers["Set-Cookie"]
    for cookie in (before, after):
        assert cookie.startswith("__Host-faxhooks=")
        for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert word in cookie
    assert before.partition(";")[0] != after.partition(";")[0]


def test_without_https_the_cookie_is_sent_all_the_same(database_url: str) -> None:
    local = make_service(database_url, public_url="http://localhost:8000")
    visitor = Visitor(local.app, base_url="http://localhost:8000")
    cookie = visitor.fill("/sign-in", key=local.api.key).headers["Set-Cookie"]
    assert cookie.startswith("faxhooks=")
    assert "Secure" not in cookie
    assert visitor.is_in
    local.parts.database.engine.dispose()


def test_a_key_of_one_account_shows_that_account_alone(service: Service) -> None:
    service.hook.faxplus("theirs", "failed_user_busy", to="+13105550177")
    account = service.hook.signalwire_account.id
    _, key = service.parts.database.write(
        lambda session: create_key(session, "ours", ["read"], account_id=account)
    )
    page = Visitor(service.app).sign_in_with(key).get("/").text
    everything = Visitor(service.app).sign_in_with(service.api.key).get("/").text
    assert ("plus" in page, "The line was engaged" in page) == (False, False)
    assert "plus" in everything
    assert "The line was engaged" in everything
