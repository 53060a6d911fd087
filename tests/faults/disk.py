"""A small disk of a proof's own, that can be full."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.proof import NotRunError

_PIECE = b"\0" * 65536


class Disk:
    """A file system in memory below `path`, made by `small_disk`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> None:
        """Use up all that is free."""
        with (self.path / "filler").open("ab", buffering=0) as file:
            for size in (len(_PIECE), 4096):
                try:
                    while file.write(_PIECE[:size]):
                        pass
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def grow(self, megabytes: int) -> None:
        """Make it as large as that, with all that is on it."""
        _run("mount", "-o", f"remount,size={megabytes}m", str(self.path))


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[Disk]:
    """A new one, mounted at `path`. Raises NotRunError where nothing may be mounted."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        raise NotRunError("a full disk needs one of its own, and only root may mount it")
    path.mkdir()
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(path))
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotRunError("a full disk needs one of its own, and none may be mounted") from error
    try:
        yield Disk(path)
    finally:
        _run("umount", "--lazy", str(path))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
