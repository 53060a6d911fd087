"""The pages about providers say what their tables say, word for word."""

from collections.abc import Iterator
from typing import Final

import pytest

from faxhooks.domain.fax import Direction, FaxStatus
from faxhooks.domain.reasons import REASONS
from faxhooks.providers.faxplus import words as faxplus
from faxhooks.providers.registry import PROVIDERS
from faxhooks.providers.signalwire import words as signalwire
from faxhooks.providers.t30 import reason_for_code, reason_for_text
from tests.documents import ROOT, Page, spans

OUTBOUND: Final = Direction.OUTBOUND
CODES: Final = range(62)


def page(name: str) -> Page:
    return Page((ROOT / "docs" / "providers" / f"{name}.md").read_text())


def words_of(name: str) -> Iterator[tuple[str, str | None, str | None]]:
    """Each word of a page, with the status and reason of an outbound fax, where they are named."""
    for said, status, reason in page(name).rows("word", "status", "reason"):
        for word in spans(said):
            yield word, *(next(iter(spans(cell)), None) for cell in (status, reason))


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_options_of_a_page_are_those_of_the_account(name: str) -> None:
    told = {spans(row[0])[0]: row[1] for row in page(name).rows("option", "needed")}
    options = PROVIDERS[name].options
    assert told == {f"--{each.name}": "yes" if each.required else "no" for each in options}


@pytest.mark.parametrize("name", ["signalwire", "faxplus", "t30"])
def test_a_page_names_no_reason_that_there_is_not(name: str) -> None:
    families = {code.partition(".")[0] for code in REASONS}
    named = [span for span in page(name).spans if "." in span and span.split(".")[0] in families]
    assert named
    assert set(named) <= set(REASONS)


def test_signalwires_words_are_all_there_and_mean_what_the_page_says() -> None:
    told = list(words_of("signalwire"))
    known = {*signalwire.STATUSES, *signalwire.CALL_PROGRESS, signalwire.CALL_OVER}
    assert {word for word, _, _ in told} - {"unrecognized"} == known
    for word, status, reason in told:
        assert signalwire.understand(word, OUTBOUND).status == status
        assert signalwire.reason_of(FaxStatus(status or "queued"), OUTBOUND, None, None) == reason


def test_signalwires_texts_mean_what_the_page_says() -> None:
    texts = [row for row in page("signalwire").rows("text", "reason") if spans(row[1])]
    assert len(texts) == 5
    for text, reason in texts:
        assert [signalwire.reason_of(FaxStatus.FAILED, OUTBOUND, None, text)] == spans(reason)


def test_signalwires_codes_are_all_there_and_mean_what_the_page_says() -> None:
    told = {}
    for said, reason, _ in page("signalwire").rows("code", "reason"):
        codes, reasons = spans(said), spans(reason)
        told |= dict(zip(codes, reasons * (len(codes) // len(reasons)), strict=True))
    failed = FaxStatus.FAILED
    found = {
        str(code): reason
        for code in range(100_000)
        if (reason := signalwire.reason_of(failed, OUTBOUND, str(code), None)) is not None
    }
    assert told == found


def test_fax_pluss_words_are_all_there_and_mean_what_the_page_says() -> None:
    told = [row for row in words_of("faxplus") if row[0] not in ("failed_", "failed_fs_N")]
    examples = {"failed_fs_2", "failed_fs_49"}
    assert {word for word, _, _ in told} == {*faxplus.FAILURES, "success", "in_progress", *examples}
    for word, status, reason in told:
        meaning = faxplus.understand(word, OUTBOUND)
        assert (meaning.status, meaning.reason) == (status, reason)


def test_fax_pluss_events_are_those_of_the_page() -> None:
    rows = page("faxplus").rows("event", "read as")
    assert {event for row in rows[:-1] for event in spans(row[0])} == set(faxplus.EVENTS)


def test_every_code_of_t30_means_what_the_page_says() -> None:
    told = {}
    for reason, codes, texts in page("t30").rows("reason", "codes", "texts"):
        told |= {int(code): spans(reason)[0] for code in codes.split(", ")}
        named = [text for text in texts.split("; ") if not text.startswith("other ")]
        assert {reason_for_text(text) for text in named} == {spans(reason)[0]}
    assert told == {code: found for code in CODES if (found := reason_for_code(code))}
