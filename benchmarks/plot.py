"""How prices grow, drawn: what a callback and each query cost at every size of the tables.

`python -m benchmarks.plot` reads what `make bench-growth` has measured and writes one SVG, in
which a flat line is what one wants to see. Both axes are logarithmic.
"""

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

_WIDTH: Final = 300
_HEIGHT: Final = 260
_GAP: Final = 70
_TOP: Final = 60
_COLOURS: Final = {
    "callback": "#0b6e4f",
    "page": "#2f5d8a",
    "flat": "#2f5d8a",
    "year": "#b4451f",
    "counting": "#8a8a8a",
}
"""By what is asked of it; what is counted fax by fax may grow, and is grey."""
_STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#555}.h{font-weight:600;font-size:13px}"
    "line{stroke:#8885}polyline{fill:none;stroke-width:1.6;stroke-opacity:.75}"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was measured: milliseconds by the number of faxes."""

    name: str
    kind: str
    points: Sequence[tuple[int, float]]


def hook_lines(measured: Mapping[str, Any]) -> list[Line]:
    """The price of a callback, which is the inverse of the rate; the empty database is left
    out, since it has no place on a logarithmic axis.
    """
    points = []
    for name, figure in measured["contenders"].items():
        _, at, faxes = name.partition(" at ")
        if at:
            size = int(faxes.split()[0].replace(",", ""))
            points.append((size, 1000 / figure["requests_per_second"]))
    return [Line("a callback, 32 connections", "callback", sorted(points))]


def query_lines(measured: Mapping[str, Any], database: str) -> list[Line]:
    """The time of each query, undisturbed."""
    return [
        Line(
            answer["question"],
            answer["goal"],
            [(each["faxes"], each["query_quiet_ms"]) for each in answer["figures"]],
        )
        for answer in measured["answers"]
        if answer["database"] == database
    ]


def draw(panels: Sequence[tuple[str, Sequence[Line]]]) -> str:
    """One picture of several panels side by side, each with its own scale of milliseconds."""
    width = len(panels) * (_WIDTH + _GAP) + _GAP
    height = _TOP + _HEIGHT + 60
    drawn = [
        _panel(title, lines, _GAP + number * (_WIDTH + _GAP))
        for number, (title, lines) in enumerate(panels)
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        f"<title>What a callback and each query cost as the tables grow</title>"
        f'<style>{_STYLE}</style><rect width="{width}" height="{height}" fill="#fff"/>'
    )
    return head + "".join(drawn) + "</svg>\n"


def _panel(title: str, lines: Sequence[Line], left: float) -> str:
    sizes = sorted({faxes for line in lines for faxes, _ in line.points})
    times = [time for line in lines for _, time in line.points]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))
    high = max(high, low + 1)
    spread = max(math.log10(sizes[-1] / sizes[0]), 1e-9)

    def x(faxes: int) -> float:
        return left + _WIDTH * math.log10(faxes / sizes[0]) / spread

    def y(time: float) -> float:
        return _TOP + _HEIGHT * (1 - (math.log10(time) - low) / (high - low))

    parts = [f'<text class="h" x="{left}" y="{_TOP - 24}">{escape(title)}</text>']
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<line x1="{left}" x2="{left + _WIDTH}" y1="{at:.1f}" y2="{at:.1f}"/>')
        label = f"{10.0**power:g} ms"
        parts.append(f'<text x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
    for faxes in sizes:
        below = _TOP + _HEIGHT + 20
        parts.append(f'<text x="{x(faxes):.1f}" y="{below}" text-anchor="middle">{faxes:,}</text>')
    parts += [_polyline(line, [(x(n), y(time)) for n, time in line.points]) for line in lines]
    middle, bottom = left + _WIDTH / 2, _TOP + _HEIGHT + 42
    return "".join([*parts, f'<text x="{middle}" y="{bottom}" text-anchor="middle">faxes</text>'])


def _polyline(line: Line, places: Sequence[tuple[float, float]]) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    told = ", ".join(f"{time:.2f} ms at {faxes:,}" for faxes, time in line.points)
    title = f"<title>{escape(line.name)}: {told}</title>"
    colour = _COLOURS.get(line.kind, _COLOURS["page"])
    return f'<polyline points="{points}" stroke="{colour}">{title}</polyline>'


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plot", description=__doc__)
    parser.add_argument("--hook", type=Path, default=Path("var/bench/growth.json"))
    parser.add_argument("--queries", type=Path, default=Path("var/bench/growth-queries.json"))
    parser.add_argument("--svg", type=Path, default=Path("docs/growth.svg"))
    asked = parser.parse_args(arguments)
    queries = json.loads(asked.queries.read_text())
    panels = [("A callback, PostgreSQL", hook_lines(json.loads(asked.hook.read_text())))]
    for database, name in (("postgresql", "PostgreSQL"), ("sqlite", "SQLite")):
        if lines := query_lines(queries, database):
            panels.append((f"Queries, {name}", lines))
    asked.svg.write_text(draw(panels))
    print(f"Drawn in {asked.svg}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
