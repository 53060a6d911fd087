"""The state of a fax in a sentence: for every status and every reason."""

from itertools import product
from typing import Any

import pytest

from faxhooks.domain.fax import Evidence, FaxStatus, Flag, Outcome, Source, Verdict
from faxhooks.domain.reasons import REASONS
from faxhooks.services.shapes import reason_json
from faxhooks.services.telling import (
    EVIDENCE_WORDS,
    FLAG_WORDS,
    SOURCE_WORDS,
    VERDICT_WORDS,
    tell,
)
from faxhooks.services.wording import REASON_WORDS, STATUS_WORDS

_ENDED = "2026-11-20T14:02:07Z"


def fax(status: str, reason: str | None = None, **changes: Any) -> dict[str, Any]:
    """What the sentence is made of."""
    found = FaxStatus(status)
    shown = {
        "status": status,
        "outcome": found.outcome,
        "direction": found.direction or "outbound",
        "reason": reason_json(reason),
        "pages": None,
        "flags": [],
        "finished_at": _ENDED if found.is_final else None,
        "updated_at": "2026-11-20T14:03:00.25Z",
    }
    return {**shown, **changes}


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (
            fax("busy", "line.busy"),
            "Busy at 2026-11-20 14:02:07 UTC. The line was engaged; try again later.",
        ),
        (fax("queued"), "Queued. It waits its turn at the provider."),
        (fax("delivered"), "Delivered at 2026-11-20 14:02:07 UTC. It arrived."),
        (fax("delivered", pages=1), "Delivered at 2026-11-20 14:02:07 UTC. 1 page got through."),
        (fax("received", pages=3), "Received at 2026-11-20 14:02:07 UTC. 3 pages came in."),
        (fax("failed"), "Failed at 2026-11-20 14:02:07 UTC. It did not arrive."),
        (
            fax("failed", "line.dropped"),
            "Failed at 2026-11-20 14:02:07 UTC. The call broke off; try again soon. "
            "Pages may have been printed all the same.",
        ),
        (
            fax("failed", "rx.incomplete", direction="inbound"),
            "Failed at 2026-11-20 14:02:07 UTC. The incoming fax is incomplete; "
            "ask the sender to send it again.",
        ),
        (
            fax("unconfirmed"),
            "Unconfirmed at 2026-11-20 14:03:00 UTC. "
            "Nobody has said whether it arrived; ask the recipient.",
        ),
        (
            fax("failed", "document.type", flags=["provisional"]),
            "Failed at 2026-11-20 14:02:07 UTC. This kind of document cannot be faxed; mend that, "
            "then send it again. The provider tries again, so this may not be the end.",
        ),
        (
            fax("canceled", "user.canceled"),
            "Canceled at 2026-11-20 14:02:07 UTC. It was withdrawn. "
            "Pages may have been printed all the same.",
        ),
    ],
)
def test_the_sentence_says_where_it_stands_why_and_what_to_do(
    shown: dict[str, Any], sentence: str
) -> None:
    assert tell(shown).text == sentence


@pytest.mark.parametrize(
    ("status", "reason", "direction"),
    list(product(FaxStatus, [None, *REASONS], ["outbound", "inbound", None])),
)
def test_every_status_with_every_reason_makes_whole_sentences(
    status: FaxStatus, reason: str | None, direction: str | None
) -> None:
    told = tell(fax(status, reason, direction=direction, flags=list(Flag)))
    assert told.lead == STATUS_WORDS[status]
    assert (told.at is None) is (status.outcome is Outcome.PENDING)
    assert told.rest.endswith(".")
    assert "  " not in told.text
    assert ".." not in told.text
    for word in ("None", "_", "{"):
        assert word not in told.text
    if status.outcome is Outcome.FAILURE and reason is not None:
        assert told.rest.startswith(REASON_WORDS[reason])
        if direction == "inbound":
            assert "ask the sender" in told.rest


def test_a_reason_of_a_later_release_is_told_as_unknown() -> None:
    shown = fax("failed", "line.busy")
    shown["reason"] = {**shown["reason"], "code": "line.eaten"}  # It is the same in all faxes.
    assert tell(shown).rest.startswith("Nobody has said why; ask the recipient")


def test_there_are_words_for_whoever_says_it_for_every_proof_and_effect() -> None:
    assert set(EVIDENCE_WORDS) == set(Evidence)
    assert set(SOURCE_WORDS) == set(Source)
    assert set(VERDICT_WORDS) == set(Verdict)
    assert set(FLAG_WORDS) == set(Flag)
