"""Faxes on the command line: what the API says, said here."""

import json

import pytest

from tests.cli.running import Faxhooks
from tests.story import Service


def ids(faxhooks: Faxhooks, *words: str) -> list[str]:
    return [
        fax["provider_fax_id"] for fax in faxhooks("--json", "faxes", "list", *words).json["data"]
    ]


@pytest.fixture
def three(service: Service) -> None:
    service.hook.signalwire(FaxSid="s1", FaxStatus="delivered", To="+13105550101")
    service.hook.signalwire(FaxSid="s2", FaxStatus="busy", To="+13105550102", From="+12125550100")
    service.hook.faxplus("p1", "success", to="+442079460000")


@pytest.mark.usefixtures("three")
def test_a_fax_has_the_very_shape_the_api_gives_it(faxhooks: Faxhooks, service: Service) -> None:
    assert faxhooks("--json", "faxes", "list").well().json == {
        "data": service.api.faxes(),
        "more": False,
    }
    fax = service.api.fax("s2")
    assert faxhooks("--json", "faxes", "show", "s2").well().json == fax
    assert faxhooks("--json", "faxes", "show", fax["id"]).well().json == fax
    told = faxhooks("--json", "faxes", "history", fax["id"]).well().json
    assert told == {"data": service.api.history("s2")}
    assert faxhooks("--json", "faxes", "history", "s2").well().json == told


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--status", "delivered"), "p1 s1"),
        (("--status", "busy", "--status", "delivered"), "p1 s2 s1"),
        (("--status", "busy,delivered"), "p1 s2 s1"),
        (("--provider", "signalwire"), "s2 s1"),
        (("--account", "plus"), "p1"),
        (("--to", "+1310*"), "s2 s1"),
        (("--to", "+13105550101"), "s1"),
        (("--from", "+12125550100"), "s2"),
        (("--provider-fax-id", "s1,p1"), "p1 s1"),
        (("--status", "busy", "--provider", "faxplus"), ""),
    ],
)
def test_a_list_is_filtered_and_newest_first(
    faxhooks: Faxhooks, words: tuple[str, ...], expected: str
) -> None:
    assert ids(faxhooks, *words) == expected.split()


@pytest.mark.usefixtures("three")
def test_a_list_that_was_cut_says_so(faxhooks: Faxhooks) -> None:
    cut = faxhooks("--json", "faxes", "list", "--limit", "2").well().json
    assert ([fax["provider_fax_id"] for fax in cut["data"]], cut["more"]) == (["p1", "s2"], True)
    assert "--limit" in faxhooks("faxes", "list", "--limit", "2").well().err


@pytest.mark.parametrize(
    "words", [("--status", "gone"), ("--provider", "nobody"), ("--limit", "0")]
)
def test_a_filter_that_cannot_match_is_a_usage_error(
    faxhooks: Faxhooks, words: tuple[str, str]
) -> None:
    said = faxhooks("faxes", "list", *words)
    assert (said.code, said.out) == (2, "")
    assert words[0] in said.err


def test_a_provider_s_id_that_is_a_uuid_is_found_too(faxhooks: Faxhooks, service: Service) -> None:
    sid = "c9a1d3e4-9d5b-4f4e-8a3c-1f0e6b8d7a21"
    service.hook.signalwire(FaxSid=sid, FaxStatus="queued")
    assert faxhooks("--json", "faxes", "show", sid).well().json["provider_fax_id"] == sid


def test_an_id_that_two_accounts_faxes_carry_asks_which(
    faxhooks: Faxhooks, service: Service
) -> None:
    service.hook.signalwire(FaxSid="same", FaxStatus="queued")
    service.hook.faxplus("same", "success")
    said = faxhooks("faxes", "show", "same")
    assert (said.code, said.out) == (1, "")
    for fax in service.api.faxes("?provider_fax_id=same"):
        assert fax["id"] in said.err


def test_what_a_sender_wrote_cannot_command_the_terminal(
    faxhooks: Faxhooks, service: Service
) -> None:
    hostile = "[bold]\x1b]0;owned\x07"
    form = {"FaxSid": "f1", "FaxStatus": "received", "RemoteStationId": hostile, "From": hostile}
    assert service.hook.signalwire(**form).status_code == 200
    assert json.loads(faxhooks("--json", "faxes", "show", "f1").well().out)["from"] == hostile
    for words in (("show", "f1"), ("list",), ("history", "f1")):
        said = faxhooks("faxes", *words).well().out
        assert "\x1b" not in said
        assert "\x07" not in said
    assert "[bold]\ufffd]0;owned\ufffd" in faxhooks("faxes", "show", "f1").out
