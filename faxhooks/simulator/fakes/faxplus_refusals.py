"""What the fake Fax.Plus refuses, and in which words.

Documented are `too_many_files`, `too_many_destinations`, that a comment must be an object, and
the envelope (the vendor's package); the other codes are inferred.
"""

from collections.abc import Mapping, Set
from typing import Any, Final

from faxhooks.simulator.fakes.serving import Told

MOST_FILES: Final = 10
MOST_DESTINATIONS: Final = 4000
MISSING: Final = "missing_parameter"
WRONG: Final = "invalid_parameter"


def refused(status: int, code: str, description: str) -> Told:
    """An error in the vendor's envelope."""
    return Told.json({"error": code, "description": description}, status)


def fault_of(body: Mapping[str, Any], uploaded: Set[str]) -> Told | None:
    """What is wrong with a request to send, if anything is."""
    files, to = body.get("files", []), body.get("to")
    if not isinstance(files, list) or not isinstance(to, list):
        return refused(400, WRONG, "files and to are lists")
    named = {each for each in files if isinstance(each, str)}
    checks = (
        (isinstance(body.get("from"), str), MISSING, "from"),
        (bool(to) and all(isinstance(each, str) for each in to), MISSING, "to"),
        (len(to) <= MOST_DESTINATIONS, "too_many_destinations", "to"),
        (bool(files or body.get("from_fax")), MISSING, "files"),
        (len(files) <= MOST_FILES, "too_many_files", "files"),
        (named <= uploaded, WRONG, "files"),
        (isinstance(body.get("comment", {}), dict), WRONG, "comment"),
    )
    wrong = next(((code, name) for good, code, name in checks if not good), None)
    return refused(400, wrong[0], f"{wrong[1]} is missing or wrong") if wrong else None
