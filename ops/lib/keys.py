"""Values that hold several keys: `key`, `key,key`, `id:key,id:key`. Strings in, strings out; no AWS, no screen."""

import base64
import re
import secrets
from datetime import datetime, timezone

from filotops import Failure

# The typed configuration requires it (shared/platform/src/config.rs).
KEY_CHARS_MIN = 32
ID = re.compile(r"^[A-Za-z0-9_-]{1,16}$")
# Ids of our own keys; they sort by time.
OURS = re.compile(r"^k\d{12}$")
# The id of a single key without an id.
BARE = "1"


def random_key():
    """48 bytes: letters, digits, - and _; no comma and no colon, which separate keys and ids."""
    return secrets.token_urlsafe(48)


def random_sealing_key():
    """32 bytes, as AES-256 takes them."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def key_id(at=None):
    return (at or datetime.now(timezone.utc)).strftime("k%Y%m%d%H%M")


def generated(name, at=None):
    """The first value of a key."""
    if name == "filot/sealing-key":
        return f"{key_id(at)}:{random_sealing_key()}"
    if name == "filot/jwt-secret":
        return f"{key_id(at)}:{random_key()}"
    return random_key()


def items(value):
    return [item.strip() for item in value.split(",") if item.strip()]


class Plain:
    """`key` or `old,new`: a caller is accepted with either. We only verify; callers present."""

    phases = ("begin", "finish", "abort")

    def __init__(self, new=random_key):
        self.new = new

    @staticmethod
    def phase(value):
        return {0: "missing", 1: "one key", 2: "begun"}.get(len(items(value)), "unknown")

    def step(self, phase, value, at=None):
        keys = items(value)
        if phase == "begin":
            need(len(keys) == 1, f"there are {len(keys)} keys: finish or abort the rotation under way")
            keys = [*keys, self.new()]
        else:
            need(len(keys) == 2, f"there is {len(keys)} key: no rotation is under way")
            keys = keys[1:] if phase == "finish" else keys[:1]
        return checked(",".join(keys))


class Identified:
    """`id:key,id:key`, the active key first: it seals or signs new values; the others still open or verify old ones."""

    phases = ("begin", "switch", "finish", "abort")

    def __init__(self, new):
        self.new = new

    @staticmethod
    def pairs(value):
        pairs = [tuple(item.split(":", 1)) if ":" in item else (BARE, item) for item in items(value)]
        for identity, _ in pairs:
            need(ID.match(identity), "an id is not at most 16 letters, digits, - and _")
        need(len({identity for identity, _ in pairs}) == len(pairs), "two keys have one id")
        return pairs

    def newest(self, pairs):
        """The id of the newest key, known by the time in its id."""
        ours = sorted(identity for identity, _ in pairs if OURS.match(identity))
        need(ours, "no key is named by its time: which is the new one is not known")
        return ours[-1]

    def made_at(self, value):
        """When the newest key was made, to the minute, from its id."""
        return datetime.strptime(self.newest(self.pairs(value)), "k%Y%m%d%H%M").replace(tzinfo=timezone.utc)

    def phase(self, value):
        pairs = self.pairs(value)
        if len(pairs) < 2:
            return "one key" if pairs else "missing"
        return "switched" if pairs[0][0] == self.newest(pairs) else "begun"

    def step(self, phase, value, at=None):
        pairs = self.pairs(value)
        if phase == "begin":
            need(pairs, "there is no key yet: ops/secrets create")
            is_under_way = len(pairs) > 1 and self.phase(value) == "begun"
            need(not is_under_way, "a rotation is under way: switch or abort it")
            identity = key_id(at)
            need(identity > max((i for i, _ in pairs if OURS.match(i)), default=""), "a key of this minute is there already")
            pairs = [*pairs, (identity, self.new())]
        else:
            need(len(pairs) > 1, "there is one key: no rotation is under way")
            newest = self.newest(pairs)
            new = [pair for pair in pairs if pair[0] == newest]
            old = [pair for pair in pairs if pair[0] != newest]
            is_switched = pairs[0][0] == newest
            if phase == "switch":
                need(not is_switched, "the new key is the active one already")
                pairs = new + old
            elif phase == "finish":
                need(is_switched, "the new key is not the active one yet: --switch first")
                pairs = new
            else:
                # The new key may have been used, so it first becomes inactive and is removed by a second --abort.
                pairs = old + new if is_switched else old
        return checked(",".join(f"{identity}:{key}" for identity, key in pairs))


def need(condition, otherwise):
    if not condition:
        raise Failure(otherwise)


def checked(value):
    """Refuses values that the product would refuse."""
    for item in items(value):
        key = item.split(":", 1)[-1]
        need(len(key) >= KEY_CHARS_MIN, f"a key has fewer than {KEY_CHARS_MIN} characters")
    need(value, "nothing would be left")
    return value
