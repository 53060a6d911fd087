"""Flask and SQLAlchemy's ORM, as one would write it in an afternoon."""

import os
from datetime import datetime

from flask import Flask, Response, request
from sqlalchemy import FetchedValue, ForeignKey, create_engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from benchmarks.peers.reading import Said, read


class Base(DeclarativeBase):
    """What the tables share; `statements/schema.sql` creates them."""


class Callback(Base):
    """A callback as it came."""

    __tablename__ = "callbacks"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    provider: Mapped[str]
    body: Mapped[bytes]
    seen: Mapped[int] = mapped_column(default=1)


class Fax(Base):
    """Where a fax stands."""

    __tablename__ = "faxes"

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str]
    reference: Mapped[str]
    status: Mapped[str]
    rank: Mapped[int]
    pages: Mapped[int | None]
    sender: Mapped[str | None]
    recipient: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=FetchedValue(), onupdate=func.now())


class Event(Base):
    """What one callback said about a fax."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    fax_id: Mapped[int] = mapped_column(ForeignKey("faxes.id"))
    callback_id: Mapped[int] = mapped_column(ForeignKey("callbacks.id"))
    status: Mapped[str]


app = Flask(__name__)
sessions = sessionmaker(create_engine(os.environ["DATABASE_URL"]))


@app.post("/hooks/<provider>/<token>")
def take(provider: str, token: str) -> Response:
    """Answer when it is committed."""
    signature = request.headers.get("X-SignalWire-Signature", "")
    said = read(provider, token, signature, request.get_data())
    if said is None:
        return Response(status=403)
    try:
        keep(said)
    except IntegrityError:  # Another request was first with this callback or fax.
        keep(said)
    return Response("<Response/>", content_type="application/xml")


def keep(said: Said) -> None:
    """Look, then insert."""
    with sessions.begin() as session:
        found = session.scalar(select(Callback).where(Callback.digest == said.digest))
        if found is not None:
            found.seen = Callback.seen + 1
            return
        callback = Callback(digest=said.digest, provider=said.provider, body=said.body)
        fax = apply(session, said)
        session.add_all([callback, fax])
        session.flush()
        session.add(Event(fax_id=fax.id, callback_id=callback.id, status=said.status))


def apply(session: Session, said: Said) -> Fax:
    """The fax with what was said; a lower rank does not take its status back."""
    about = {Fax.provider: said.provider, Fax.reference: said.reference}
    query = select(Fax).where(*(column == value for column, value in about.items()))
    fax = session.scalar(query.with_for_update())
    if fax is None:
        return Fax(**{name: getattr(said, name) for name in FAX})
    if said.rank >= fax.rank:
        fax.status, fax.rank = said.status, said.rank
    fax.pages = fax.pages if said.pages is None else said.pages
    return fax


FAX = ("provider", "reference", "status", "rank", "pages", "sender", "recipient")
