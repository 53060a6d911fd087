"""Every proof in small, and that each names what it would catch."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.databases import Databases
from tests.doors import DOORS, SHIPPED
from tests.faults.proof import SQLITE, NotRunError, Proof, Trial
from tests.faults.proofs import list_proofs
from tests.faults.variants import VARIANTS

SEED = 20261120


BY_BOTH_DOORS = {"C3": SQLITE, "S1": SQLITE, "S4": SQLITE}
"""Proofs that the door which is not shipped has to keep in small too, and on which database."""


def _cases() -> list[Any]:
    (other,) = set(DOORS) - {SHIPPED}
    shipped = [(proof, kind, SHIPPED) for proof in list_proofs() for kind in proof.databases]
    others = [
        (proof, BY_BOTH_DOORS[proof.id], other)
        for proof in list_proofs()
        if proof.id in BY_BOTH_DOORS
    ]
    return [
        pytest.param(*case, id=f"{case[0].id}-{case[1]}-{case[2]}") for case in [*shipped, *others]
    ]


@pytest.mark.parametrize(("proof", "kind", "door"), _cases())
def test_a_promise_is_kept(proof: Proof, kind: str, door: str, databases: Databases) -> None:
    # Not below pytest's own folder: every run of pytest closes that to other users, and where we
    # are root a server runs as one.
    with tempfile.TemporaryDirectory(prefix=f"faxhooks_{proof.id}_") as folder:
        try:
            figures = proof.run(Trial(kind, proof.small, SEED, Path(folder), databases, None, door))
        except NotRunError as error:
            pytest.skip(str(error))
    assert figures["holds"], json.dumps(figures)


def test_every_proof_has_a_variant_to_catch_and_every_variant_a_proof() -> None:
    named = {name for proof in list_proofs() for name in proof.variants}
    assert named == set(VARIANTS)
    assert all(proof.variants for proof in list_proofs())
