"""SignalWire's words, codes and texts."""

import pytest

from faxhooks.domain.fax import Direction, FaxStatus
from faxhooks.domain.reasons import REASONS
from faxhooks.providers.signalwire import words
from faxhooks.providers.signalwire.words import reason_of, reason_of_result, understand

OUT, IN = Direction.OUTBOUND, Direction.INBOUND
FAILED = FaxStatus.FAILED
DOCUMENTED_TEXTS = {
    "Disconnected after permitted retries": "tx.retries_exhausted",
    "Document generation error": "document.convert",
    "Document loading error": "document.fetch",
    "Log entry lost": "provider.internal",
    "The call dropped prematurely": "line.dropped",
    "The HDLC carrier did not stop in a timely manner": "tx.protocol",
    "Timed out waiting for initial communication": "fax.not_detected",
    "Failed to train with any of the compatible modems": "fax.training_failed",
    "Received no response to DCS or TCF": "fax.training_failed",
    "Invalid ECM response received from receiver": "tx.ecm_error",
    "Unexpected DCN while waiting for DCS DIS": "tx.protocol",
    "Connection Failed": "line.unreachable",
    "Fax transmission not established": "fax.not_detected",
    "Far end cannot receive at the resolution of the image": "fax.incompatible",
    "No response after sending a page": "tx.page_unconfirmed",
    "Received a DCN from remote after sending a page": "tx.page_unconfirmed",
    "Unexpected DCN after EOM or MPS sequence": "tx.page_unconfirmed",
    "Unexpected DCM after EOM or MPS sequence": "tx.page_unconfirmed",
    "Unexpected message received": "tx.page_unconfirmed",
}


@pytest.mark.parametrize(
    "word", [status for status in FaxStatus if status not in ("unconfirmed", "partial")]
)
def test_a_documented_status_is_itself_in_any_case(word):
    for written in (word, word.upper(), f" {word.title()} "):
        assert understand(written, None).status is word


def test_both_spellings_of_canceled_are_one():
    assert understand("cancelled", None) == understand("canceled", None)


@pytest.mark.parametrize(
    "word",
    ["initiated", "ringing", "ringing_forwarded", "ringing_queued", "answered", "In-Progress"],
)
def test_progress_of_the_call_is_progress_of_the_fax(word):
    assert understand(word, None).status is FaxStatus.SENDING
    assert understand(word, OUT).status is FaxStatus.SENDING
    assert understand(word, IN).status is FaxStatus.RECEIVING


@pytest.mark.parametrize("text", DOCUMENTED_TEXTS)
def test_every_documented_text_has_its_reason(text):
    assert reason_of(FAILED, OUT, None, text) == DOCUMENTED_TEXTS[text]
    assert reason_of(FAILED, None, "34999", f"{text.upper()}.") == DOCUMENTED_TEXTS[text]


def test_a_known_text_tells_more_than_the_code():
    assert (
        reason_of(FAILED, OUT, "34004", "No response after sending a page") == "tx.page_unconfirmed"
    )
    assert reason_of(FAILED, OUT, "34004", "In other words") == "line.dropped"


@pytest.mark.parametrize(
    ("code", "reason"),
    [("34002", "line.busy"), ("34003", "line.no_answer"), ("34004", "line.dropped")],
)
def test_codes_count_without_a_text(code, reason):
    assert reason_of(FAILED, OUT, code, None) == reason


def test_the_status_itself_may_be_the_reason():
    assert reason_of(FaxStatus.BUSY, OUT, "34004", None) == "line.busy"
    assert reason_of(FaxStatus.NO_ANSWER, OUT, None, None) == "line.no_answer"
    assert reason_of(FaxStatus.CANCELED, IN, None, None) == "user.canceled"


@pytest.mark.parametrize(
    "status", [s for s in FaxStatus if s.outcome not in ("failure", "canceled")]
)
def test_what_has_not_failed_has_no_reason(status):
    assert reason_of(status, OUT, "34004", "The call dropped prematurely") is None


def test_a_fault_of_the_line_leaves_a_received_fax_incomplete_and_others_stay():
    assert reason_of(FAILED, IN, None, "The call dropped prematurely") == "rx.incomplete"
    assert reason_of(FAILED, IN, None, "Words nobody knows") == "rx.incomplete"
    assert reason_of(FAILED, IN, None, "Document generation error") == "document.convert"
    assert reason_of(FAILED, IN, None, "Log entry lost") == "provider.internal"
    assert reason_of(FAILED, IN, None, None) is None
    assert reason_of_result(IN, "23", None) == "rx.incomplete"
    assert reason_of_result(OUT, "23", None) == "tx.ecm_error"


def test_every_reason_in_the_tables_is_one_of_the_products():
    used = {*words._BY_CODE.values(), *words._BY_TEXT.values(), *words._BY_STATUS.values()}
    assert used <= set(REASONS)
    assert "rx.incomplete" in REASONS
