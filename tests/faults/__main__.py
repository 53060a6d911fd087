"""`make faults` runs every proof in full, `make faults-mutants` shows that each still bites.

One JSON line of figures for each run, with its seed; the exit status is 1 when a promise was
broken, or when a variant that is broken on purpose was not noticed. What this machine does not
allow has a line that says `not_run` and why, and counts neither way.
"""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from faxhooks.db import migrations
from tests.databases import Databases
from tests.doors import DOORS, SHIPPED
from tests.faults.proof import NotRunError, Proof, Trial
from tests.faults.proofs import list_proofs

SEED: Final = 20261120


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for. Raises nothing but what keeps a proof from being run at all."""
    asked = _parser().parse_args(arguments)
    # Told to stop, it tidies up as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="faxhooks_faults_"))
    databases = Databases(folder, migrations.upgrade)
    good = True
    try:
        for proof, kind, variant in _runs(asked):
            figures = _run(proof, kind, variant, asked, databases)
            if "not_run" not in figures:
                figures["good"] = figures["holds"] == (variant is None)
                good = good and figures["good"]
            sys.stdout.write(json.dumps(figures, ensure_ascii=False) + "\n")
            sys.stdout.flush()
    finally:
        databases.close()
    return 0 if good else 1


def _runs(asked: argparse.Namespace) -> Iterator[tuple[Proof, str, str | None]]:
    wanted = set(asked.proofs)
    for proof in list_proofs():
        if wanted and proof.id not in wanted:
            continue
        for kind in proof.databases:
            if asked.database not in (None, kind):
                continue
            for variant in proof.variants_on(kind) if asked.mutants else (None,):
                if asked.variant in (None, variant):
                    yield proof, kind, variant


def _run(
    proof: Proof, kind: str, variant: str | None, asked: argparse.Namespace, databases: Databases
) -> dict[str, Any]:
    size = proof.broken if asked.mutants else proof.full
    with tempfile.TemporaryDirectory(prefix=f"faxhooks_{proof.id}_") as folder:
        trial = Trial(
            kind, asked.n or size, asked.seed, Path(folder), databases, variant, asked.door
        )
        try:
            return proof.run(trial)
        except NotRunError as error:
            named = {"proof": proof.id, "database": kind, "variant": variant}
            return {**named, "not_run": str(error)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("proofs", nargs="*", help="their names, as R1; all of them when none is")
    parser.add_argument("--mutants", action="store_true", help="break the service on purpose")
    parser.add_argument("--variant", help="in this way only")
    parser.add_argument("--database", help="on this kind only: postgresql, sqlite or none")
    parser.add_argument("--door", choices=DOORS, default=SHIPPED, help=f"by this one ({SHIPPED})")
    parser.add_argument("--n", type=int, help="the size, instead of each proof's own")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the random numbers ({SEED})")
    return parser


if __name__ == "__main__":
    sys.exit(main())
