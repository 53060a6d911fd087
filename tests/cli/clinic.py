"""The account `clinic`, whose provider registers hooks by its API."""

from typing import Any

from faxhooks.simulator.fakes.faxplus import FaxPlusFake
from tests.cli.running import Faxhooks

PAT = "alohi_pat_s3cretS3cretS3cret"
EVENTS = ["fax_sent", "fax_received"]
CONNECT = ("--json", "account", "connect", "clinic")


def add(faxhooks: Faxhooks, label: str, base_url: str, *, token: str | None = PAT) -> str:
    words = ("--label", label, "--base-url", base_url)
    words += ("--access-token", "-") if token else ()
    made = faxhooks("--json", "account", "add", "faxplus", *words, stdin=token).well().json
    return str(made["hook_url"])


def rotate(faxhooks: Faxhooks, *words: str) -> str:
    """The newest hook URL after it."""
    return str(faxhooks("--json", "account", "rotate", "clinic", *words).well().json["hook_url"])


def registered(fake: FaxPlusFake) -> list[tuple[str, str]]:
    return [(hook["event"], hook["target"]) for hook in fake.hooks.values()]


def standings(said: Any) -> list[tuple[str, str]]:
    return [(hook["event"], hook["standing"]) for hook in said["hooks"]]


def audited(faxhooks: Faxhooks) -> list[tuple[str, dict[str, Any]]]:
    """What was audited about connecting, oldest first."""
    words = ("--action", "account.connected,account.disconnected")
    found = faxhooks("--json", "audit", "list", *words).well().json["data"]
    return [(row["action"], row["detail"]) for row in reversed(found)]
