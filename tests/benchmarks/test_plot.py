"""The picture of growth shows every figure that was measured, and no other."""

from xml.etree import ElementTree

from benchmarks.plot import draw, hook_lines, query_lines

HOOK = {
    "contenders": {
        "faxhooks by Flask": {"requests_per_second": 999.0},
        "faxhooks at 1,000,000 faxes": {"requests_per_second": 1600.0},
        "faxhooks at 10,000 faxes": {"requests_per_second": 2000.0},
    }
}
QUERIES = {
    "answers": [
        {
            "database": database,
            "question": "first <page>",
            "goal": "flat",
            "figures": [
                {"faxes": 10_000, "query_quiet_ms": 0.2},
                {"faxes": 1_000_000, "query_quiet_ms": 0.3},
            ],
        }
        for database in ("postgresql", "sqlite")
    ]
}
SVG = "{http://www.w3.org/2000/svg}"


def test_a_callback_has_its_price_at_each_size() -> None:
    (line,) = hook_lines(HOOK)
    assert line.points == [(10_000, 0.5), (1_000_000, 0.625)]


def test_every_line_is_drawn_and_named() -> None:
    picture = ElementTree.fromstring(
        draw([("hook", hook_lines(HOOK)), ("queries", query_lines(QUERIES, "sqlite"))])
    )
    drawn = {line[0].text: line.get("points") for line in picture.iter(f"{SVG}polyline")}
    assert list(drawn) == [
        "a callback, 32 connections: 0.50 ms at 10,000, 0.62 ms at 1,000,000",
        "first <page>: 0.20 ms at 10,000, 0.30 ms at 1,000,000",
    ]
    flat = [float(point.split(",")[1]) for point in drawn[next(iter(drawn))].split()]
    assert flat[0] > flat[1]  # Dearer is higher up.
