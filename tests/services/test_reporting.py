"""The delivery report: what it claims, what that rests on, and that paper says the same."""

import io
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

import pytest
from pypdf import PdfReader

from faxhooks.services.printing import legible, print_report
from faxhooks.services.reporting import Maker, Report, fingerprint, make_report
from tests.story import Service, make_service

NOW: Final = datetime(2026, 11, 20, 14, 2, 7, tzinfo=UTC)
MAKER: Final = Maker("user:1 ada", "9.9.9", "https://fax.example.com")
STRANGE: Final = "Ärzte 漢字 שלום \u202e🖨️ <b>&amp; \\( ) %PDF"


@pytest.fixture
def service(sqlite_url: str) -> Service:
    made = make_service(sqlite_url)
    words = {"To": "+13105550177", "From": "+12125550100", "RemoteStationId": STRANGE}
    made.hook.signalwire(FaxSid="f1", FaxStatus="sending", **words)
    made.hook.signalwire(FaxSid="f1", FaxStatus="busy", ErrorMessage=STRANGE, **words)
    return made


def report_of(service: Service, *, masked: bool = False) -> Report:
    fax_id = UUID(service.api.fax("f1")["id"])
    return service.parts.database.read(
        lambda session: make_report(session, fax_id, MAKER, NOW, accounts=None, masked=masked)
    )


def test_a_report_states_the_evidence_its_digests_and_who_made_it(service: Service) -> None:
    report, history = report_of(service), service.api.history("f1")
    facts, evidence, made = dict(report.facts), dict(report.evidence), dict(report.made)
    assert report.sentence.startswith("Busy at ")
    assert (facts["From"], facts["To"]) == ("+12125550100", "+13105550177")
    assert facts["Our id"] == service.api.fax("f1")["id"]
    assert evidence["The status is"].startswith("Signed by the provider")
    assert evidence["Events"] == "2"
    digests = [entry["digest"] for entry in history]
    assert evidence["SHA-256 of all events"] == fingerprint(digests)
    for step, entry in zip(report.steps, history, strict=True):
        rows = dict(step.rows)
        assert step.number == entry["seq"]
        assert rows["SHA-256 of what it states"] == entry["digest"]
        assert rows["Callback"] == entry["callback_id"]
        assert rows["Proof"].startswith("Signed by the provider")
    assert made["Made at"] == "2026-11-20 14:02:07 UTC"
    assert made["Made by"] == "user:1 ada"
    assert "9.9.9" in made["Made with"]


def test_the_digest_of_a_body_is_that_of_the_bytes_that_came(service: Service) -> None:
    body = b'{"hook":{"id":"f9","event":"fax_sent"},"data":{"id":"f9","status":"success"}}'
    assert service.hook.faxplus_raw(body).status_code == 200
    fax_id = UUID(service.api.fax("f9")["id"])
    report = service.parts.database.read(
        lambda session: make_report(session, fax_id, MAKER, NOW, accounts=None, masked=False)
    )
    (step,) = report.steps
    assert dict(step.rows)["SHA-256 of its body"] == sha256(body).hexdigest()


def test_a_fingerprint_knows_the_events_and_their_order() -> None:
    one, other = sha256(b"1").hexdigest(), sha256(b"2").hexdigest()
    assert fingerprint([one, other]) == sha256(bytes.fromhex(one + other)).hexdigest()
    assert len({fingerprint([one, other]), fingerprint([other, one]), fingerprint([one])}) == 3


def test_a_masked_report_says_so_and_holds_no_number(service: Service) -> None:
    report = report_of(service, masked=True)
    assert "0177" not in str(report)
    assert report.note.endswith("Numbers are masked.")


def test_the_pdf_says_what_the_report_says(service: Service) -> None:
    report = report_of(service)
    paper = print_report(report, NOW)
    assert paper.startswith(b"%PDF-")
    said = printed(paper)
    digest = dict(report.steps[1].rows)["SHA-256 of what it states"]
    for text in ("Delivery report", "Busy at ", "+13105550177", digest, "user:1 ada", "page 1"):
        assert "".join(text.split()) in said, text
    assert "Ärzte\\u6f22\\u5b57" in said
    for forbidden in (b"/JavaScript", b"/JS", b"/Launch", b"/URI"):
        assert forbidden not in paper


def test_what_the_font_has_not_is_spelled_and_nothing_turns_around() -> None:
    glyphs = set(range(0x20, 0x250)) | {0x5E9, 0x202E, 0x2013}
    assert legible("Ü ok", glyphs) == "Ü ok"
    assert legible("漢\u202eש\n🖨", glyphs) == "\\u6f22\\u202e\\u05e9\\u000a\\U0001f5a8"


def test_the_same_report_is_the_same_paper(service: Service) -> None:
    report = report_of(service)
    assert print_report(report, NOW) == print_report(report, NOW)


def printed(paper: bytes) -> str:
    """What is written on a PDF, without blanks."""
    pages = PdfReader(io.BytesIO(paper)).pages
    return "".join("".join(page.extract_text().split()) for page in pages)
