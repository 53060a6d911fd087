"""A delivery report as PDF, with its own fonts and nothing fetched."""

import unicodedata
from collections.abc import Container
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from faxhooks.services.reporting import Report, Rows

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.enums import WrapMode

_FONTS: Final = Path(__file__).with_name("fonts")
_FONT: Final = "DejaVu"
_LABEL_WIDTH: Final = 46
_LINE: Final = 4.6
_LONG_WORD: Final = 60
_GREY: Final = 110


def print_report(report: Report, now: datetime) -> bytes:
    """The report on A4 pages."""
    pdf = _new_document(report, now)
    drawn = _Drawn(pdf)
    drawn.title("Delivery report", report.sentence)
    drawn.section("The fax", report.facts)
    drawn.section("How this is known", report.evidence)
    for step in report.steps:
        drawn.section(f"Event {step.number}", step.rows, small=True)
    drawn.section("This report", report.made)
    drawn.paragraph(report.note)
    return bytes(pdf.output())


def legible(text: str, glyphs: Container[int]) -> str:
    """The text with whatever the font has not, or is written from right to left and would come
    out reversed, spelled by its numbers; so no character is lost, and none misleads.
    """
    return "".join(char if _is_printable(char, glyphs) else _spelled(char) for char in text)


def _is_printable(char: str, glyphs: Container[int]) -> bool:
    leftwards = unicodedata.bidirectional(char) in ("R", "AL", "AN")
    return char.isprintable() and ord(char) in glyphs and not leftwards


def _spelled(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


class _Drawn:
    """A document that is written from top to bottom; every text in it becomes legible first."""

    def __init__(self, pdf: "FPDF") -> None:
        self._pdf = pdf
        self._glyphs: Container[int] = pdf.fonts[_FONT.lower()].cmap  # type: ignore[union-attr]

    def title(self, title: str, sentence: str) -> None:
        """What it is, and what it comes to."""
        self._write(0, title, size=20, bold=True, line=10)
        self._pdf.ln(1)
        self._write(0, sentence, size=12, line=6)

    def section(self, title: str, rows: Rows, *, small: bool = False) -> None:
        """A heading and what stands below it."""
        pdf, size = self._pdf, 8 if small else 9
        if pdf.will_page_break(5 * _LINE):
            pdf.add_page()
        pdf.ln(4)
        pdf.set_draw_color(200)
        pdf.line(pdf.l_margin, pdf.y, pdf.w - pdf.r_margin, pdf.y)
        pdf.ln(2)
        self._write(0, title, size=size + 1.5, bold=True, line=6)
        for label, value in rows:
            top = pdf.y
            if pdf.will_page_break(_LINE):
                pdf.add_page()
                top = pdf.y
            self._write(_LABEL_WIDTH, label, size=size, grey=True)
            pdf.set_xy(pdf.l_margin + _LABEL_WIDTH, top)
            self._write(0, value, size=size)

    def paragraph(self, text: str) -> None:
        """Plain text."""
        self._pdf.ln(2)
        self._write(0, text, size=8.5, grey=True)

    def _write(  # noqa: PLR0913 (what, and how it looks)
        self,
        width: float,
        text: str,
        *,
        size: float,
        bold: bool = False,
        grey: bool = False,
        line: float = _LINE,
    ) -> None:
        pdf = self._pdf
        pdf.set_font(_FONT, style="B" if bold else "", size=size)
        pdf.set_text_color(_GREY if grey else 0)
        pdf.multi_cell(
            width,
            line,
            legible(text, self._glyphs),
            align="L",
            wrapmode=_wrap(text),
            new_x="LMARGIN",
            new_y="NEXT",
        )


def _wrap(text: str) -> "WrapMode":
    """Between words, unless one of them may be longer than the line."""
    from fpdf.enums import WrapMode  # noqa: PLC0415 (for the reason given below)

    short = all(len(word) < _LONG_WORD for word in text.split())
    return WrapMode.WORD if short else WrapMode.CHAR


def _new_document(report: Report, now: datetime) -> "FPDF":
    """An empty document with the report's name at the foot of each page."""
    # A library of 38 MB, which a process that prints nothing need not hold.
    from fpdf import FPDF  # noqa: PLC0415

    class Paper(FPDF):
        """A4 with numbered pages."""

        def footer(self) -> None:
            self.set_y(-14)
            self.set_font(_FONT, size=7.5)
            self.set_text_color(_GREY)
            text = f"Fax {report.fax_id}, page {self.page_no()} of {{nb}}"
            self.cell(0, 5, text, align="C")

    pdf = Paper(format="A4")
    pdf.set_margins(18, 16)
    pdf.set_auto_page_break(True, margin=18)
    pdf.add_font(_FONT, fname=_FONTS / "DejaVuSans.ttf")
    pdf.add_font(_FONT, style="B", fname=_FONTS / "DejaVuSans-Bold.ttf")
    pdf.set_title(f"Delivery report of fax {report.fax_id}")
    pdf.set_creator("faxhooks")
    pdf.set_creation_date(now)
    pdf.set_lang("en")
    pdf.add_page()
    return pdf
