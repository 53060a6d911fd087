"""A web process takes little memory: what only some need is loaded by those who need it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

MOST_MB: Final = 100
"""Of a process that has just started, so that 120 are not passed under load."""
_START: Final = """
import sys, wsgi
resident = next(line for line in open("/proc/self/status") if line.startswith("VmRSS:"))
print(int(resident.split()[1]) // 1000, *sys.modules)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells")
def test_a_web_process_begins_with_little_memory(sqlite_url: str) -> None:
    environ = {
        **os.environ,
        "FAXHOOKS_ENV": "development",
        "DATABASE_URL": sqlite_url,
        "PUBLIC_URL": "https://hooks.example.com",
    }
    root = Path(__file__).parents[1]
    started = subprocess.run(
        [sys.executable, "-c", _START], env=environ, cwd=root, capture_output=True, check=True
    )
    megabytes, *modules = started.stdout.decode().split()
    assert int(megabytes) < MOST_MB
    assert not {"alembic", "fpdf", "psycopg"} & set(modules)
