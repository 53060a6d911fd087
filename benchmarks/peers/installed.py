"""What the peers need, installed when they are first measured and never among our own.

Python's lies in `.venv` beside this file, Node's in `fastify_pg/node_modules`.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

PEERS: Final = Path(__file__).parent
FASTIFY: Final = PEERS / "fastify_pg"
_PLACE: Final = PEERS / ".venv"
_PINS: Final = PEERS / "requirements.txt"
_MODULES: Final = FASTIFY / "node_modules"
_LOCK: Final = FASTIFY / "package-lock.json"
_SECONDS: Final = 240


class NotInstalledError(Exception):
    """A peer cannot be measured here; says why, and what would help."""


def python() -> Path:
    """The interpreter that has the pinned packages. Raises NotInstalledError."""
    found = _PLACE / "bin" / "python"
    if has_python():
        return found
    _run([sys.executable, "-m", "venv", "--clear", str(_PLACE)], PEERS)
    pip = [str(found), "-m", "pip", "--disable-pip-version-check", "--quiet"]
    _run([*pip, "install", "--require-hashes", "-r", str(_PINS)], PEERS)
    shutil.copy(_PINS, _PLACE)
    return found


def has_python() -> bool:
    """Whether nothing has to be fetched for the Python peers."""
    return _is_installed(_PLACE, _PINS)


def node() -> Path:
    """The interpreter that finds the pinned packages. Raises NotInstalledError."""
    found = {name: shutil.which(name) for name in ("node", "npm")}
    for name, path in found.items():
        if path is None:
            raise NotInstalledError(f"{name} is not here; install Node.js 20 or newer, with npm")
    if not has_node():
        _run([str(found["npm"]), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], FASTIFY)
        shutil.copy(_LOCK, _MODULES)
    return Path(str(found["node"]))


def has_node() -> bool:
    """Whether Node.js is here, and nothing has to be fetched for its peers."""
    return shutil.which("node") is not None and _is_installed(_MODULES, _LOCK)


def _is_installed(place: Path, pins: Path) -> bool:
    """A copy of the pins is laid down last, so that half an installation is none."""
    copy = place / pins.name
    return copy.is_file() and copy.read_bytes() == pins.read_bytes()


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        ended = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalledError(f"`{command[0]}` took more than {_SECONDS} s; try again") from error
    if ended.returncode != 0:
        last = (ended.stderr.strip() or ended.stdout.strip()).splitlines()[-1:]
        raise NotInstalledError(f"`{' '.join(command)}` failed: {' '.join(last)}")
