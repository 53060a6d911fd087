"""Every proof in small, and that each names what it would catch."""

import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.databases import Databases
from tests.faults.proof import NotRunError, Proof, Trial
from tests.faults.proofs import list_proofs
from tests.faults.variants import VARIANTS

SEED = 20261120


def _cases() -> list[Any]:
    return [
        pytest.param(proof, kind, id=f"{proof.id}-{kind}")
        for proof in list_proofs()
        for kind in proof.databases
    ]


@pytest.mark.parametrize(("proof", "kind"), _cases())
def test_a_promise_is_kept(proof: Proof, kind: str, databases: Databases) -> None:
    # Not below pytest's own folder: every run of pytest closes that to other users, and where we
    # are root a server runs as one.
    with tempfile.TemporaryDirectory(prefix=f"faxhooks_{proof.id}_") as folder:
        try:
            figures = proof.run(Trial(kind, proof.small, SEED, Path(folder), databases))
        except NotRunError as error:
            pytest.skip(str(error))
    assert figures["holds"], figures


def test_every_proof_has_a_variant_to_catch_and_every_variant_a_proof() -> None:
    named = {name for proof in list_proofs() for name in proof.variants}
    assert named == set(VARIANTS)
    assert all(proof.variants for proof in list_proofs())
