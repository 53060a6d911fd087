"""Faxes sent through a fake are known to the service that the fake calls back."""

import threading
from collections.abc import Iterator

import pytest
from werkzeug.serving import make_server

from faxhooks.providers.registry import PROVIDERS
from faxhooks.simulator.fakes.behaviour import Behaviour
from faxhooks.simulator.fakes.registry import FAKES
from tests.fakes import FROM, TO, send, until
from tests.story import Service, make_service

TOKENS = {"api-token": ("PTx",), "access-token": ("alohi_pat_x",)}


@pytest.fixture
def service(sqlite_url: str) -> Iterator[Service]:
    made = make_service(sqlite_url)
    yield made
    made.parts.database.engine.dispose()


@pytest.fixture
def base_url(service: Service) -> Iterator[str]:
    """Where the service is served, which is not where it is publicly called."""
    server = make_server("127.0.0.1", 0, service.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("name", [name for name in FAKES if PROVIDERS[name].has_hook])
def test_the_service_hears_of_every_fax_but_those_of_lost_callbacks(
    name: str, service: Service, base_url: str
) -> None:
    accounts = {
        "signalwire": service.hook.signalwire_account,
        "faxplus": service.hook.faxplus_account,
    }
    faults = Behaviour(drop=0.3, duplicate=0.3, reorder=0.3, speed=200)
    secrets = {**accounts[name].config, **TOKENS}
    with FAKES[name](faults, secrets, base_url).serve() as fake:
        sent = [send(fake, accounts[name].hook_url) for _ in range(20)]
        fake.clock.put_forward(600)
        until(lambda: fake.postman.idle, 60)
    assert set(fake.sent) == {"200", "dropped"}
    known = service.api.faxes("?limit=100")
    assert len(known) == len(sent) - fake.sent["dropped"] < len(sent)
    assert {fax["provider_fax_id"] for fax in known} <= {*sent}
    ends = {(fax["status"], fax["from"], fax["to"]) for fax in known}
    assert ends == {("delivered", FROM, TO)}
