"""Documents are fetched by providers: at an address nobody can guess, for a while."""

import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer

from faxhooks.db.engine import Database
from faxhooks.db.sendmodels import DocumentLinkRow, DocumentRow
from faxhooks.domain.errors import UnavailableError
from faxhooks.providers.sending import PDF, Document
from faxhooks.services.lending import LENT, lend
from faxhooks.services.shelving import Shelf
from faxhooks.services.storing import tidy
from tests.asked import World, world
from tests.fakes import TO
from tests.ordered import FAX, dispatch, order, shown, state, taken
from tests.story import PUBLIC_URL


@pytest.fixture(params=["database", "folder"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    """Where documents lie, beside the database; None where they lie in it."""
    if request.param == "database":
        return None
    found = tmp_path / "media"
    found.mkdir()
    return found


@pytest.fixture
def there(database_url: str, folder: Path | None) -> Iterator[World]:
    with world(database_url, media_folder=folder) as made:
        yield made


@pytest.fixture
def path(there: World) -> str:
    """Where SignalWire was told to fetch a document."""
    order(there, "signalwire")
    dispatch(there)
    fake: Any = there.fakes["signalwire"]
    (sent,) = fake.faxes.values()
    url: str = sent.fields["MediaUrl"]
    assert url.startswith(f"{PUBLIC_URL}/media/")
    return url.removeprefix(PUBLIC_URL)


def fetches(there: World) -> int:
    return there.parts.database.read(lambda s: s.scalars(select(DocumentLinkRow.fetches)).one())


def test_it_is_given_whole_and_counted(there: World, path: str) -> None:
    answer = there.service.app.test_client().get(path)
    assert (answer.status_code, answer.data) == (200, FAX)
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Length"] == str(len(FAX))
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''a.pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer.headers["Cache-Control"]
    assert fetches(there) == 1


def test_how_often_it_was_fetched_is_shown_with_its_fax(there: World, path: str) -> None:
    """So that who looks for why a provider has no document knows whether it ever came for it."""
    (fax,) = there.service.api.faxes()
    url = f"/faxes/{fax['id']}"
    first = there.service.api.get(url)
    unfetched = {"name": "a.pdf", "media_type": "application/pdf", "fetches": 0}
    assert first.json["documents"] == [{**unfetched, "last_fetched_at": None}]
    for _ in range(2):
        there.service.app.test_client().get(path)
    second = there.service.api.get(url)
    assert second.headers["ETag"] != first.headers["ETag"]
    (told,) = second.json["documents"]
    assert told["fetches"] == 2
    assert told["last_fetched_at"] >= fax["created_at"]


def test_what_lies_elsewhere_is_not_counted(there: World) -> None:
    document = Document(name="b.pdf", media_type=PDF, url="https://example.com/b.pdf")
    (fax_id,) = order(there, "signalwire", documents=(document,))
    (told,) = shown(there, fax_id)["documents"]
    assert (told["name"], told["fetches"], told["last_fetched_at"]) == ("b.pdf", None, None)


def test_its_head_is_told_and_not_counted(there: World, path: str) -> None:
    answer = there.service.app.test_client().head(path)
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(FAX))
    assert fetches(there) == 0


PARTS = (
    ("bytes=0-3", 206, FAX[:4]),
    ("bytes=5-", 206, FAX[5:]),
    ("bytes=-3", 206, FAX[-3:]),
    ("bytes=0-9999", 200, FAX),
    ("bytes=9999-", 416, b""),
    ("bytes=0-1,3-4", 200, FAX),
    ("pages=1-2", 200, FAX),
)


def test_a_part_of_it_may_be_asked_for(there: World, path: str) -> None:
    web = there.service.app.test_client()
    for asked, status, given in PARTS:
        answer = web.get(path, headers={"Range": asked})
        assert (answer.status_code, answer.data) == (status, given), asked
        if status == 206:
            first, _, last = answer.headers["Content-Range"][6:].partition("/")[0].partition("-")
            assert FAX[int(first) : int(last) + 1] == given


def test_there_is_nothing_without_the_token(there: World, path: str) -> None:
    web = there.service.app.test_client()
    for wrong in ("/media/", "/media", f"{path}x", path[:-1], "/media/..%2f"):
        assert web.get(wrong).status_code == 404
    stored = there.parts.database.read(
        lambda s: s.scalars(select(DocumentLinkRow.token_hash)).one()
    )
    assert path.rpartition("/")[2].encode() not in stored


def test_a_link_expires(there: World) -> None:
    order(there, "signalwire")
    then = datetime.now(UTC) - LENT - timedelta(seconds=1)
    document: UUID = there.parts.database.read(lambda s: s.scalars(select(DocumentRow.id)).one())
    token = there.parts.database.write(lambda s: lend(s, document, then))
    assert there.service.app.test_client().get(f"/media/{token}").status_code == 404


def test_documents_are_removed_once_their_faxes_have_ended(
    there: World, folder: Path | None
) -> None:
    """One by one, since those of a batch have their documents in common."""
    fax_ids = order(there, "faxplus", TO, "+13105550102")
    keep = timedelta(days=1)

    def left() -> int:
        rows = there.parts.database.read(lambda s: s.scalars(select(DocumentRow)).all())
        if folder is not None:
            assert {path.name for path in folder.iterdir()} == {row.id.hex for row in rows}
        return len(rows)

    there.put_on(days=2)
    tidy(there.parts.database, there.parts.shelf, keep, there.time.now())
    assert left() == 1
    dispatch(there)
    assert [state(there, each) for each in fax_ids] == ["sent", "sent"]
    there.put_on(hours=1)
    there.settle()
    there.sweep()
    there.put_on(days=2)
    tidy(there.parts.database, there.parts.shelf, keep, there.time.now())
    assert left() == 0


def test_what_lies_in_the_folder_is_not_in_the_database(sqlite_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    with world(sqlite_url, media_folder=folder) as made:
        order(made, "faxplus")
        row = made.parts.database.read(
            lambda s: s.scalars(select(DocumentRow).options(undefer(DocumentRow.content))).one()
        )
        (file,) = folder.iterdir()
        assert (row.content, row.size, file.name) == (b"", len(FAX), row.id.hex)
        assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (FAX, 0o600)
        dispatch(made)
        assert len(taken(made, "faxplus")) == 1
        token = made.parts.database.write(lambda s: lend(s, row.id, datetime.now(UTC)))
        web = made.service.app.test_client()
        assert web.get(f"/media/{token}").data == FAX
        file.unlink()  # As for a process that does not share the folder.
        assert web.get(f"/media/{token}").status_code == 404
        folder.rmdir()
        with pytest.raises(UnavailableError):
            order(made, "faxplus")
        assert len(made.service.api.faxes()) == 1


def test_a_file_that_no_document_needs_is_swept_once_it_is_old(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Left by who died before the commit; anything else in the folder is not ours."""
    folder = tmp_path / "media"
    folder.mkdir()
    left, draft, other = folder / uuid4().hex, folder / "draft-x", folder / "README"
    for each in (left, draft, other):
        each.touch()
    database, shelf, now = Database(sqlite_url), Shelf(folder), datetime.now(UTC)
    tidy(database, shelf, timedelta(days=1), now)
    assert set(folder.iterdir()) == {left, draft, other}
    tidy(database, shelf, timedelta(days=1), now + timedelta(hours=2))
    assert set(folder.iterdir()) == {other}
    database.engine.dispose()
