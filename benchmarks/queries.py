"""How long the API's queries, the dashboard's pages and an export take as the tables grow, and
how the database goes about them.

`make bench-queries`, or `python -m benchmarks.queries --help`. Databases of each size are
filled with made-up faxes, then asked the same questions in turns, so that a noisy machine is
noisy for all of them; they are dropped afterwards. Two figures of one run are to be compared,
not those of two machines.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from benchmarks import exports, pages, verdicts
from benchmarks.checking import check
from benchmarks.comparing import Ground, compare
from benchmarks.exemplars import PUBLIC_URL, SECRET_KEY, Exemplars, make_exemplars
from benchmarks.exports import Export
from benchmarks.filling import fill
from benchmarks.pages import Visit
from benchmarks.places import KINDS, NoRoomError, check_room, place
from benchmarks.questions import named
from benchmarks.report import machine
from benchmarks.verdicts import Answer
from faxhooks.app import create_app
from faxhooks.logs import configure
from faxhooks.settings import Settings

SEED: Final = 20261101
CHECKED: Final = 200

_OF_EACH: Final = 5


@dataclass(frozen=True, slots=True)
class Found:
    """All figures of a run."""

    answers: list[Answer] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """All of it, and where it was measured."""
        return {
            "machine": machine(),
            "seed": SEED,
            "answers": [answer.as_json() for answer in self.answers],
            "pages": [visit.as_json() for visit in self.visits],
            "exports": [export.as_json() for export in self.exports],
        }


def measure(folder: Path, asked: argparse.Namespace) -> Found:
    """Everything from the databases to the figures, one kind of database after the other."""
    exemplars = make_exemplars(folder, of_each=_OF_EACH, seed=SEED)
    found = Found()
    for kind in asked.databases:
        with _grounds(kind, folder, asked, exemplars) as grounds:
            for question in named(asked.only):
                figures = compare(question, grounds, runs=asked.runs, seconds=asked.seconds)
                found.answers.append(Answer(kind, question, figures))
                print(verdicts.progress(found.answers[-1]), flush=True)
            runs, seconds = max(1, asked.runs // 4), asked.seconds * 2
            shown = pages.named(asked.only) if asked.pages else ()
            for each in pages.visit(kind, shown, grounds, runs=runs, seconds=seconds):
                found.visits.append(each)
                print(pages.progress(each), flush=True)
            if asked.exports:
                found.exports.extend(exports.export(kind, grounds[-1], folder))
    return found


@contextmanager
def _grounds(
    kind: str, folder: Path, asked: argparse.Namespace, exemplars: Exemplars
) -> Iterator[list[Ground]]:
    """Filled databases of one kind, from the smallest to the largest."""
    with ExitStack() as stack:
        make = stack.enter_context(place(kind, folder, keep=asked.keep))
        grounds = []
        for faxes in sorted(asked.faxes):
            url = make(str(faxes))
            grounds.append(make_ground(url, exemplars, faxes))
            stack.callback(grounds[-1].database.engine.dispose)
            _say_filled(kind, grounds[-1], url if asked.keep else None)
        yield grounds


def make_ground(database_url: str, exemplars: Exemplars, faxes: int) -> Ground:
    """Filled, checked, and with the application on it as it answers in life."""
    filled = fill(database_url, exemplars, faxes, seed=SEED)
    settings = Settings(
        env="development",
        database_url=database_url,
        public_url=PUBLIC_URL,
        secret_keys=(SECRET_KEY,),
        port=8000,
        web_concurrency=1,
        log_level="error",
        metrics_token=None,
        api_rate_limit=None,
    )
    ground = Ground(filled, create_app(settings), exemplars.key)
    every = max(1, len(filled.samples) // CHECKED)
    check(ground.database, [UUID(sample.fax_id) for sample in filled.samples[::every]])
    return ground


def _say_filled(kind: str, ground: Ground, url: str | None) -> None:
    filled = ground.filled
    counts = f"{filled.faxes:,} faxes, {filled.events:,} events, {filled.callbacks:,} callbacks"
    where = "" if url is None else f", kept as {url}"
    print(f"{kind}: {counts} in {filled.seconds:.0f} s{where}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table and write the JSON; 1 when a question was not answered in time."""
    asked = _parser().parse_args(arguments)
    # Told to stop, it tidies up as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    configure("error")
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="queries-", dir=asked.json.parent)).resolve()
    try:
        print(check_room(folder, sum(asked.faxes)), flush=True)
        found = measure(folder, asked)
    except NoRoomError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        if not asked.keep:
            shutil.rmtree(folder)
    asked.json.write_text(json.dumps(found.as_json(), indent=2, ensure_ascii=False) + "\n")
    tables = (
        verdicts.table(found.answers),
        pages.table(found.visits),
        exports.table(found.exports),
    )
    print("", *tables, f"All of it is in {asked.json}.", sep="\n\n")
    return 1 if any(figure.failed for answer in found.answers for figure in answer.figures) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queries", description=__doc__)
    parser.add_argument(
        "--faxes", type=_sizes, default=[100_000, 1_000_000], help="sizes (100000,1000000)"
    )
    parser.add_argument(
        "--databases", type=_kinds, default=list(KINDS), help=f"of {','.join(KINDS)} (all)"
    )
    parser.add_argument("--runs", type=int, default=200, help="of each question (200)")
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="after which a question has enough runs (1)"
    )
    parser.add_argument("--only", default="", help="questions and pages with this in their name")
    parser.add_argument(
        "--pages", action=argparse.BooleanOptionalAction, default=True, help="the dashboard's too"
    )
    parser.add_argument(
        "--exports", action=argparse.BooleanOptionalAction, default=True, help="of all faxes too"
    )
    parser.add_argument("--keep", action="store_true", help="do not drop the databases")
    parser.add_argument(
        "--json", type=Path, default=Path("var/bench/queries.json"), help="where the figures go"
    )
    return parser


def _sizes(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _kinds(text: str) -> list[str]:
    kinds = text.split(",")
    if not set(kinds) <= set(KINDS):
        raise argparse.ArgumentTypeError(f"the databases are {','.join(KINDS)}")
    return kinds


if __name__ == "__main__":
    sys.exit(main())
