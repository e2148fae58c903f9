"""What schemathesis cannot know from the document: who we are, what exists, and how a callback is signed."""

import atexit
import collections
import hashlib
import hmac
import itertools
import json
import os
import socket
import threading
import time
import uuid

import requests
import schemathesis

TOKENS = {
    "accessToken": os.environ["FILOT_ACCESS_TOKEN"],
    "stackToken": os.environ["FILOT_STACK_TOKEN"],
    "serviceKey": os.environ["FILOT_SERVICE_KEY"],
}
SIGNATURE_SECRET = os.environ["FILOT_SIGNATURE_SECRET"].encode()
# Ids by the parameter that takes them: {"id": [...], "disposable id": [...], "reviewId": [...],
# "undecided reviewId": [...]}.
EXISTING = json.loads(os.environ["FILOT_EXISTING"])
# A file that is one of ours and yet text, as schemathesis takes a form's values to be.
with open(os.path.join(os.path.dirname(__file__), "../../fuzz/corpus/pdf/plain.pdf"), encoding="ascii") as file:
    PAGE = file.read()
REDIS = os.environ["FILOT_REDIS"]


class Bearer(requests.auth.AuthBase):
    def __init__(self, scheme, token):
        self.scheme, self.token = scheme, token

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {self.token}"
        if self.scheme == "serviceKey" and request.method == "POST" and "/internal/reviews" in request.url:
            sign(request)
        return request


def sign(request):
    """As BULI2 does, over the body as it is sent. A timestamp that was generated is signed as it is."""
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    timestamp = request.headers.get("X-Buli2-Timestamp")
    if timestamp is None:
        timestamp = str(int(time.time()))
        request.headers["X-Buli2-Timestamp"] = timestamp
    timestamp = timestamp.encode() if isinstance(timestamp, str) else timestamp
    signature = hmac.new(SIGNATURE_SECRET, timestamp.strip() + b"." + body, hashlib.sha256)
    request.headers["X-Buli2-Signature"] = signature.hexdigest()


def asks_for(scheme):
    def matches(context):
        asked = context.operation.definition.raw.get("security") or []
        # Whoever ends the session must not end everybody else's.
        return any(scheme in one for one in asked) and context.operation.path != "/auth/logout"

    return matches


for name, token in TOKENS.items():
    schemathesis.auth.set_from_requests(Bearer(name, token)).apply_to(asks_for(name))
leaving = Bearer("accessToken", os.environ["FILOT_LEAVING_TOKEN"])
schemathesis.auth.set_from_requests(leaving).apply_to(path="/auth/logout")


def existing(name, value):
    """Of ids that could be ours, most become one that is; the rest stay unknown, and wrong ones stay wrong."""
    try:
        number = uuid.UUID(value).int
    except (TypeError, ValueError, AttributeError):
        return value
    known = EXISTING.get(name, [])
    return known[number % len(known)] if known and number % 4 else value


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    kind = ""
    if context.operation.method.upper() == "DELETE":
        # What is deleted is there for nobody else: one kind of document is there to be deleted.
        kind = "disposable "
    elif context.operation.path.endswith("/file"):
        # Whoever is decided about is shown no more, and the callbacks may have decided about all the others by now.
        kind = "undecided "
    return {name: existing(kind + name, value) for name, value in (path_parameters or {}).items()}


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict) and "reviewId" in body:
        body["reviewId"] = existing("reviewId", body["reviewId"])
    return body


connection = threading.local()
turns = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    """Makes what is right by its schema right in what no schema says, and starts everybody's count anew: that there are
    limits has a suite of its own."""
    if case.meta is not None and case.meta.generation.mode == schemathesis.GenerationMode.POSITIVE:
        if isinstance(case.body, dict) and case.body.get("file"):
            case.body["file"] = PAGE
        # Every other one stays as stale as it is.
        if next(turns) % 2 and "X-Buli2-Timestamp" in (case.headers or {}):
            case.headers["X-Buli2-Timestamp"] = str(int(time.time()))
    if not hasattr(connection, "redis"):
        host, port = REDIS.removeprefix("redis://").split(":")
        connection.redis = socket.create_connection((host, int(port)), timeout=10)
    connection.redis.sendall(b"FLUSHALL\r\n")
    connection.redis.recv(64)


# How often each operation answered what: a run in which an operation never succeeded has not tried it.
answered = collections.Counter()
counting = threading.Lock()


@schemathesis.hook
def after_call(context, case, response):
    # Other methods are tried as well, under the operation's name.
    if case.method.upper() != case.operation.method.upper():
        return
    with counting:
        answered[f"{case.operation.label} {response.status_code}"] += 1


@atexit.register
def tell():
    with open("answered.json", "w") as file:
        json.dump(answered, file)
