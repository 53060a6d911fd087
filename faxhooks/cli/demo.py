"""A service to look at: its database, accounts and key are made up, then it starts."""

import json
import os
import shlex
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import click
from sqlalchemy.orm import Session

from faxhooks.cli.accountfields import account_json
from faxhooks.cli.context import Context, Deployment, pass_context
from faxhooks.db import migrations
from faxhooks.domain.errors import SettingsError
from faxhooks.providers.base import Provider
from faxhooks.providers.registry import PROVIDERS
from faxhooks.services.accounts import Account
from faxhooks.services.auditing import unix_actor
from faxhooks.services.keys import SCOPES, create_key, find_grant
from faxhooks.services.parts import Parts

KEPT: Final = Path("var/demo.json")
"""The demo's API key, which the database does not know: a second start prints it again."""

_DATABASE: Final = "sqlite:///var/faxhooks.db"


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Where to listen [default: PORT].")
@click.option("--no-serve", is_flag=True, help="Prepare everything, but do not start it.")
@pass_context
def demo(context: Context, port: int | None, no_serve: bool) -> None:
    """Start a service with made-up accounts, for looking around; not for production."""
    if port is not None:
        os.environ["PORT"] = str(port)  # The settings and gunicorn both ask the environment.
    settings = context.settings
    if settings.env != "development":
        raise SettingsError("the demo is for development only; set FAXHOOKS_ENV=development")
    if not no_serve:
        _check_port(settings.port)
    migrations.upgrade(settings.database_url)
    accounts = context.parts.database.write(lambda session: seed(session, context.parts))
    key = keep_key(context.parts, KEPT)
    answer = {
        "dashboard_url": f"http://localhost:{settings.port}/",
        "key": key,
        "accounts": [account_json(account) for account in accounts],
    }
    context.answer(answer, lambda _: click.echo(_welcome(settings, accounts, key)))
    if not no_serve:
        _serve()


def _check_port(port: int) -> None:
    """Said here in a sentence, or gunicorn says it in many."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 (where gunicorn will listen)
        except OSError:
            raise SettingsError(
                f"port {port} is taken; stop what runs there or say another: make run PORT=8001"
            ) from None


def seed(session: Session, parts: Parts) -> list[Account]:
    """A demo account of every provider that can make up its options, made once."""
    known = {account.label: account for account in parts.accounts.list_all(session)}
    accounts = []
    for provider in filter(_can_be_made_up, PROVIDERS.values()):
        label = f"demo-{provider.name}"
        if label not in known:
            values = {o.name: (o.demo(),) for o in provider.options if o.demo is not None}
            known[label] = parts.accounts.add(
                session, provider.name, label, values, actor=unix_actor()
            )
        accounts.append(known[label])
    return accounts


def keep_key(parts: Parts, path: Path) -> str:
    """The API key kept in `path`, or a new one where that is no longer good."""
    kept, now = _read_key(path), datetime.now(UTC)
    if kept and parts.database.read(lambda session: find_grant(session, kept, now))[0]:
        return kept
    key_id, key = parts.database.write(_make_key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps({"id": str(key_id), "key": key}) + "\n")
    return key


def _read_key(path: Path) -> str | None:
    """The kept key; None where there is none or somebody has spoiled the file."""
    try:
        kept = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    key = kept.get("key") if isinstance(kept, dict) else None
    return key if isinstance(key, str) else None


def _make_key(session: Session) -> tuple[UUID, str]:
    row, key = create_key(session, "demo", SCOPES, actor=unix_actor())
    return row.id, key


def _can_be_made_up(provider: Provider) -> bool:
    return all(option.demo or option.default for option in provider.options if option.required)


def _welcome(settings: Deployment, accounts: Sequence[Account], key: str) -> str:
    """What a newcomer needs next; every command works from another shell as it stands."""
    url = f"http://localhost:{settings.port}"
    width = max((len(account.provider) for account in accounts), default=0)
    hooks = "".join(f"    {a.provider:<{width}}  {a.hook_url}\n" for a in accounts)
    lines = f"\nfaxhooks demo, for this machine only\n\nDashboard\n    {url}/\nAPI key\n    {key}\n"
    lines += f"Hook URLs\n{hooks}"
    if accounts:
        command = f"simulate {accounts[0].provider} delivered"
        lines += (
            f"\nFire sample callbacks, from another shell:\n    {_elsewhere(settings, command)}\n"
        )
    asked = f"curl -H 'Authorization: Bearer {key}' {url}/api/v1/faxes"
    return f"{lines}Ask what became of the faxes:\n    {asked}\n"


def _elsewhere(settings: Deployment, command: str) -> str:
    """A faxhooks command for a shell that is somewhere else and knows none of our settings."""
    folder = Path.cwd()
    program = Path(sys.executable).with_name("faxhooks")
    shown = program.relative_to(folder) if program.is_relative_to(folder) else program
    known = ["FAXHOOKS_ENV=development", f"PORT={settings.port}"]
    if settings.public_url != f"http://localhost:{settings.port}":
        known.append(f"PUBLIC_URL={settings.public_url}")
    if settings.database_url != _DATABASE:
        known.append("DATABASE_URL=…")  # It may hold a password; it was given, so it is known.
    prefix = " ".join(known)
    return f"cd {shlex.quote(str(folder))} && {prefix} {shlex.quote(str(shown))} {command}"


def _serve() -> None:
    """Become gunicorn, which this interpreter can run wherever the PATH leads."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.environ["FAXHOOKS_WORKER"] = "inside"  # gunicorn.conf.py asks for it.
    server = ["-m", "gunicorn", "--config", "gunicorn.conf.py"]
    arguments = [*server, "--worker-class", "faxhooks.web.server.Worker", "asgi:app"]
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 (no shell is wanted)
