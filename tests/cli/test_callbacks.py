"""The raw inbox on the command line."""

import base64

import pytest

from faxhooks.db.audit import list_audit
from faxhooks.services.auditing import unix_actor
from tests.cli.left import leave_unread
from tests.cli.running import Faxhooks
from tests.story import Service

STRANGE = b'\xff\xfe not "JSON" \x00 \x1b[2J \r\n end'


def test_the_newest_come_first(faxhooks: Faxhooks, service: Service) -> None:
    for word in ("queued", "sending", "delivered"):
        service.hook.signalwire(FaxSid="f1", FaxStatus=word)
    service.hook.faxplus("f2", "teleported")
    listed = faxhooks("--json", "callbacks", "list").well().json["data"]
    bodies = [faxhooks("callbacks", "show", row["id"], "--raw").well().raw for row in listed[1:]]
    assert [body[-9:] for body in bodies] == [b"delivered", b"s=sending", b"us=queued"]
    assert not {"query", "headers", "body", "body_text"} & set(listed[0])
    (unread,) = faxhooks("--json", "callbacks", "list", "--verdict", "unrecognized").json["data"]
    assert unread == listed[0]
    assert unread["reason"] == "unknown status: teleported"
    assert len(faxhooks("--json", "callbacks", "list", "--account", "main").json["data"]) == 3
    assert len(faxhooks("--json", "callbacks", "list", "--limit", "2").json["data"]) == 2
    assert "unknown status: teleported" in faxhooks("callbacks", "list").well().out


def test_raw_is_the_exact_bytes_and_nothing_else(faxhooks: Faxhooks, service: Service) -> None:
    assert service.hook.faxplus_raw(STRANGE).status_code == 200
    (row,) = faxhooks("--json", "callbacks", "list").well().json["data"]
    assert faxhooks("callbacks", "show", row["id"], "--raw").well().raw == STRANGE
    assert (
        base64.b64decode(faxhooks("--json", "callbacks", "show", row["id"]).json["body"]) == STRANGE
    )


def test_whose_content_is_seen_is_written_down(faxhooks: Faxhooks, service: Service) -> None:
    service.hook.faxplus("f1", "success")
    (row,) = faxhooks("--json", "callbacks", "list").well().json["data"]
    assert faxhooks.read(list_audit)[0].action == "key.created"
    for words in ((), ("--raw",)):
        faxhooks("callbacks", "show", row["id"], *words).well()
    told = faxhooks("--json", "audit", "list", "--action", "callback.read").well().json
    about = {(each["actor"], each["subject"]) for each in told["data"]}
    assert (len(told["data"]), about) == (2, {(unix_actor(), f"callback:{row['id']}")})


def test_shown_to_people_it_is_cleaned(faxhooks: Faxhooks, service: Service) -> None:
    service.hook.faxplus_raw(STRANGE)
    (row,) = faxhooks("--json", "callbacks", "list").well().json["data"]
    shown = faxhooks("callbacks", "show", row["id"]).well()
    assert shown.out.endswith('\\xff\\xfe not "JSON" \ufffd \ufffd[2J \ufffd\n end\n')
    assert "POST /hooks/faxplus/{token}" in shown.out
    assert "content-type: application/json" in shown.out
    assert service.hook.faxplus_account.hook_url.rpartition("/")[2] not in shown.out


def test_a_callback_that_an_older_release_left_is_read_by_replaying_it(
    faxhooks: Faxhooks, service: Service
) -> None:
    left = leave_unread(service, "f1", "success", release="0.9.0")
    replayed = faxhooks("--json", "callbacks", "replay", str(left)).well().json
    assert (replayed["before"], replayed["verdict"]) == ("unrecognized", "applied")
    assert replayed["fax_ids"] == [service.api.fax("f1")["id"]]
    again = faxhooks("--json", "callbacks", "replay", str(left)).well().json
    assert again["verdict"] == "repeated"


def test_replaying_all_counts_what_is_read_now_and_why_the_rest_is_not(
    faxhooks: Faxhooks, service: Service
) -> None:
    for fax in ("f1", "f2", "f3"):
        leave_unread(service, fax, "success", release="0.9.0")
    for fax in ("g1", "g2"):
        service.hook.faxplus(fax, "teleported")
    service.hook.faxplus("g3", "vaporized")
    came_to = faxhooks("--json", "callbacks", "replay", "--unrecognized").well().json
    assert came_to == {
        "read": 3,
        "unread": 3,
        "reasons": {"unknown status: teleported": 2, "unknown status: vaporized": 1},
    }
    spoken = faxhooks("callbacks", "replay", "--unrecognized").well()
    assert spoken.out.startswith("0 read now, 3 still not understood.\n")
    assert "2  unknown status: teleported" in spoken.out
    assert {fax["provider_fax_id"] for fax in service.api.faxes()} == {"f1", "f2", "f3"}


def test_replaying_all_of_one_account_leaves_the_others(
    faxhooks: Faxhooks, service: Service
) -> None:
    leave_unread(service, "f1", "success", release="0.9.0")
    words = ("--json", "callbacks", "replay", "--unrecognized", "--account")
    assert faxhooks(*words, "main").well().json["read"] == 0
    assert faxhooks(*words, "plus").well().json["read"] == 1


def test_a_dry_run_shows_which_faxes_would_change_and_changes_none(
    faxhooks: Faxhooks, service: Service
) -> None:
    left = leave_unread(service, "f1", "success", release="0.9.0")
    service.hook.faxplus("g1", "teleported")
    one = faxhooks("--json", "callbacks", "replay", str(left), "--dry-run").well().json
    assert (one["dry_run"], one["verdict"]) == (True, "applied")
    assert one["faxes"][0]["status"] == {"before": None, "after": "delivered"}
    every = faxhooks("--json", "callbacks", "replay", "--unrecognized", "--dry-run").well().json
    assert (every["read"], every["unread"]) == (1, 1)
    assert [fax["status"]["after"] for fax in every["faxes"]] == ["delivered"]
    said = faxhooks("callbacks", "replay", "--unrecognized", "--dry-run").well().out
    assert said.startswith("1 would be read now, 1 still not understood.\n")
    assert "- -> delivered" in said
    assert service.api.faxes() == []
    faxhooks("callbacks", "replay", str(left)).well()
    assert service.api.fax("f1")["status"] == "delivered"
    assert "No fax changes." in faxhooks("callbacks", "replay", str(left), "--dry-run").out


def test_replaying_may_be_narrowed_to_a_reason(faxhooks: Faxhooks, service: Service) -> None:
    for number, reason in enumerate(("unknown status: a", "unknown status: b", "internal: X")):
        leave_unread(service, f"f{number}", "success", release="0.9.0", reason=reason)
    words = ("--json", "callbacks", "replay", "--unrecognized", "--dry-run", "--reason")
    assert faxhooks(*words, "unknown status: a").well().json["read"] == 1
    assert faxhooks(*words, "unknown*").well().json["read"] == 2
    assert faxhooks(*words, "nothing").well().json["read"] == 0


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("01993e3a-0000-7000-8000-000000000000", "--reason", "internal*"),
        ("01993e3a-0000-7000-8000-000000000000", "--unrecognized"),
        ("01993e3a-0000-7000-8000-000000000000", "--account", "main"),
        ("not-an-id",),
    ],
)
def test_what_to_replay_is_said_in_one_way(faxhooks: Faxhooks, words: tuple[str, ...]) -> None:
    assert faxhooks("callbacks", "replay", *words).code == 2
