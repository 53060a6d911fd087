"""FastAPI and asyncpg. `STATEMENTS` chooses: `usual`, a transaction of four, or `one`."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from fastapi import FastAPI, Request, Response

from benchmarks.peers.reading import Said, read

FOLDER = Path(__file__).parents[1] / "statements"
KEEP, REPEAT, APPLY, APPEND, ONE = (
    (FOLDER / f"{name}.sql").read_text() for name in ("keep", "repeat", "apply", "append", "one")
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connections as asyncpg makes them unless told otherwise: ten for each process."""
    async with asyncpg.create_pool(os.environ["DATABASE_URL"]) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/hooks/{provider}/{token}")
async def take(provider: str, token: str, request: Request) -> Response:
    """Answer when it is committed."""
    signature = request.headers.get("x-signalwire-signature", "")
    said = read(provider, token, signature, await request.body())
    if said is None:
        return Response(status_code=403)
    await keep(request.app.state.pool, said)
    return Response("<Response/>", media_type="application/xml")


async def keep_in_one(pool: asyncpg.Pool, said: Said) -> None:
    """One round trip, which is a transaction of its own."""
    await pool.execute(ONE, *said)


async def keep_as_usual(pool: asyncpg.Pool, said: Said) -> None:
    """A statement for each duty."""
    async with pool.acquire() as connection, connection.transaction():
        kept = await connection.fetchval(KEEP, said.digest, said.provider, said.body)
        if kept is None:
            await connection.execute(REPEAT, said.digest)
            return
        fax = await connection.fetchval(APPLY, said.provider, *said[3:])
        await connection.execute(APPEND, fax, kept, said.status)


keep = {"one": keep_in_one, "usual": keep_as_usual}[os.environ["STATEMENTS"]]
