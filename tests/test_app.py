"""What the service refuses to start with, beside the settings themselves."""

import pytest

from faxhooks.app import create_app
from faxhooks.domain.errors import SettingsError
from tests.story import make_service, settings_for


def test_secret_keys_that_read_no_stored_secret_are_refused_at_the_start(
    database_url: str,
) -> None:
    make_service(database_url).parts.database.engine.dispose()
    lost = ("another-secret-key-for-tests-long-enough-and-varied",)
    with pytest.raises(SettingsError, match="put the key they were written with back"):
        create_app(settings_for(database_url, env="production", secret_keys=lost))
