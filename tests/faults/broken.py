"""What gunicorn serves when it is to serve a broken variant: `wsgi:app` with one change.

`FAULTS_VARIANT` names it. The change stays for the life of the process.
"""

import os
from contextlib import ExitStack

from tests.faults import variants

_kept = ExitStack()
_kept.enter_context(variants.applied(os.environ["FAULTS_VARIANT"]))

from wsgi import app  # noqa: E402 (only now, so that it is made of the broken parts)

__all__ = ["app"]
