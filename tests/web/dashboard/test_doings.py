"""What a fax's page offers to do, and that it does it."""

import re
from collections.abc import Iterator
from uuid import UUID

import pytest

from faxhooks.services.retrying import Persistence
from faxhooks.simulator.fakes.behaviour import Behaviour
from tests.asked import World, world
from tests.ordered import dispatch, order, redial
from tests.web.dashboard.holders import holding
from tests.web.dashboard.visitor import Visitor

_OFFERED = re.compile(r'action="/faxes/[0-9a-f-]{36}/(refresh|cancel|resend)"')


@pytest.fixture
def there(sqlite_url: str) -> Iterator[World]:
    with world(sqlite_url) as made:
        yield made


@pytest.fixture
def sender(there: World) -> Visitor:
    return holding(there.service, "read", "send")


def offered(visitor: Visitor, fax_id: UUID) -> list[str]:
    return _OFFERED.findall(visitor.get(f"/faxes/{fax_id}").text)


def test_what_waits_can_be_canceled_and_is(there: World, sender: Visitor) -> None:
    (fax_id,) = order(there, "signalwire")
    page = f"/faxes/{fax_id}"
    assert offered(sender, fax_id) == ["refresh", "cancel"]
    assert offered(holding(there.service, "read"), fax_id) == []
    led = sender.fill(f"{page}/cancel", on=page)
    assert (led.status_code, led.headers["Location"]) == (303, page)
    assert "It was withdrawn." in sender.get(page).text
    again = sender.fill(f"{page}/cancel", on=page)
    assert again.status_code == 409
    assert "The fax has ended: it is canceled." in again.text


def test_what_waits_for_its_next_try_says_so_and_can_be_canceled(
    there: World, sender: Visitor
) -> None:
    there.fakes["signalwire"].behaviour = Behaviour(outcomes={"busy": 1.0})
    (fax_id,) = order(there, "signalwire", persistence=Persistence(1))
    dispatch(there)
    there.put_on(hours=1)
    there.settle()
    there.sweep()
    assert redial(there) == 1
    page = f"/faxes/{fax_id}"
    assert "cancel" in offered(sender, fax_id)
    shown = sender.get(page).text
    assert "2 times: busy with asked-signalwire, then queued with asked-signalwire." in shown
    assert "It is sent again at" in shown
    sender.fill(f"{page}/cancel", on=page)
    assert "It was withdrawn." in sender.get(page).text


def test_what_failed_is_sent_again_as_a_new_fax(there: World, sender: Visitor) -> None:
    there.fakes["signalwire"].behaviour = Behaviour(outcomes={"busy": 1.0})
    (fax_id,) = order(there, "signalwire")
    dispatch(there)
    there.put_on(hours=1)
    there.settle()
    there.sweep()
    page = f"/faxes/{fax_id}"
    assert offered(sender, fax_id) == ["refresh", "resend"]
    led = sender.fill(f"{page}/resend", on=page)
    assert led.status_code == 303
    assert led.headers["Location"] != page
    assert str(fax_id) in sender.get(led.headers["Location"]).text
    refused = sender.fill(f"{page}/resend", on=page)
    assert refused.status_code == 409
    assert "It is being sent again already" in refused.text


def test_what_arrived_is_sent_again_only_by_force(there: World, sender: Visitor) -> None:
    (fax_id,) = order(there, "signalwire")
    dispatch(there)
    there.put_on(hours=1)
    there.settle()
    there.sweep()
    page = f"/faxes/{fax_id}"
    assert "gets it a second time" in sender.get(page).text
    assert sender.fill(f"{page}/resend", on=page).status_code == 409
    led = sender.fill(f"{page}/resend", on=page, force="yes")
    assert (led.status_code, led.headers["Location"] == page) == (303, False)


def test_the_provider_is_asked_and_the_page_tells_the_answer(there: World, sender: Visitor) -> None:
    sid = there.send("signalwire")
    there.put_on(seconds=40)
    there.settle_some()
    (fax,) = there.service.api.faxes(f"?provider_fax_id={sid}")
    page = f"/faxes/{fax['id']}"
    there.put_on(hours=1)
    led = sender.fill(f"{page}/refresh", on=page)
    assert (led.status_code, led.headers["Location"]) == (303, page)
    shown = sender.get(page).text
    assert "The provider was last asked at" in shown
    assert "The provider, when it was asked" in shown
    assert "Read from the provider&#39;s own API" in shown


def test_a_fax_that_others_sent_can_be_asked_about_alone(there: World, sender: Visitor) -> None:
    there.fakes["signalwire"].behaviour = Behaviour(outcomes={"busy": 1.0})
    sid = there.send("signalwire")
    there.put_on(seconds=40)
    there.settle_some()
    there.put_on(hours=1)
    there.settle()
    (fax,) = there.service.api.faxes(f"?provider_fax_id={sid}")
    assert offered(sender, UUID(fax["id"])) == ["refresh"]
    page = f"/faxes/{fax['id']}"
    refused = sender.fill(f"{page}/resend", on=page)
    assert refused.status_code == 409
    assert "It was not sent from here" in refused.text
