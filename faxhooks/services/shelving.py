"""Where documents lie: in the database, or as files of a folder where the settings name one.

What was kept in one way is found in either. A file has its document's id as its name, which no
address shows: providers are given tokens, and the folder itself is never served nor listed.
"""

import os
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from faxhooks.db import documents
from faxhooks.db.engine import Database
from faxhooks.db.sendmodels import DocumentRow
from faxhooks.domain.errors import UnavailableError

_NAME: Final = re.compile(r"[0-9a-f]{32}")
_DRAFT: Final = "draft-"
_BATCH: Final = 500


class Shelf:
    """Keeps what documents hold. A row whose content is in a file has none itself."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def keep(self, session: Session, rows: Sequence[DocumentRow]) -> None:
        """Keep these. A file is on the disk before its row is committed; if that never happens,
        it is swept. Raises UnavailableError when the folder cannot be written to.
        """
        if self._folder is not None:
            for row in rows:
                _write(self._folder, row.id.hex, row.content)
                row.content = b""
        documents.add_documents(session, rows)

    def read(self, session: Session, ids: Collection[UUID]) -> Mapping[UUID, bytes]:
        """What is in these documents, as far as they are still kept."""
        found = documents.list_documents(session, ids).values()
        kept = {row.id: row.content or self._part(row.id, 0, row.size) for row in found}
        return {row.id: kept[row.id] for row in found if len(kept[row.id]) == row.size}

    def read_part(self, session: Session, document_id: UUID, start: int, length: int) -> bytes:
        """So many bytes of a document; fewer at its end."""
        part = documents.read_part(session, document_id, start, length)
        return part or self._part(document_id, start, length)

    def holds(self, session: Session, ids: Collection[UUID]) -> bool:
        """Whether all of these are still kept, and can be read from here."""
        inside = documents.list_places(session, ids)
        return len(inside) == len(ids) and all(
            here or self._has_file(each) for each, here in inside.items()
        )

    def sweep(self, database: Database, before: datetime) -> int:
        """Remove the files of that age which no document needs; how many."""
        if self._folder is None:
            return 0
        old = [path for path in _ours(self._folder) if _written_at(path) < before]
        ids = [UUID(hex=path.name) for path in old if _NAME.fullmatch(path.name)]
        needed = {each.hex for each in database.read(lambda s: _needed(s, ids))}
        unneeded = [path for path in old if path.name not in needed]
        for path in unneeded:
            path.unlink(missing_ok=True)
        return len(unneeded)

    def _has_file(self, document_id: UUID) -> bool:
        return self._folder is not None and (self._folder / document_id.hex).is_file()

    def _part(self, document_id: UUID, start: int, length: int) -> bytes:
        if self._folder is None:
            return b""
        try:
            with (self._folder / document_id.hex).open("rb") as file:
                file.seek(start)
                return file.read(length)
        except FileNotFoundError:
            return b""


def _needed(session: Session, ids: Sequence[UUID]) -> list[UUID]:
    starts = range(0, len(ids), _BATCH)
    return [
        each
        for start in starts
        for each in documents.list_places(session, ids[start : start + _BATCH])
    ]


def _write(folder: Path, name: str, content: bytes) -> None:
    """Whole or not at all, and on the disk: what was acknowledged is not lost with the power."""
    try:
        descriptor, draft = tempfile.mkstemp(prefix=_DRAFT, dir=folder)  # For its owner alone.
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(folder / name)
        directory = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise UnavailableError("the folder for documents cannot be written to") from error


def _ours(folder: Path) -> Iterator[Path]:
    """Documents, and drafts of which whoever wrote them has died; anything else is not ours."""
    for path in folder.iterdir():
        if _NAME.fullmatch(path.name) or path.name.startswith(_DRAFT):
            yield path


def _written_at(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:  # Another worker was quicker.
        return datetime.max.replace(tzinfo=UTC)
