import pytest

from faxhooks.db.audit import list_audit
from tests.story import Service


@pytest.mark.parametrize(
    ("accept", "form"), [("text/csv", "csv"), ("application/x-ndjson", "ndjson")]
)
def test_who_takes_a_list_away_is_written_down(service: Service, accept: str, form: str) -> None:
    service.hook.signalwire(FaxSid="f1", FaxStatus="busy", To="+13105550100")
    headers = {"Authorization": f"Bearer {service.api.key}", "Accept": accept}
    path = "/api/v1/faxes?to=%2B13105550100"
    assert service.api.transport.send("GET", path, headers, b"").status_code == 200
    rows = service.parts.database.read(lambda session: list(list_audit(session)))
    (row,) = [row for row in rows if row.action == "faxes.exported"]
    assert row.actor.startswith("key:")
    assert (row.detail["form"], row.detail["filters"]) == (form, "to")
    assert "3105550100" not in str(row.detail)
