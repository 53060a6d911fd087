"""The words of the product and their facts."""

import pytest

from faxhooks.domain.fax import Direction, FaxStatus, Outcome, Phase
from faxhooks.domain.reasons import REASONS, FailOver, Retry

MODEL = {
    "queued": (Phase.OPEN, Outcome.PENDING, 10),
    "processing": (Phase.OPEN, Outcome.PENDING, 20),
    "sending": (Phase.OPEN, Outcome.PENDING, 30),
    "receiving": (Phase.OPEN, Outcome.PENDING, 30),
    "unconfirmed": (Phase.SOFT, Outcome.UNKNOWN, 40),
    "delivered": (Phase.FINAL, Outcome.SUCCESS, 50),
    "received": (Phase.FINAL, Outcome.SUCCESS, 50),
    "partial": (Phase.FINAL, Outcome.FAILURE, 50),
    "no-answer": (Phase.FINAL, Outcome.FAILURE, 50),
    "busy": (Phase.FINAL, Outcome.FAILURE, 50),
    "failed": (Phase.FINAL, Outcome.FAILURE, 50),
    "canceled": (Phase.FINAL, Outcome.CANCELED, 50),
}
CODES = {
    "line.busy",
    "line.no_answer",
    "line.unallocated",
    "line.rejected",
    "line.unreachable",
    "line.dropped",
    "fax.not_detected",
    "fax.training_failed",
    "fax.incompatible",
    "fax.ident_rejected",
    "tx.page_unconfirmed",
    "tx.ecm_error",
    "tx.protocol",
    "tx.retries_exhausted",
    "tx.partial",
    "tx.zero_pages",
    "document.fetch",
    "document.convert",
    "document.type",
    "document.size",
    "document.upload_expired",
    "account.credit",
    "account.limit",
    "account.not_allowed",
    "request.invalid_number",
    "request.other",
    "provider.internal",
    "provider.ttl_expired",
    "rx.incomplete",
    "user.canceled",
    "unknown",
}


def test_every_status_has_the_phase_outcome_and_rank_of_the_model():
    assert {s.value: (s.phase, s.outcome, s.rank) for s in FaxStatus} == MODEL


def test_a_status_that_can_only_be_sent_or_received_implies_its_direction():
    assert FaxStatus.SENDING.direction is FaxStatus.DELIVERED.direction is Direction.OUTBOUND
    assert FaxStatus.RECEIVING.direction is FaxStatus.RECEIVED.direction is Direction.INBOUND
    assert FaxStatus.FAILED.direction is None


def test_the_public_reason_codes_are_all_there_and_no_others():
    assert set(REASONS) == CODES


@pytest.mark.parametrize("code", sorted(REASONS))
def test_a_fax_that_may_have_printed_is_never_sent_elsewhere_without_asking(code):
    reason = REASONS[code]
    assert not reason.may_have_printed or reason.may_fail_over is not FailOver.YES


def test_a_cause_that_sending_again_cannot_cure_is_never_retried():
    for code in ("line.unallocated", "request.invalid_number", "account.not_allowed"):
        assert REASONS[code].retry is Retry.NEVER
