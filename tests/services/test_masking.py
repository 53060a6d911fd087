"""Numbers are masked wherever a fax shows them, and nothing else is."""

from faxhooks.services.masking import masked_fax, masked_number, masked_text


def test_the_ends_of_a_number_stay_and_of_a_short_one_nothing() -> None:
    assert masked_number("+13105550177") == "+13•••••77"
    assert masked_number("110") == "•••••"
    assert masked_number(masked_number("+13105550177")) == "+13•••••77"


def test_numbers_in_a_text_are_masked_however_they_are_set() -> None:
    for number in ("+13105550177", "310 555-0177", "(310) 555.0177", "0049/30/1234567"):
        masked = masked_text(f"CLINIC {number} ok")
        assert masked.startswith("CLINIC ")
        assert masked.endswith(" ok")
        assert "55501" not in masked
        assert "•••••" in masked
    assert masked_text("error 34004, page 12 of 99") == "error 34004, page 12 of 99"


def test_a_fax_keeps_what_is_no_number() -> None:
    shown = {
        "id": "01a1fb32-0c26-77da-abc4-351476fbdec2",
        "from": None,
        "to": "+13105550177",
        "remote_station_id": "+1 310 555 0177",
        "error": {"code": "34004", "message": "no answer from 13105550177"},
        "tags": {"customer": "4711"},
        "status": "failed",
    }
    masked = masked_fax(shown)
    assert "0177" not in str(masked)
    for name in ("id", "from", "tags", "status"):
        assert masked[name] == shown[name]
    assert masked["error"]["code"] == "34004"
