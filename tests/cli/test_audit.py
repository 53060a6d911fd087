"""The audit on the command line."""

import pytest

from faxhooks.services.auditing import unix_actor
from tests.cli.running import Faxhooks


@pytest.fixture
def three(faxhooks: Faxhooks) -> list[str]:
    """Three keys, of which the last is revoked; their ids."""
    made = [
        faxhooks("--json", "key", "create", "--label", f"k{number}").well().json["id"]
        for number in range(3)
    ]
    faxhooks("key", "revoke", made[-1]).well()
    return made


def test_it_tells_who_did_what_the_newest_first(faxhooks: Faxhooks, three: list[str]) -> None:
    said = faxhooks("--json", "audit", "list").well().json
    assert [(row["action"], row["subject"]) for row in said["data"]] == [
        ("key.revoked", f"key:{three[2]}"),
        *(("key.created", f"key:{each}") for each in reversed(three)),
    ]
    assert {row["actor"] for row in said["data"]} == {unix_actor()}
    assert said["more"] is False
    shown = faxhooks("audit", "list", "--limit", "1").well()
    assert "key.revoked" in shown.out
    assert "label=k2" in shown.out
    assert "--limit" in shown.err


def test_it_is_filtered(faxhooks: Faxhooks, three: list[str]) -> None:
    def subjects(*words: str) -> list[str]:
        return [row["subject"] for row in faxhooks("--json", "audit", "list", *words).json["data"]]

    assert subjects("--action", "key.revoked") == [f"key:{three[2]}"]
    assert subjects("--subject", f"key:{three[0]}") == [f"key:{three[0]}"]
    assert len(subjects("--actor", "cli:*")) == 4
    assert subjects("--from", "2199-01-01T00:00:00Z") == []
    assert subjects("--to", "2001-01-01T00:00:00Z") == []


@pytest.mark.parametrize("words", [("--action", "gone"), ("--from", "yesterday"), ("--limit", "0")])
def test_what_cannot_be_asked_is_a_usage_error(faxhooks: Faxhooks, words: tuple[str, str]) -> None:
    said = faxhooks("audit", "list", *words)
    assert (said.code, said.out) == (2, "")
    assert words[0] in said.err
