"""Light of the held-out set: lamps, blinds, the shadow of a telephone, glare of tubes and panes, a hologram's sheen."""

import math

import numpy as np

from . import paint

LEVELS = {
    "T1": {
        "bright": (0.85, 1.1),
        "shadow": 0.25,
        "depth": (0.1, 0.3),
        "glare": 0.15,
        "power": 0.35,
        "cast": 0.07,
        "sheen": 0.15,
    },
    "T2": {
        "bright": (0.6, 1.1),
        "shadow": 0.55,
        "depth": (0.15, 0.5),
        "glare": 0.4,
        "power": 0.6,
        "cast": 0.15,
        "sheen": 0.2,
    },
    "T3": {
        "bright": (0.35, 1.05),
        "shadow": 0.75,
        "depth": (0.2, 0.6),
        "glare": 0.6,
        "power": 0.9,
        "cast": 0.24,
        "sheen": 0.25,
    },
}


def on_card(rng, corners):
    """A point of the card, in pixels."""
    u, v = rng.random(), rng.random()
    weights = ((1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v)
    return tuple(sum(c[i] * k for c, k in zip(corners, weights, strict=True)) for i in (0, 1))


def lit(rng, nrng, image, difficulty, corners):
    """(float pixels, what fell on the card in words)."""
    level, (width, height), said = LEVELS[difficulty], image.size, []
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    span = math.dist(corners[0], corners[1])
    # A lamp above one side: falls off with distance, and the corners of the lens are darker.
    lx, ly = rng.uniform(-0.3, 1.3) * width, rng.uniform(-0.3, 1.3) * height
    away = np.hypot(x - lx, y - ly) / max(width, height)
    factor = (
        rng.uniform(*level["bright"]) * (1 + rng.uniform(0.05, 0.4)) / (1 + away * rng.uniform(0.1, 0.55))
    )
    rim = np.hypot(x / width - 0.5, y / height - 0.5)
    factor *= 1 - rng.uniform(0, 0.3) * rim * rim * 2
    if rng.random() < level["shadow"]:
        kind = rng.choice(["telephone", "blinds", "hand", "half"])
        factor *= 1 - shade(rng, nrng, kind, x, y, width, height, corners) * rng.uniform(*level["depth"])
        said.append(f"{kind} shadow")
    out = np.asarray(image, np.float32) * factor[..., None]
    warm = rng.uniform(-1, 1) * level["cast"]
    out *= np.array([1 + warm, 1 + rng.uniform(-0.4, 0.4) * level["cast"], 1 - warm], np.float32)
    if rng.random() < level["sheen"]:
        px, py = on_card(rng, corners)
        r = span * rng.uniform(0.08, 0.2)
        near = np.exp(-(((x - px) / r) ** 2 + ((y - py) / (r * rng.uniform(0.5, 1.3))) ** 2))
        turn = (x - px) / r * rng.uniform(1, 3)
        bow = np.stack([np.cos(turn + k * 2.094) for k in range(3)], -1)
        out += near[..., None] * bow * rng.uniform(10, 34)
    if rng.random() < level["glare"]:
        kind = rng.choice(["tube", "pane", "spots"])
        spot = glare(rng, kind, x, y, span, corners) * level["power"] * rng.uniform(0.35, 1)
        out = out * (1 - spot[..., None]) + rng.uniform(240, 262) * spot[..., None]
        said.append(f"glare of {kind}")
    return out, ", ".join(said)


def shade(rng, nrng, kind, x, y, width, height, corners):
    """0..1 where a shadow lies."""
    turn = rng.uniform(0, 6.28)
    px, py = on_card(rng, corners)
    u = (x - px) * math.cos(turn) + (y - py) * math.sin(turn)
    v = -(x - px) * math.sin(turn) + (y - py) * math.cos(turn)
    soft = width * rng.uniform(0.004, 0.05)

    def side(distance):
        return 1 / (1 + np.exp(-np.clip(distance / soft, -30, 30)))

    if kind == "telephone":
        half = width * rng.uniform(0.12, 0.3)
        return side(half - np.abs(v)) * side(u + half * rng.uniform(0, 1.5))
    if kind == "blinds":
        p = width * rng.uniform(0.06, 0.2)
        return side(np.sin(u * 6.283 / p) * p * 0.3)
    if kind == "hand":
        edge = (paint.smooth(nrng, (width, height), 3) - 0.5) * width * 0.5
        return side(u + edge)
    return side(u)


def glare(rng, kind, x, y, span, corners):
    """0..1 where light is mirrored."""
    px, py = on_card(rng, corners)
    turn = rng.uniform(0, 3.14)
    u = ((x - px) * math.cos(turn) + (y - py) * math.sin(turn)) / span
    v = (-(x - px) * math.sin(turn) + (y - py) * math.cos(turn)) / span
    if kind == "tube":
        return np.exp(-((v / rng.uniform(0.015, 0.06)) ** 2)) * np.exp(-((u / rng.uniform(0.15, 0.5)) ** 2))
    if kind == "pane":
        a, b, s = rng.uniform(0.06, 0.16), rng.uniform(0.06, 0.2), rng.uniform(0.006, 0.03)
        return (
            1
            / (1 + np.exp(-np.clip((a - np.abs(u)) / s, -30, 30)))
            / (1 + np.exp(-np.clip((b - np.abs(v)) / s, -30, 30)))
        )
    out = np.zeros_like(x)
    for _ in range(rng.randint(2, 6)):
        cx, cy = on_card(rng, corners)
        r = span * rng.uniform(0.015, 0.07)
        out = np.maximum(out, np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (r * r)))
    return out
