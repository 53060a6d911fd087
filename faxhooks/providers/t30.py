"""T.30 completion codes and texts, which several providers pass on, and the reasons they mean.

Numbers and texts are those of spandsp (`t30_completion_code_to_str` in `t30_logging.c`), the
fax engine of FreeSWITCH. Providers publish no list of their own.
"""

import re
from collections.abc import Mapping
from typing import Final

_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


def plain(text: str) -> str:
    """The words of a text, for comparing: no case, no punctuation.

    SignalWire's page of fax errors writes DCM where spandsp writes DCN, so they are the same.
    """
    words = _NOT_PLAIN.sub(" ", text.casefold()).split()
    return " ".join("dcn" if word == "dcm" else word for word in words)


def find_by_prefix(text: str, reasons: Mapping[str, str]) -> str | None:
    """The value of the longest key, in plain words, with which a text begins."""
    words = plain(text).split()
    beginnings = (" ".join(words[:length]) for length in range(min(len(words), 16), 0, -1))
    return next((reasons[found] for found in beginnings if found in reasons), None)


def reason_for_code(code: int) -> str | None:
    """The reason behind a completion code; None for success and for what we do not know."""
    return _BY_CODE.get(code)


def reason_for_text(text: str) -> str | None:
    """The reason behind a completion text, whatever follows it; None for any other text."""
    return find_by_prefix(text, _BY_TEXT)


_ROWS: Final = """
     1 fax.not_detected      The CED tone exceeded 5s
     2 fax.not_detected      Timed out waiting for initial communication
     3 fax.not_detected      Timed out waiting for the first message
     4 tx.protocol           Timed out waiting for procedural interrupt
     5 tx.protocol           The HDLC carrier did not stop in a timely manner
     6 fax.training_failed   Failed to train with any of the compatible modems
     7 tx.protocol           Operator intervention failed
     8 fax.incompatible      Far end is not compatible
     9 fax.incompatible      Far end is not able to receive
    10 fax.incompatible      Far end is not able to transmit
    11 fax.incompatible      Far end cannot receive at the resolution of the image
    12 fax.incompatible      Far end cannot receive at the size of image
    13 tx.page_unconfirmed   Unexpected message received
    14 fax.training_failed   Received bad response to DCS or training
    15 tx.page_unconfirmed   Received a DCN from remote after sending a page
    16 tx.ecm_error          Invalid ECM response received from receiver
    17 tx.protocol           Received a DCN while waiting for a DIS
    18 tx.page_unconfirmed   Invalid response after sending a page
    19 fax.not_detected      Received other than DIS while waiting for DIS
    20 fax.training_failed   Received no response to DCS or TCF
    21 tx.page_unconfirmed   No response after sending a page
    22 tx.ecm_error          Timed out waiting for receiver ready (ECM mode)
    23 tx.ecm_error          Invalid ECM response received from transmitter
    24 rx.incomplete         DCS received while waiting for DTC
    25 tx.protocol           Unexpected command after page received
    26 rx.incomplete         Carrier lost during fax receive
    27 rx.incomplete         Timed out while waiting for EOL (end Of line)
    28 rx.incomplete         Timed out while waiting for first line
    29 rx.incomplete         Timer T2 expired while waiting for DCN
    30 rx.incomplete         Timer T2 expired while waiting for phase D
    31 rx.incomplete         Timer T2 expired while waiting for fax page
    32 rx.incomplete         Timer T2 expired while waiting for next fax page
    33 rx.incomplete         Timer T2 expired while waiting for RR command
    34 rx.incomplete         Timer T2 expired while waiting for NSS, DCS or MCF
    35 tx.protocol           Unexpected DCN while waiting for DCS or DIS
    36 rx.incomplete         Unexpected DCN while waiting for image data
    37 rx.incomplete         Unexpected DCN while waiting for EOM, EOP or MPS
    38 tx.page_unconfirmed   Unexpected DCN after EOM or MPS sequence
    39 rx.incomplete         Unexpected DCN after RR/RNR sequence
    40 rx.incomplete         Unexpected DCN after requested retransmission
    41 document.fetch        TIFF/F file cannot be opened
    42 document.convert      TIFF/F page not found
    43 document.convert      TIFF/F format is not compatible
    44 document.convert      TIFF/F page number tag missing
    45 document.convert      Incorrect values for TIFF/F tags
    46 document.convert      Bad TIFF/F header - incorrect values in fields
    47 document.convert      Cannot allocate memory for more pages
    48 tx.retries_exhausted  Disconnected after permitted retries
    49 line.dropped          The call dropped prematurely
    51 fax.ident_rejected    Ident not accepted
    52 fax.ident_rejected    Sub-address not accepted
    53 fax.ident_rejected    Selective polling address not accepted
    54 fax.ident_rejected    Polled sub-address not accepted
    55 fax.ident_rejected    Sender identification not accepted
    56 fax.ident_rejected    Password not accepted
    57 fax.ident_rejected    Transmitting subscriber internet address not accepted
    58 fax.ident_rejected    Internet routing address not accepted
    59 fax.ident_rejected    Calling subscriber internet address not accepted
    60 fax.ident_rejected    Internet selective polling address not accepted
    61 fax.ident_rejected    Called subscriber internet address not accepted
"""

# 0 is success, and 50 ("Poll not accepted") belongs to polling, which nobody here uses. Some
# codes of the receiving side (23, 25, 35, 38) tell an adapter of outbound faxes something too;
# for a received fax the adapter says `rx.incomplete` instead.
_TABLE: Final = [row.split(maxsplit=2) for row in _ROWS.strip().splitlines()]
_BY_CODE: Final = {int(code): reason for code, reason, _ in _TABLE}
_BY_TEXT: Final = {plain(text): reason for _, reason, text in _TABLE} | {
    # SignalWire's page of fax errors leaves the "or" out of 35.
    plain("Unexpected DCN while waiting for DCS DIS"): "tx.protocol",
}
