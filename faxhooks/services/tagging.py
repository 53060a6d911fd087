"""Tags: whatever a user wants to remember about a fax, and find it by.

They are no events: a fax's history and `updated_at` do not change with them.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db.engine import BeginAgainError
from faxhooks.db.faxes import get_fax
from faxhooks.db.faxlists import describe_fax
from faxhooks.db.tags import lock_tagged, set_tags
from faxhooks.domain.errors import ChangedError, InvalidBodyError
from faxhooks.services.auditing import Action, note
from faxhooks.services.shapes import fax_json, fax_version

MOST_TAGS: Final = 32
MAX_VALUE: Final = 256
TAG_NAME: Final = re.compile(r"[a-z0-9_.-]{1,64}")
_REFUSED: Final = {"Cc", "Cs"}


def fault_of_tag(name: str, value: Any) -> str | None:
    """What is wrong with a tag, if anything; None as a value removes it."""
    if not TAG_NAME.fullmatch(name):
        return "A tag's name has 1 to 64 of a-z, 0-9, `_`, `.` and `-`."
    if value is None:
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_VALUE:
        return f"A tag's value is a text of 1 to {MAX_VALUE} characters, or null."
    if any(unicodedata.category(char) in _REFUSED for char in value):
        return "A tag's value has no control characters."
    return None


def retag(  # noqa: PLR0913 (which fax and tags, who asked, what they see and have seen)
    session: Session,
    fax_id: UUID,
    changes: Mapping[str, str | None],
    *,
    actor: str,
    accounts: Collection[UUID] | None,
    versions: Collection[str] | None = None,
) -> tuple[dict[str, Any], str]:
    """Set these tags, and remove those that are None; the fax as shown, and its version.

    What changes is audited as the doing of `actor`, with the tags' names and never their values.
    Raises NotFoundError; ChangedError when `versions` are given and the fax's is none of
    them; InvalidBodyError when it would come to have more than MOST_TAGS.
    """
    found = get_fax(session, fax_id, accounts=accounts)
    fax = lock_tagged(session, found.id)
    if fax is None or fax.merged_into is not None:
        raise BeginAgainError("the fax was merged away before it was locked")
    # What stands behind a dot is a version of asking, which changes nothing of the fax.
    seen = versions and {(version or "").partition(".")[0] for version in versions}
    if seen is not None and fax_version(fax_json(describe_fax(session, fax))) not in seen:
        raise ChangedError("the fax has changed since; read it again")
    tags = {**fax.tags, **changes}
    left = {name: value for name, value in tags.items() if value is not None}
    if len(left) > max(MOST_TAGS, len(fax.tags)):
        raise InvalidBodyError("/tags", f"a fax has at most {MOST_TAGS} tags; remove some first")
    if left != fax.tags:
        changed = sorted(name for name in tags if tags[name] != fax.tags.get(name))
        set_tags(session, fax, left)
        session.flush()
        note(session, actor, Action.FAX_TAGGED, f"fax:{fax.id}", tags=changed)
    shown = fax_json(describe_fax(session, fax))
    return shown, fax_version(shown)
