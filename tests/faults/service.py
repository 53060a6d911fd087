"""What faults do to a service that runs under gunicorn, and how a provider knows it."""

import os
import signal
from contextlib import suppress
from random import Random

import psutil

from faxhooks.simulator.story import Customer
from tests.faults.proof import Trial
from tests.running.gunicorns import Running
from tests.story import Hook


def customers(hook: Hook) -> dict[str, Customer]:
    """The service's two accounts, by provider, as the simulator speaks of them."""
    accounts = (hook.signalwire_account, hook.faxplus_account)
    return {each.provider: Customer(each.hook_url, each.config) for each in accounts}


def environ(trial: Trial) -> dict[str, str]:
    """What the service is told besides; it says little, since there is much of it."""
    broken = {} if trial.variant is None else {"FAULTS_VARIANT": trial.variant}
    return {"LOG_LEVEL": "warning", **broken}


def workers(served: Running) -> list[int]:
    """The processes that serve requests; none while the master is on its way up or gone."""
    assert served.process is not None
    with suppress(psutil.NoSuchProcess):
        return [process.pid for process in psutil.Process(served.process.pid).children()]
    return []


def kill_worker(served: Running, random: Random) -> bool:
    """End one of the workers at once, as the kernel does when memory runs out; whether there
    was one.
    """
    found = workers(served)
    if found:
        with suppress(ProcessLookupError):
            os.kill(random.choice(found), signal.SIGKILL)
    return bool(found)
