"""`INSERT … ON CONFLICT`, written out, which both databases spell alike.

SQLAlchemy has it for each dialect, but compiles it anew at every call: for a group of 16
callbacks that took 8 ms of the 12 that all of their transaction did. Text is compiled once.
"""

from sqlalchemy import TextClause, bindparam, text

from faxhooks.db.models import Row


def insert(row: type[Row], on_conflict: str) -> TextClause:
    """An insert of all columns of a table, to be executed with a list of rows.

    `on_conflict` is what follows these words in SQL; none of it may come from outside.
    """
    columns = row.__table__.columns
    names = ", ".join(f'"{column.name}"' for column in columns)
    values = ", ".join(f":{column.name}" for column in columns)
    statement = f"INSERT INTO {row.__tablename__} ({names}) VALUES ({values})"  # noqa: S608
    return text(f"{statement} ON CONFLICT {on_conflict}").bindparams(
        *(bindparam(column.name, type_=column.type) for column in columns)
    )
