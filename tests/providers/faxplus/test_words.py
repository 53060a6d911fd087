"""What Fax.Plus's statuses mean."""

import pytest

from faxhooks.domain.errors import UnreadableError
from faxhooks.domain.fax import Direction, FaxStatus
from faxhooks.providers.faxplus import FaxPlus
from faxhooks.providers.faxplus.words import FAILURES, Meaning, understand
from tests.providers.faxplus.requests import webhook

S = FaxStatus
OUTBOUND, INBOUND = Direction.OUTBOUND, Direction.INBOUND

DOCUMENTED = {
    "success": (S.DELIVERED, None),
    "partially_sent": (S.PARTIAL, "tx.partial"),
    "partially_received": (S.PARTIAL, "rx.incomplete"),
    "in_progress": (S.SENDING, None),
    "insufficient_credit": (S.FAILED, "account.credit"),
    "failed": (S.FAILED, "provider.internal"),
    "failed_internal_process_error": (S.FAILED, "provider.internal"),
    "failed_user_busy": (S.BUSY, "line.busy"),
    "failed_no_answer": (S.NO_ANSWER, "line.no_answer"),
    "failed_normal_clearing": (S.FAILED, "line.dropped"),
    "failed_normal_temporary_failure": (S.FAILED, "line.unreachable"),
    "failed_to_send": (S.FAILED, "provider.internal"),
    "failed_unallocated_number": (S.FAILED, "line.unallocated"),
    "failed_invalid_number_format": (S.FAILED, "request.invalid_number"),
    "failed_destination_not_supported": (S.FAILED, "account.not_allowed"),
    "failed_mimetype_not_supported": (S.FAILED, "document.type"),
    "failed_office_converter_issue": (S.FAILED, "document.convert"),
    "failed_separate_file_pages_issue": (S.FAILED, "document.convert"),
    "failed_render_header_issue": (S.FAILED, "document.convert"),
    "failed_image_preparation": (S.FAILED, "document.convert"),
    "failed_convert_to_tiff_issue": (S.FAILED, "document.convert"),
    "failed_unknown_converter_issue": (S.FAILED, "document.convert"),
    "failed_fs_49": (S.FAILED, "line.dropped"),
    "failed_fs_2": (S.FAILED, "fax.not_detected"),
}


def test_the_vendor_documents_24_words():
    assert len(DOCUMENTED) == 24


@pytest.mark.parametrize(("word", "meaning"), DOCUMENTED.items())
def test_every_documented_word_of_a_sent_fax_has_its_meaning(word, meaning):
    (event,) = FaxPlus().normalize(webhook(status=word))
    assert (event.status, event.reason, event.drift) == (*meaning, None)
    assert event.provider_status == word
    assert event.detail == (None if word in ("success", "in_progress") else word)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("success", (S.RECEIVED, None)),
        ("in_progress", (S.RECEIVING, None)),
        ("partially_received", (S.PARTIAL, "rx.incomplete")),
        ("failed_user_busy", (S.BUSY, "rx.incomplete")),
        ("failed_fs_49", (S.FAILED, "rx.incomplete")),
        ("failed_normal_clearing", (S.FAILED, "rx.incomplete")),
        ("failed", (S.FAILED, "provider.internal")),
        ("insufficient_credit", (S.FAILED, "account.credit")),
        ("failed_convert_to_tiff_issue", (S.FAILED, "document.convert")),
        ("failed_something_new", (S.FAILED, None)),
    ],
)
def test_a_received_fax_is_incomplete_where_the_call_is_to_blame(word, meaning):
    (event,) = FaxPlus().normalize(webhook({"event": "fax_received"}, status=word))
    assert (event.status, event.reason) == meaning


@pytest.mark.parametrize("word", ["SUCCESS", " success ", "Success\n"])
def test_case_and_blanks_around_a_word_do_not_matter(word):
    assert FaxPlus().normalize(webhook(status=word))[0].status is S.DELIVERED
    same = FaxPlus().normalize(webhook(status=word))[0].digest
    assert same == FaxPlus().normalize(webhook())[0].digest


def test_the_word_is_kept_as_it_was_sent():
    (event,) = FaxPlus().normalize(webhook(status="Failed_To_Send"))
    assert event.provider_status == event.detail == "Failed_To_Send"


def test_causes_that_only_users_reported_are_known_too():
    assert understand("failed_call_rejected", OUTBOUND).reason == "line.rejected"
    assert understand("failed_origination_unknown", OUTBOUND).reason == "line.unreachable"
    assert understand("failed_zero_page_transmitted", OUTBOUND).reason == "tx.zero_pages"


def test_a_numbered_failure_is_a_t30_completion_code():
    assert understand("failed_fs_48", OUTBOUND).reason == "tx.retries_exhausted"


@pytest.mark.parametrize("word", ["failed_wormhole", "failed_fs_0", "failed_fs_999", "failed_fs_x"])
def test_a_new_failure_is_a_failure_of_unknown_cause_and_is_named(word):
    (event,) = FaxPlus().normalize(webhook(status=word))
    assert (event.status, event.reason) == (S.FAILED, None)
    assert event.drift == f"unknown status: {word}"


def test_two_faults_of_one_webhook_are_both_named():
    (event,) = FaxPlus().normalize(webhook({"event_time": "soon"}, status="failed_new"))
    assert event.drift == "unknown status: failed_new; unreadable time: hook.event_time"


@pytest.mark.parametrize("word", ["delivered", "queued", "partial_success", "cancelled", "fail"])
def test_words_of_other_providers_are_not_guessed_at(word):
    with pytest.raises(UnreadableError, match=f"unknown status: {word}"):
        understand(word, OUTBOUND)


def test_no_failure_is_mistaken_for_a_success_in_either_direction():
    for word, direction in ((word, way) for word in FAILURES for way in (OUTBOUND, INBOUND)):
        meaning = understand(word, direction)
        assert meaning.status.is_final
        assert meaning != Meaning(S.DELIVERED)
        assert meaning != Meaning(S.RECEIVED)
