"""What gunicorn serves: `wsgi:app`."""

import sys

from faxhooks.app import create_app
from faxhooks.domain.errors import SettingsError

# The status by which a gunicorn worker tells the master that starting it again is no use.
APP_LOAD_ERROR = 4

try:
    app = create_app()
except SettingsError as error:
    sys.stderr.write(f"faxhooks refuses to start: {error}\n")
    sys.stderr.flush()
    sys.exit(APP_LOAD_ERROR)
