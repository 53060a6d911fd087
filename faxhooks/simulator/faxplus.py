"""What Fax.Plus says of a fax, story by story: one webhook for each attempt at it.

Sources: the vendor's pages on webhooks and on fax statuses; retries are built from the
documented rule that a `hook.id` other than `data.id` is the fax being tried again.
"""

from datetime import timedelta
from typing import Final

from faxhooks.domain.fax import FaxStatus
from faxhooks.simulator.faxplus_requests import CALL, OF_INBOUND, RECEIVED, SENT, Session, object_id
from faxhooks.simulator.story import Prepared, Scenario, Stage, Tell

WORDS: Final = (
    "success",
    "partially_sent",
    "partially_received",
    "in_progress",
    "insufficient_credit",
    "failed",
    "failed_internal_process_error",
    "failed_user_busy",
    "failed_no_answer",
    "failed_normal_clearing",
    "failed_normal_temporary_failure",
    "failed_to_send",
    "failed_unallocated_number",
    "failed_invalid_number_format",
    "failed_destination_not_supported",
    "failed_mimetype_not_supported",
    "failed_office_converter_issue",
    "failed_separate_file_pages_issue",
    "failed_render_header_issue",
    "failed_image_preparation",
    "failed_convert_to_tiff_issue",
    "failed_unknown_converter_issue",
    "failed_fs_49",
    "failed_fs_2",
)
"""The 24 of the vendor's page of fax statuses."""

UNKNOWN_EVENT: Final = "fax_simulated_unknown"
UNKNOWN_STATUS: Final = "simulated_unknown"
UNKNOWN_CAUSE: Final = "failed_simulated_unknown"

BECOME: Final = {
    "success": FaxStatus.DELIVERED,
    "partially_sent": FaxStatus.PARTIAL,
    "partially_received": FaxStatus.PARTIAL,
    "in_progress": FaxStatus.RECEIVING,
    "failed_user_busy": FaxStatus.BUSY,
    "failed_no_answer": FaxStatus.NO_ANSWER,
}
"""What the words become; all the others are failures."""

_RETRY: Final = timedelta(minutes=2)


def _once(event: str, word: str) -> Tell:
    def tell(stage: Stage) -> list[Prepared]:
        return [Session.on(stage, event, stage.now - CALL).tell(word, stage.now)]

    return tell


def _retried(stage: Stage) -> list[Prepared]:
    """A busy line, and two minutes later a second attempt with an id of its own."""
    first = stage.now - _RETRY
    session = Session.on(stage, SENT, first - CALL)
    second = object_id(stage, stage.now - CALL)
    return [
        session.tell("failed_user_busy", first),
        session.tell("success", stage.now, attempt=second),
    ]


def _word(word: str) -> Scenario:
    event = RECEIVED if word in OF_INBOUND else SENT
    about = f"{event} with the status {word}"
    return Scenario(word, about, _once(event, word), BECOME.get(word, FaxStatus.FAILED))


SCENARIOS: Final = (
    *(_word(word) for word in WORDS),
    Scenario(
        "retry-then-success",
        "fax_sent twice: the first attempt busy, the second a success",
        _retried,
        FaxStatus.DELIVERED,
    ),
    Scenario(
        "received",
        "fax_received with the status success",
        _once(RECEIVED, "success"),
        FaxStatus.RECEIVED,
    ),
    Scenario(
        "received-partially",
        "fax_received with the status partially_received",
        _once(RECEIVED, "partially_received"),
        FaxStatus.PARTIAL,
    ),
    Scenario(
        "unknown-event",
        "an event that nobody knows; the webhook is kept as unrecognized",
        _once(UNKNOWN_EVENT, "success"),
        None,
        unread=1,
    ),
    Scenario(
        "unknown-status",
        "fax_sent with a status that nobody knows; it is kept as unrecognized",
        _once(SENT, UNKNOWN_STATUS),
        None,
        unread=1,
    ),
    Scenario(
        "unknown-failure",
        "fax_sent with a failure whose cause nobody knows",
        _once(SENT, UNKNOWN_CAUSE),
        FaxStatus.FAILED,
    ),
)
