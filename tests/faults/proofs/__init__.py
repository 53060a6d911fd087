"""The proofs, a module each, found by their `PROOF`."""

import pkgutil
from importlib import import_module

from tests.faults.proof import Proof


def list_proofs() -> list[Proof]:
    """All of them, by their names."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    found = [import_module(f"{__name__}.{name}") for name in names if name[0] != "_"]
    return sorted((module.PROOF for module in found), key=_rank)


def _rank(proof: Proof) -> tuple[str, int]:
    return proof.id[0], int(proof.id[1:])
