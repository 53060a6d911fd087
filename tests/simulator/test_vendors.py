"""The providers' own packages send through the fakes and follow their faxes: so the fakes are
honest. They need an environment of their own, so this runs only when it is asked for:

    TEST_VENDOR_PACKAGES=/tmp/vendors python -m pytest tests/simulator/test_vendors.py

The environment is made in that folder by the first run, which fetches the packages.
"""

import hashlib
import json
import os
import subprocess
import venv
from pathlib import Path
from typing import Any, Final

import pytest

from faxhooks.simulator.fakes.faxplus import FaxPlusFake
from faxhooks.simulator.fakes.signalwire import SignalWireFake
from tests.fakes import client_of, config_of

FOLDER: Final = os.environ.get("TEST_VENDOR_PACKAGES")
SCRIPTS: Final = Path(__file__).parent / "vendors"

pytestmark = pytest.mark.skipif(not FOLDER, reason="TEST_VENDOR_PACKAGES names no folder")


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter that has the packages, in a folder named by their pins."""
    requirements = SCRIPTS / "requirements.txt"
    name = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = Path(str(FOLDER)) / name
    made = folder / "bin" / "python"
    if not (folder / "made").exists():
        venv.create(folder, with_pip=True, clear=True)
        command = [made, "-m", "pip", "install", "--quiet", "--requirement", requirements]
        subprocess.run(command, check=True, timeout=600)
        (folder / "made").touch()
    return made


def run(python: Path, script: str, *words: str) -> Any:
    """What one of the scripts printed."""
    command = [python, SCRIPTS / script, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_signalwires_package_sends_follows_lists_and_cancels(python: Path) -> None:
    with SignalWireFake().serve() as fake:
        token = fake.secrets["api-token"][0]
        said = run(python, "send_signalwire.py", fake.url, fake.project, token)
        client = client_of("signalwire", config_of(fake))
        ours = client.find_fax([said["sent"][2]])
        client.close()
    assert said["statuses"] == ["queued"] * 3
    assert said["fetched"] == "+13105550100"
    assert said["canceled"] == "canceled"
    assert sorted(said["listed"]) == sorted(said["sent"])
    assert ours is not None
    assert ours.events[0].provider_status == "canceled"


def test_fax_pluss_package_uploads_sends_follows_and_lists(python: Path) -> None:
    with FaxPlusFake().serve() as fake:
        token = fake.secrets["access-token"][0]
        before = run(python, "send_faxplus.py", fake.url, token, "before")
        fake.clock.put_forward(6000)
        after = run(python, "send_faxplus.py", fake.url, token, "after")
    ids = before["ids"]
    assert ids.keys() == {"+13105550101", "+13105550102"}
    assert before["outbox"] == [[fax_id, "submitted"] for fax_id in ids.values()]
    assert before["first"] == [ids["+13105550101"], ["+13105550101"], "+13105550100"]
    assert before["hooks"] == [[True, "https://hooks.example.com/x"]]
    assert sorted(after["faxes"]) == sorted([fax_id, "success"] for fax_id in ids.values())
    assert after["one"][3] == "outgoing"
