"""What T.30 completion codes and texts mean, whoever passes them on."""

import pytest

from faxhooks.domain.reasons import REASONS
from faxhooks.providers.t30 import reason_for_code, reason_for_text

BY_REASON = {
    "fax.not_detected": [1, 2, 3, 19],
    "fax.training_failed": [6, 14, 20],
    "fax.incompatible": [8, 9, 10, 11, 12],
    "fax.ident_rejected": list(range(51, 62)),
    "tx.page_unconfirmed": [13, 15, 18, 21, 38],
    "tx.ecm_error": [16, 22, 23],
    "tx.protocol": [4, 5, 7, 17, 25, 35],
    "tx.retries_exhausted": [48],
    "line.dropped": [49],
    "document.fetch": [41],
    "document.convert": [42, 43, 44, 45, 46, 47],
    "rx.incomplete": [24, *range(26, 35), 36, 37, 39, 40],
}


def test_every_completion_code_has_its_reason():
    assert {c: reason_for_code(c) for codes in BY_REASON.values() for c in codes} == {
        code: reason for reason, codes in BY_REASON.items() for code in codes
    }
    assert set(BY_REASON) <= set(REASONS)


@pytest.mark.parametrize("code", [0, 50, 62, 132, -1])
def test_success_polling_and_unknown_codes_have_no_reason(code):
    assert reason_for_code(code) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Timed out waiting for initial communication", "fax.not_detected"),
        ("timed out: waiting for initial communication (T0)", "fax.not_detected"),
        ("THE CALL DROPPED PREMATURELY!", "line.dropped"),
        ("Unexpected DCN after EOM or MPS sequence", "tx.page_unconfirmed"),
        ("Unexpected DCM after EOM or MPS sequence", "tx.page_unconfirmed"),
        ("Unexpected DCN while waiting for DCS or DIS", "tx.protocol"),
        ("Unexpected DCN while waiting for DCS DIS", "tx.protocol"),
        ("Unexpected DCN while waiting for EOM, EOP or MPS", "rx.incomplete"),
        ("Timed out while waiting for EOL (end of line)", "rx.incomplete"),
    ],
)
def test_texts_match_by_their_beginning_whatever_their_case_and_punctuation(text, reason):
    assert reason_for_text(text) == reason


@pytest.mark.parametrize(
    "text", ["", "...", "OK", "The call", "Sorry: the call dropped prematurely", "ident"]
)
def test_other_texts_have_no_reason(text):
    assert reason_for_text(text) is None
