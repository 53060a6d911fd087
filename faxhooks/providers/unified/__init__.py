"""The UnifiedAPI's faxes, which VoipNow and Hubgets share: one path and two forms of a request.

It can be sent to and not asked: there is no call to read, list or cancel a fax, and none that
tells of one. So a fax sent through it stays `queued` until its account's time limit.
"""
