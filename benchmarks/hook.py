"""How fast callbacks are taken in, beside other receivers with the same duties.

`make bench`, or `python -m benchmarks.hook --help`. The service runs as the Procfile starts
it, in production mode, on databases that are made for the run; the others as their communities
would start them. All contenders get the same requests, in rounds that take turns, so that a
noisy machine is noisy for all of them. Nothing but 127.0.0.1 is used.
"""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks import databases, goals, growth, report, service
from benchmarks.contenders import Contender
from benchmarks.goals import Run
from benchmarks.peers import lineup
from benchmarks.places import NoRoomError
from benchmarks.rounds import Bench, Running
from benchmarks.traffic import write_traffic
from faxhooks.logs import configure

MOST_PER_SECOND: Final = 16_000
"""For so many requests a second there is something to send; what is faster is done early."""

_LEAST: Final = 200


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is measured, who cannot be and why, and the accounts that all of them know."""

    contenders: list[Contender]
    missing: dict[str, str]
    customers: dict[str, Any]


def measure(folder: Path, asked: argparse.Namespace) -> Run:
    """Everything from the databases to the figures; `folder` is for what goes again."""
    with ExitStack() as stack:
        make = stack.enter_context(databases.postgresql(folder))
        cast = _grown(make, folder, asked) if asked.faxes else _all(make, folder, asked)
        bench = Bench(folder, asked.connections, asked.seconds, asked.rounds)
        runners = [Running.of(each) for each in cast.contenders if asked.only in each.name]
        foretold = bench.foretell(len(runners))
        print(f"{len(runners)} contenders take turns, for about {foretold:.0f} s", flush=True)
        count = max(_LEAST, int(MOST_PER_SECOND * bench.shooting))
        traffic = write_traffic(bench.path, cast.customers, count)
        bench.run(runners)
        for running in runners:
            running.look_up(traffic)
    figures = {running.figure.name: running.figure for running in runners}
    return Run(figures, service.shipped(), cast.missing)


def _all(make: databases.Make, folder: Path, asked: argparse.Namespace) -> Cast:
    kept = service.Secrets()
    standing = service.stands(make, folder)
    customers = service.prepare(kept, [stand.database_url for stand in standing])
    shared = kept.shared(customers)
    limits = service.limits({**kept.environ(standing[0].database_url), **shared})
    peers, missing = lineup.contenders(lineup.named(asked.only), shared, make)
    return Cast([*service.contenders(kept, standing), *limits, *peers], missing, customers)


def _grown(make: databases.Make, folder: Path, asked: argparse.Namespace) -> Cast:
    kept = growth.secrets()
    standing = growth.stands(make, folder, asked.faxes)
    customers = service.prepare(kept, [stand.database_url for stand in standing])
    return Cast(service.contenders(kept, standing), {}, customers)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables and write the JSON; 1 when a figure is not valid."""
    asked = _parser().parse_args(arguments)
    configure("error")
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Beside the answer and not in a folder for temporary files, which may lie in memory.
        with tempfile.TemporaryDirectory(prefix="hook-", dir=asked.json.parent) as folder:
            run = measure(Path(folder).resolve(), asked)
    except NoRoomError as error:
        print(error, file=sys.stderr)
        return 2
    found = _found(run, asked)
    asked.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    _show(found, run, asked.json)
    return 0 if all(figure.is_valid for figure in run.figures.values()) else 1


def _found(run: Run, asked: argparse.Namespace) -> dict[str, Any]:
    figures = list(run.figures.values())
    return {
        "machine": report.machine(),
        "connections": asked.connections,
        "seconds": asked.seconds,
        "shipped": run.shipped_name,
        "contenders": {figure.name: figure.as_json() for figure in figures},
        "not_measured": dict(run.missing),
        "ratios": report.ratios(figures),
        "goals": [verdict.as_json() for verdict in goals.judge(run)],
    }


def _show(found: dict[str, Any], run: Run, path: Path) -> None:
    machine = found["machine"]
    versions = ", ".join(f"{name} {which}" for name, which in machine["versions"].items())
    print(f"\n{machine['processors']} processors, Python {machine['python']}, {versions}")
    print(f"{found['connections']} connections, rounds of {found['seconds']:g} s")
    print(f"As shipped is: {run.shipped_name}\n")
    print(report.table(list(run.figures.values())))
    for name, why in run.missing.items():
        print(f"{name}: NOT MEASURED, {why}")
    print(f"\n{goals.table(goals.judge(run))}")
    print(f"\nAll of it, with every ratio, is in {path}.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hook", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of a round (5)")
    parser.add_argument("--rounds", type=int, default=3, help="of each contender (3)")
    parser.add_argument("--connections", type=int, default=32, help="kept busy at once (32)")
    parser.add_argument("--only", default="", help="contenders with this in their name")
    parser.add_argument(
        "--faxes",
        type=lambda text: [int(part) for part in text.split(",")],
        help="measure the service alone, with so many faxes in its database: 10000,1000000",
    )
    parser.add_argument(
        "--json", type=Path, default=Path("var/bench/hook.json"), help="where the figures go"
    )
    return parser


if __name__ == "__main__":
    # Told to stop, it tidies up as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
