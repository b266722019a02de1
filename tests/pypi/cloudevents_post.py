"""Posts events with the CloudEvents SDK of PyPI and prints a line for each check that holds.

Usage: python3 cloudevents_post.py URL SECRET
"""

import json
import sys
import urllib.error
import urllib.request
from datetime import datetime, timezone

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.http import CloudEvent as OldEvent
from cloudevents.v1.http import to_binary, to_structured

URL, SECRET = sys.argv[1:]
# A proxy of the environment is none of ours.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def post(headers, body, secret=SECRET):
    """The status of a post and what was answered."""
    request = urllib.request.Request(URL, data=body, method="POST")
    for name, value in {**headers, "authorization": f"Bearer {secret}"}.items():
        request.add_header(name, value)
    if not any(name.lower() == "content-type" for name in headers):
        # The library says that it is a form where nobody says anything.
        request.add_unredirected_header("Content-Type", "")
    try:
        with OPENER.open(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def check(name, found, status, **expected):
    said = {key: found[1].get(key) for key in expected}
    if (found[0], said) != (status, expected):
        sys.exit(f"not ok: {name}: {found}, expected {status} {expected}")
    print(f"ok: {name}")


def event(kind, number, data, **attributes):
    return CloudEvent(
        attributes={
            "specversion": "1.0",
            "type": f"com.example.webchat.{kind}",
            "source": "/shop/pypi",
            "id": f"{kind}-{number}",
            "time": datetime.now(timezone.utc),
            **attributes,
        },
        data=data,
    )


def pair(number, session, **attributes):
    """A guest who connects and writes."""
    data = {"sessionId": session, "queueId": "sales"}
    said = {**data, "direction": "inbound"}
    return [event("connected", number, data, **attributes), event("message", number, said, **attributes)]


# Senders post again what they got no answer to: everything goes twice.
structured = [to_structured_event(one) for one in pair(1, "pypi-structured")]
for message in structured * 2:
    check("structured mode", post(message.headers, message.body), 200, elements=1, events=1)

bodies = [to_structured_event(one).body for one in pair(2, "pypi-batch")]
batch = b"[" + b",".join(bodies) + b"]"
kind = {"content-type": "application/cloudevents-batch+json"}
for _ in range(2):
    check("batch mode", post(kind, batch), 200, elements=2, events=2)

binary = [to_binary_event(one) for one in pair(3, "pypi-binary", datacontenttype="application/json")]
for message in binary * 2:
    check("binary mode", post(message.headers, message.body), 200, elements=1, events=1)

# Attributes beyond ASCII are percent-encoded, and data without a type is JSON.
message = to_binary_event(event("connected", 4, {"queueId": "sales"}, subject='Gäste 100% "pypi"'))
assert "content-type" not in message.headers, message.headers
check("binary mode without a media type", post(message.headers, message.body), 200, events=1)
message = to_binary_event(event("connected", 5, None, subject="pypi-no-data"))
check("binary mode without data", post(message.headers, message.body), 200, events=1)

# Data in bytes is written in base64.
data = json.dumps({"sessionId": "pypi-bytes"}).encode()
message = to_structured_event(event("connected", 6, data))
assert b"data_base64" in message.body
check("structured mode, data in bytes", post(message.headers, message.body), 200, events=1)

# The interface of the SDK's first version, which goes on in the second.
attributes = {"type": "com.example.webchat.connected", "source": "/shop/pypi"}
old = OldEvent(attributes, {"sessionId": "pypi-old-structured"})
check("structured mode, first interface", post(*to_structured(old)), 200, events=1)
old = OldEvent(attributes, {"sessionId": "pypi-old-binary"})
check("binary mode, first interface", post(*to_binary(old)), 200, events=1)

# Of another type, half bad, of a stranger; and the next good one works.
other = to_structured_event(event("typing", 7, {}))
check("another type", post(other.headers, other.body), 200, elements=1, events=0, ignored=1)
half = [to_structured_event(one).body for one in (pair(8, "pypi-bad")[0], event("connected", 9, {}))]
check("a half bad batch", post(kind, b"[" + b",".join(half) + b"]"), 400, index=1, reason="field")
check("a stranger", post(kind, batch, "another-secret"), 401)
check("the next one", post(kind, batch), 200, events=2)
