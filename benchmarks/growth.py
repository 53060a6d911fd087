"""The service on databases that have grown: does a callback keep its price?"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.databases import Make
from benchmarks.exemplars import SECRET_KEY, make_exemplars
from benchmarks.filling import fill
from benchmarks.places import check_room
from benchmarks.service import Secrets, Stand, shipped

_OF_EACH: Final = 5
_SEED: Final = 20261101


def name_of(faxes: int) -> str:
    """What the service is called in a database with so many faxes."""
    return f"faxhooks at {faxes:,} faxes"


def secrets() -> Secrets:
    """Those of the accounts that a filled database comes with are encrypted with this key."""
    return Secrets(secret_key=SECRET_KEY)


def stands(make: Make, folder: Path, sizes: Sequence[int]) -> list[Stand]:
    """The service as shipped on an empty PostgreSQL database, and on one of each size.

    Raises NoRoomError when the disk is too small.
    """
    print(check_room(folder, sum(sizes)), flush=True)
    exemplars = make_exemplars(folder, of_each=_OF_EACH, seed=_SEED)
    made = [Stand(shipped(), shipped(), make())]
    for faxes in sorted(sizes):
        made.append(Stand(name_of(faxes), shipped(), make()))
        filled = fill(made[-1].database_url, exemplars, faxes, seed=_SEED, logged=True)
        print(f"{faxes:,} faxes with {filled.events:,} events in {filled.seconds:.0f} s")
    return made
