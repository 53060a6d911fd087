"""Count faxes as they change, in the commit that changes them.

What a fax counts as is said by the view `counted_faxes`. Triggers note every difference in
`fax_deltas`, whoever makes it; the worker adds these up in `fax_counts` and `fax_times`, where a
kind of faxes has a sum for each hour, day, week and month. What is there already is noted as one
great difference.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)

# The calling codes there are; none begins with another one.
CODES = {
    1: "1 7",
    2: "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 "
    "64 65 66 81 82 84 86 90 91 92 93 94 95 98",
    3: "211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 "
    "237 238 239 240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 "
    "261 262 263 264 265 266 267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 "
    "359 370 371 372 373 374 375 376 377 378 380 381 382 383 385 386 387 389 420 421 423 500 501 "
    "502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 "
    "676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 800 808 850 852 853 855 856 "
    "870 878 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 "
    "976 977 979 992 993 994 995 996 998",
}

# What is counted apart; empty where a fax has none, since nothing equals NULL.
KIND = ("account_id", "provider", "direction", "status", "outcome", "reason", "destination")

# What of a fax any of it depends on.
SOURCES = (
    "created_at, account_id, provider, direction, status, outcome, reason, recipient, "
    "seconds_to_final, pages, merged_into"
)


def upgrade() -> None:
    _create_tables()
    if op.get_bind().dialect.name == "sqlite":
        _start_on_sqlite()
    else:
        _start_on_postgresql()
    op.execute(
        f"INSERT INTO fax_deltas (hour, {', '.join(KIND)}, tenths, faxes, pages) "
        f"SELECT hour, {', '.join(KIND)}, tenths, count(*), sum(pages) "
        f"FROM counted_faxes GROUP BY hour, {', '.join(KIND)}, tenths ORDER BY hour"
    )


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for event in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER faxes_count_{event}" + ("" if sqlite else " ON faxes"))
    op.execute("DROP VIEW counted_faxes")
    if not sqlite:
        for event in ("insert", "update", "delete"):
            op.execute(f"DROP FUNCTION faxes_count_{event}()")
        op.execute("DROP FUNCTION fax_destination(text, text)")
        op.execute("DROP FUNCTION fax_tenths(double precision)")
    for table in ("fax_times", "fax_counts", "fax_kinds", "fax_deltas"):
        op.drop_table(table)


def _create_tables() -> None:
    op.create_table(
        "fax_deltas",
        _numbered(),
        sa.Column("hour", TIME, nullable=False),
        *_kind(),
        sa.Column("tenths", sa.BigInteger(), nullable=True),
        sa.Column("faxes", sa.Integer(), nullable=False),
        sa.Column("pages", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fax_deltas"),
    )
    op.create_table(
        "fax_kinds",
        _numbered(),
        *_kind(),
        sa.PrimaryKeyConstraint("id", name="pk_fax_kinds"),
        sa.UniqueConstraint(*KIND, name="uq_fax_kinds"),
    )
    op.create_table(
        "fax_counts",
        *_place(),
        sa.Column("faxes", sa.Integer(), nullable=False),
        sa.Column("pages", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("span", "begin", "kind", name="pk_fax_counts"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "fax_times",
        *_place(),
        sa.Column("tenths", sa.BigInteger(), nullable=False),
        sa.Column("faxes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("span", "begin", "kind", "tenths", name="pk_fax_times"),
        sqlite_with_rowid=False,
    )


def _numbered() -> sa.Column[int]:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", number, sa.Identity(), nullable=False)


def _kind() -> list[sa.Column[Any]]:
    words = [sa.Column(name, sa.Text(), nullable=False) for name in KIND[1:]]
    return [sa.Column("account_id", sa.Uuid(), nullable=False), *words]


def _place() -> list[sa.Column[Any]]:
    return [
        sa.Column("span", sa.Text(), nullable=False),
        sa.Column("begin", TIME, nullable=False),
        sa.Column("kind", sa.BigInteger(), nullable=False),
    ]


def _start_on_postgresql() -> None:
    """One insert for each statement, however many faxes it changes; what cancels out is not
    written.
    """
    destination = _destination("direction", "number")
    tenths = _tenths("seconds", "CAST(trunc({}) AS bigint)")
    for signature, body in (
        ("fax_destination(direction text, number text) RETURNS text", destination),
        ("fax_tenths(seconds double precision) RETURNS bigint", tenths),
    ):
        op.execute(f"CREATE FUNCTION {signature} LANGUAGE sql IMMUTABLE AS $$SELECT {body}$$")
    hour = "date_trunc('hour', created_at, 'UTC')"
    of_fax = _of_fax("", hour, "fax_destination(direction, recipient)", "fax_tenths({})")
    op.execute(
        f"CREATE VIEW counted_faxes AS SELECT created_at, {of_fax} "
        "FROM faxes WHERE merged_into IS NULL"
    )
    for event, tables in (
        ("insert", {"new": 1}),
        ("update", {"new": 1, "old": -1}),
        ("delete", {"old": -1}),
    ):
        changes = " UNION ALL ".join(
            f"SELECT {sign} AS faxes, {SOURCES} FROM {table}_faxes WHERE merged_into IS NULL"
            for table, sign in tables.items()
        )
        group = ", ".join(str(number) for number in range(1, len(KIND) + 3))
        pages = "sum(faxes * pages)"
        op.execute(f"""
            CREATE FUNCTION faxes_count_{event}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO fax_deltas (hour, {", ".join(KIND)}, tenths, faxes, pages)
                SELECT hour, {", ".join(KIND)}, tenths, sum(faxes), {pages}
                FROM (SELECT faxes, {of_fax} FROM ({changes}) AS changed) AS counted
                GROUP BY {group} HAVING sum(faxes) <> 0 OR {pages} <> 0;
                RETURN NULL;
            END $$
        """)
        named = " ".join(f"{table.upper()} TABLE AS {table}_faxes" for table in tables)
        op.execute(
            f"CREATE TRIGGER faxes_count_{event} AFTER {event.upper()} ON faxes "
            f"REFERENCING {named} FOR EACH STATEMENT EXECUTE FUNCTION faxes_count_{event}()"
        )
    # It is always being filled and emptied: a part of its size says nothing.
    op.execute(
        "ALTER TABLE fax_deltas SET (autovacuum_vacuum_scale_factor = 0, "
        "autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_scale_factor = 0, "
        "autovacuum_vacuum_insert_threshold = 100000)"
    )


def _start_on_sqlite() -> None:
    """Row by row, which costs nothing extra inside of a process."""
    op.execute(
        f"CREATE VIEW counted_faxes AS SELECT created_at, {_of_row('faxes')} "
        "FROM faxes WHERE merged_into IS NULL"
    )
    old, new = (
        ", ".join(f"{row}.{name}" for name in SOURCES.split(", ")) for row in ("OLD", "NEW")
    )
    for event, when, rows in (
        ("insert", "", {"NEW": 1}),
        ("update", f"WHEN ({old}) IS NOT ({new})", {"OLD": -1, "NEW": 1}),
        ("delete", "", {"OLD": -1}),
    ):
        noted = " ".join(
            f"INSERT INTO fax_deltas (hour, {', '.join(KIND)}, tenths, pages, faxes) "
            f"SELECT hour, {', '.join(KIND)}, tenths, {sign} * pages, {sign} "
            f"FROM (SELECT {_of_row(row)}) WHERE {row}.merged_into IS NULL;"
            for row, sign in rows.items()
        )
        op.execute(
            f"CREATE TRIGGER faxes_count_{event} AFTER {event.upper()} ON faxes {when} "
            f"BEGIN {noted} END"
        )


def _of_row(row: str) -> str:
    destination = _destination(f"{row}.direction", f"{row}.recipient")
    tenths = _tenths("{}", "CAST({} AS INTEGER)")
    hour = f"substr({row}.created_at, 1, 13) || ':00:00.000000'"
    return _of_fax(f"{row}.", hour, destination, tenths)


def _of_fax(row: str, hour: str, destination: str, tenths: str) -> str:
    """What a fax counts as, from its row."""
    return (
        f"{hour} AS hour, {row}account_id AS account_id, {row}provider AS provider, "
        f"coalesce({row}direction, '') AS direction, {row}status AS status, "
        f"{row}outcome AS outcome, coalesce({row}reason, '') AS reason, "
        f"{destination} AS destination, "
        f"{tenths.replace('{}', f'{row}seconds_to_final')} AS tenths, "
        f"coalesce({row}pages, 0) AS pages"
    )


def _destination(direction: str, number: str) -> str:
    """The calling code of an E.164 number that was faxed; what we received went to ourselves."""
    whens = [f"WHEN {direction} = 'inbound' OR substr({number}, 1, 1) <> '+' THEN ''"]
    for length, codes in CODES.items():
        listed = ", ".join(f"'{code}'" for code in codes.split())
        begins = f"substr({number}, 2, {length})"
        whens.append(f"WHEN {begins} IN ({listed}) THEN {begins}")
    return f"CASE {' '.join(whens)} ELSE '' END"


def _tenths(seconds: str, whole: str) -> str:
    """Tenths of a second, to the next of the steps 0.1, 0.2, 0.5, 1, 2, 5 … that is a tenth
    of it or less: by 5 % off at most. `whole` cuts off what is behind the point.
    """
    whens = [f"WHEN {seconds} IS NULL THEN NULL"]
    for power in range(7):
        for below, step in ((2, 1), (5, 2), (10, 5)):
            size = step * 10**power
            rounded = f"{whole.replace('{}', f'{seconds} * 10 / {size} + 0.5')} * {size}"
            whens.append(f"WHEN {seconds} < {below * 10**power} THEN {rounded}")
    return f"CASE {' '.join(whens)} ELSE {rounded} END"
