"""Old callbacks are deleted; what they said stays."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from faxhooks.db.audit import AuditFilter, list_audit
from faxhooks.db.models import CallbackRow
from faxhooks.services.auditing import unix_actor
from tests.cli.running import Faxhooks, Said
from tests.story import Service


def bodies(faxhooks: Faxhooks) -> int:
    return len(faxhooks("--json", "callbacks", "list", "--limit", "9999").well().json["data"])


@pytest.fixture
def old(faxhooks: Faxhooks, service: Service) -> datetime:
    """Two old callbacks about one fax, an old one nobody understood, and one of today."""
    service.hook.signalwire(FaxSid="f1", FaxStatus="sending")
    service.hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    service.hook.faxplus("f2", "teleported")
    past = datetime.now(UTC) - timedelta(days=500)
    faxhooks.write(lambda session: session.execute(update(CallbackRow).values(received_at=past)))
    service.hook.faxplus("f3", "success")
    return past


def purge(faxhooks: Faxhooks, *words: str) -> Said:
    return faxhooks("--json", "purge", "--older-than", "400d", *words).well()


@pytest.mark.usefixtures("old")
def test_old_callbacks_go_and_faxes_keep_their_history(
    faxhooks: Faxhooks, service: Service
) -> None:
    before = (service.api.fax("f1"), service.api.history("f1"))
    assert purge(faxhooks).json["deleted"] == 2
    assert (service.api.fax("f1"), service.api.history("f1")) == before
    assert bodies(faxhooks) == 2
    assert purge(faxhooks).json["deleted"] == 0


@pytest.mark.usefixtures("old")
def test_who_deleted_how_many_is_written_down(faxhooks: Faxhooks) -> None:
    purge(faxhooks, "--dry-run")
    purge(faxhooks)
    purge(faxhooks)
    purged = AuditFilter(actions=["callbacks.purged"])
    (row,) = faxhooks.read(lambda session: list_audit(session, purged))
    assert (row.actor, row.subject, row.detail["callbacks"]) == (unix_actor(), "callbacks", 2)


@pytest.mark.usefixtures("old")
def test_what_nobody_understood_stays_unless_it_is_asked_for(faxhooks: Faxhooks) -> None:
    purge(faxhooks)
    assert len(faxhooks("--json", "callbacks", "list", "--verdict=unrecognized").json["data"]) == 1
    assert purge(faxhooks, "--unrecognized").json["deleted"] == 1
    assert bodies(faxhooks) == 1


@pytest.mark.usefixtures("old")
def test_a_dry_run_counts_and_deletes_nothing(faxhooks: Faxhooks) -> None:
    said = purge(faxhooks, "--dry-run").json
    assert (said["deleted"], said["matching"]) == (0, 2)
    assert bodies(faxhooks) == 4


@pytest.mark.usefixtures("old")
def test_a_repeat_of_a_deleted_callback_is_still_a_repeat(
    faxhooks: Faxhooks, service: Service
) -> None:
    purge(faxhooks)
    service.hook.signalwire(FaxSid="f1", FaxStatus="delivered")
    assert len(service.api.history("f1")) == 2
    (row,) = faxhooks("--json", "callbacks", "list", "--account", "main").json["data"]
    assert row["verdict"] == "repeated"
