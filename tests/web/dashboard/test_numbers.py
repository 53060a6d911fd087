"""Numbers: what became of the faxes to one, however it is typed."""

import pytest

from faxhooks.services.advising import Experience, ask_experience
from tests.story import Service, make_service
from tests.web.dashboard.visitor import Visitor, let_in

NUMBER = "+13105550177"


def tell(service: Service) -> None:
    for fax, status in (("f1", "delivered"), ("f2", "busy"), ("f3", "busy")):
        answer = service.hook.signalwire(
            FaxSid=fax, FaxStatus=status, To=NUMBER, Direction="outbound"
        )
        assert answer.status_code == 200


@pytest.mark.parametrize("typed", ["%2B13105550177", "%2B1 (310) 555-0177", "001 310.555.0177"])
def test_a_number_is_found_however_it_is_typed(
    service: Service, reader: Visitor, typed: str
) -> None:
    tell(service)
    page = reader.get(f"/numbers?number={typed}")
    assert page.status_code == 200
    assert "1 of 3 faxes to" in page.text
    assert "The line was engaged" in page.text
    assert "send again later" in page.text


def test_the_latest_faxes_tell_how_it_goes_and_the_page_says_so(
    service: Service, reader: Visitor
) -> None:
    tell(service)

    def known(latest: int | None) -> Experience:
        return service.parts.database.read(
            lambda session: ask_experience(session, NUMBER, accounts=None, latest=latest)
        )

    assert (known(2).by_outcome["success"], known(2).attempts, known(2).is_partial) == (0, 2, True)
    assert (known(4).attempts, known(4).is_partial) == (3, False)
    assert known(None) == known(4)
    assert "these are the latest" not in reader.get(f"/numbers?number=%2B{NUMBER[1:]}").text


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("", 200, "How does faxing this number go?"),
        ("?number=", 200, "How does faxing this number go?"),
        ("?number=5550177", 400, "Give the whole number with its country"),
        ("?number=%3Cscript%3E", 400, "&lt;script&gt;"),
        ("?number=%2B13105550100", 404, "Nothing is known of this number"),
    ],
)
def test_what_cannot_be_looked_up_says_what_to_do(
    reader: Visitor, query: str, status: int, said: str
) -> None:
    page = reader.get(f"/numbers{query}")
    assert page.status_code == status
    assert said in page.text


def test_what_is_shown_of_a_number_is_masked_like_everywhere(sqlite_url: str) -> None:
    service = make_service(sqlite_url, dashboard_mask_numbers=True)
    tell(service)
    page = let_in(service, "vera").get("/numbers?number=%2B13105550177").text
    assert "+13•••••77" in page
    assert page.count(NUMBER) == page.count(f'value="{NUMBER}"') == 1  # What was typed.
    service.parts.database.engine.dispose()
