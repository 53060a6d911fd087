"""What gunicorn's `asgi` worker serves: `asgi:app`, the same service by its second door."""

from faxhooks.services.parts import Parts
from faxhooks.web.door import Door
from wsgi import app as site

parts: Parts = site.extensions["faxhooks"]
app = Door(site, parts)
