"""Sends, follows, lists and cancels faxes by the vendor's package; prints what it saw as JSON.

It is run by the environment of `requirements.txt`, with the fake's address, project and token.
"""

import json
import sys

from signalwire.rest import Client

url, project, token = sys.argv[1:]
client = Client(project, token, signalwire_space_url="example.signalwire.com")
# The package turns every address into an encrypted one; the fake has no certificate.
client.fax.base_url = url

sent = [
    client.fax.faxes.create(
        to=f"+1310555010{number}",
        from_="+13105550100",
        media_url="https://example.com/a.pdf",
        quality="fine",
        status_callback="https://hooks.example.com/x",
        ttl=10,
    )
    for number in range(3)
]
canceled = client.fax.faxes(sent[2].sid).update(status="canceled")
json.dump(
    {
        "sent": [fax.sid for fax in sent],
        "statuses": [fax.status for fax in sent],
        "fetched": client.fax.faxes(sent[0].sid).fetch().to,
        "created": sent[0].date_created.isoformat(),
        "canceled": canceled.status,
        "listed": [fax.sid for fax in client.fax.faxes.list(page_size=2)],
    },
    sys.stdout,
)
