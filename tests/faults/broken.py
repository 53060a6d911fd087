"""What gunicorn serves when it is to serve a broken variant: `wsgi:app` with one change, and
`asgi:app` as `door`.

`FAULTS_VARIANT` names it, if any. The change stays for the life of the process. With
`FAULTS_STUMBLE` the service fails on purpose as well.
"""

import os
from contextlib import ExitStack

from tests.faults import variants

_kept = ExitStack()
_kept.enter_context(variants.applied(os.environ["FAULTS_VARIANT"] or None))

import asgi  # noqa: E402 (only now, so that it is made of the broken parts)

app, door = asgi.site, asgi.app

if os.environ.get("FAULTS_STUMBLE"):
    from tests.faults.stumbling import stumble

    stumble(app)

__all__ = ["app", "door"]
