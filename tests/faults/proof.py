"""What a proof is: a promise, a fault, and figures that say whether the promise held."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.databases import Databases
from tests.doors import SHIPPED
from tests.faults import variants

POSTGRESQL = "postgresql"
SQLITE = "sqlite"
BOTH = (POSTGRESQL, SQLITE)
NEITHER = ("none",)
"""For a proof that needs no database, or makes its own."""


class NotRunError(Exception):
    """Raised by a proof that this machine does not allow; it says why. Nothing was proved."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a proof. `n` is the size, in what the proof counts; `variant` the name of the
    way in which the service is broken on purpose, or None; `door` that of the one it is asked by.
    """

    database: str
    n: int
    seed: int
    folder: Path
    databases: Databases
    variant: str | None = None
    door: str = SHIPPED

    def database_url(self) -> str:
        """A migrated, empty database of the trial's kind, for this trial alone."""
        if self.database == SQLITE:
            return self.databases.sqlite(self.folder / "faxhooks.db")
        return self.databases.postgresql()

    def random(self) -> random.Random:
        """The same numbers for the same seed."""
        return random.Random(self.seed)

    @contextmanager
    def broken(self) -> Iterator[None]:
        """The code in this process with the trial's variant, if it has one.

        A service under gunicorn is broken by `tests.faults.broken` instead.
        """
        with variants.applied(self.variant):
            yield


@dataclass(slots=True)
class Finding:
    """Figures for people, and the sentences that turned out to be untrue."""

    figures: dict[str, Any] = field(default_factory=dict)
    untrue: list[str] = field(default_factory=list)

    def expect(self, holds: bool, sentence: str) -> None:
        """Note the sentence, a rule with its figure, unless it holds."""
        if not holds:
            self.untrue.append(sentence)

    @property
    def holds(self) -> bool:
        """Whether all that was promised is so."""
        return not self.untrue


@dataclass(frozen=True, slots=True)
class Proof:
    """`prove` runs the fault and looks. It is bounded in time by itself, also when broken.

    `small`, `full` and `broken` are the sizes for `make test`, `make faults` and for showing
    that a variant is caught. `variants` are names of `tests.faults.variants`, every one of
    which must be caught, but for those that a kind of database cannot have: `unfit` are pairs
    of both.
    """

    id: str
    promise: str
    prove: Callable[[Trial], Finding]
    small: int
    full: int
    broken: int
    variants: tuple[str, ...]
    databases: tuple[str, ...] = BOTH
    unfit: frozenset[tuple[str, str]] = frozenset()

    def variants_on(self, database: str) -> tuple[str, ...]:
        """The variants that this kind of database can have."""
        return tuple(name for name in self.variants if (database, name) not in self.unfit)

    def run(self, trial: Trial) -> dict[str, Any]:
        """The figures of one run, as they are printed. Raises NotRunError."""
        began = time.monotonic()
        finding = self.prove(trial)
        return {
            "proof": self.id,
            "database": trial.database,
            "door": trial.door,
            "variant": trial.variant,
            "seed": trial.seed,
            "n": trial.n,
            "holds": finding.holds,
            **finding.figures,
            "untrue": finding.untrue,
            "seconds": round(time.monotonic() - began, 1),
        }
