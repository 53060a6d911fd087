"""Uploads, sends, follows and lists faxes and hooks by the vendor's package; prints JSON.

It is run by the environment of `requirements.txt`, with the fake's address and token, before
and (with `after`) once the faxes have ended.
"""

import json
import sys
import tempfile

import faxplus
from faxplus.api import faxes_api, files_api, outbox_api, webhooks_api

url, token, when = sys.argv[1:]
configuration = faxplus.Configuration()
configuration.host = f"{url}/v3"
configuration.access_token = token
client = faxplus.ApiClient(configuration)
outbox, faxes = outbox_api.OutboxApi(client), faxes_api.FaxesApi(client)

if when == "before":
    with tempfile.NamedTemporaryFile(suffix=".pdf") as document:
        document.write(b"%PDF-1.4")
        document.flush()
        uploaded = files_api.FilesApi(client).upload_file("self", document.name, format="pdf")
    request = faxplus.PayloadOutbox(
        from_number="+13105550100",
        to=["+13105550101", "+13105550102"],
        files=[uploaded.path],
        comment=faxplus.OutboxComment(text="hello", tags=["a"]),
        options=faxplus.OutboxOptions(
            enhancement=True, retry=faxplus.RetryOptions(count=2, delay=15)
        ),
        send_time="2020-01-01 00:00:00 +0000",
        return_ids=True,
    )
    sent = outbox.send_fax("self", body=request)
    hooks = webhooks_api.WebhooksApi(client)
    hook = hooks.create_webhook(
        body=faxplus.Webhook(target="https://hooks.example.com/x", event="fax_sent")
    )
    listed = hooks.get_webhooks("fax_sent")
    hooks.delete_webhook(hook.id)
    waiting = outbox.list_outbox_faxes("self")
    first = outbox.get_outbox_fax("self", waiting.records[0].id)
    json.dump(
        {
            "ids": sent.ids,
            "outbox": [[each.id, str(each.status)] for each in waiting.records],
            "first": [first.id, first.to, first.src],
            "hooks": [[each.id == hook.id, each.target] for each in listed.data],
        },
        sys.stdout,
    )
else:
    found = faxes.list_faxes("self", category="sent", limit=10)
    one = faxes.get_fax("self", found.data.records[0].id)
    json.dump(
        {
            "faxes": [[each.id, str(each.status)] for each in found.data.records],
            "one": [one.id, one.to, one.from_number, str(one.direction)],
        },
        sys.stdout,
    )
