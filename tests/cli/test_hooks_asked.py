"""The provider is asked which hook URLs it calls, by who wants to know and by nobody else."""

from faxhooks.simulator.fakes.faxplus import FaxPlusFake
from tests.cli.clinic import CONNECT, add, rotate
from tests.cli.running import Faxhooks
from tests.story import PROJECT


def doctored(faxhooks: Faxhooks, *words: str) -> list[tuple[str, str, str | None]]:
    """What the doctor finds about hooks."""
    found = faxhooks("--json", "doctor", *words).well().json["findings"]
    return [(x["level"], x["text"], x["advice"]) for x in found if x["check"] == "hooks"]


def test_the_doctor_asks_only_when_told_to(
    faxhooks: Faxhooks, fake: FaxPlusFake, hook_url: str
) -> None:
    assert hook_url
    add(faxhooks, "bare", f"{fake.url}/v3", token=None)
    assert doctored(faxhooks) == []
    assert fake.calls == []
    ((level, said, advice),) = doctored(faxhooks, "--ask")
    assert (level, said.partition(": ")[0]) == ("warning", "clinic")
    assert "fax_sent and fax_received" in said
    assert "faxhooks account connect" in (advice or "")
    faxhooks(*CONNECT).well()
    assert [level for level, _, _ in doctored(faxhooks, "--ask")] == ["ok"]
    rotate(faxhooks, "--hook-token")
    faxhooks(*CONNECT).well()
    ((level, _, advice),) = doctored(faxhooks, "--ask")
    assert level == "warning"
    assert "--drop-old" in (advice or "")


def test_an_account_shows_what_is_registered_when_asked_to(
    faxhooks: Faxhooks, fake: FaxPlusFake, hook_url: str
) -> None:
    show = ("account", "show", "clinic")
    assert "registered" not in faxhooks("--json", *show).well().json
    assert fake.calls == []
    said = faxhooks(*show, "--ask").well().out
    assert "Nobody reports fax_sent and fax_received" in said
    faxhooks(*CONNECT).well()
    asked = faxhooks("--json", *show, "--ask").well().json["registered"]
    assert [(hook["target"], hook["standing"]) for hook in asked["hooks"]] == [
        (hook_url, "current")
    ] * 2
    assert "fax_sent, fax_received" in faxhooks(*show, "--ask").well().out


def test_what_cannot_tell_its_hooks_says_what_to_do(faxhooks: Faxhooks) -> None:
    words = ("--label", "main", "--project-id", PROJECT, "--signing-key", "PSK_abcdefgh")
    faxhooks("account", "add", "signalwire", *words).well()
    said = faxhooks("account", "show", "main", "--ask")
    assert said.code == 1
    assert "faxhooks account connect" in said.err


def test_the_doctor_goes_on_where_a_provider_does_not_answer(
    faxhooks: Faxhooks, fake: FaxPlusFake
) -> None:
    add(faxhooks, "away", "http://127.0.0.1:1/v3")
    add(faxhooks, "well", f"{fake.url}/v3")
    faxhooks("account", "connect", "well").well()
    found = doctored(faxhooks, "--ask")
    assert [(level, said.partition(": ")[0]) for level, said, _ in found] == [
        ("warning", "away"),
        ("ok", "well"),
    ]
