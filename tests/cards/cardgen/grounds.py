"""Card grounds of the held-out set: patterns and tints that `paint.guilloche` never makes."""

import math

import numpy as np
from PIL import Image, ImageDraw

from . import fonts, paint

FAMILIES = ("lattice", "spiro", "dots", "contours", "batik", "micro", "plain", "rays")


def tint_of(rng, base):
    """A whole-card tint near the base, sometimes greenish, lilac or pale."""
    mood = rng.choice([(0, 0, 0), (0, 0, 0), (-14, 8, -12), (14, -8, 4), (18, 14, 10), (-20, -12, -4)])
    return tuple(int(np.clip(c + m + rng.uniform(-10, 10), 40, 252)) for c, m in zip(base, mood, strict=True))


def ground(rng, nrng, size, base, ink, strength, family=None):
    """(card ground, family): a gradient of three tints under one of the patterns."""
    width, height = size
    family = family or rng.choice(FAMILIES)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    first, second = (np.array(tint_of(rng, base), np.float32) for _ in range(2))
    if rng.random() < 0.5:
        angle = rng.uniform(0, 6.28)
        t = 0.5 + (x / width - 0.5) * math.cos(angle) + (y / height - 0.5) * math.sin(angle)
    else:
        t = np.hypot(x / width - rng.uniform(0.2, 0.8), (y / height - rng.uniform(0.2, 0.8)) * 0.63) * 1.6
    t = np.clip(t, 0, 1)[..., None]
    out = first * (1 - t) + second * t
    out += (paint.smooth(nrng, size, rng.randint(2, 4)) - 0.5)[..., None] * rng.uniform(0, 16)
    lines = pattern(rng, nrng, size, x, y, family) * strength
    out = out * (1 - lines[..., None]) + np.array(ink, np.float32) * lines[..., None]
    out += nrng.normal(0, rng.uniform(0, 2.5), (height, width, 1)).astype(np.float32)
    return Image.fromarray(np.clip(out, 0, 255).astype(np.uint8)), family


def pattern(rng, nrng, size, x, y, family):
    """0..1 where the pattern is inked."""
    if family == "lattice":
        p, turn = rng.uniform(7, 16), rng.uniform(0, 1)
        bend = (paint.smooth(nrng, size, 3) - 0.5) * rng.uniform(20, 160)
        waves = [
            np.cos(
                ((x + bend) * math.cos(turn + k * 1.0472) + (y + bend) * math.sin(turn + k * 1.0472))
                * 6.283
                / p
            )
            for k in range(3)
        ]
        return np.clip(np.maximum(np.maximum(waves[0], waves[1]), waves[2]) * 5 - 4.1, 0, 1)
    if family == "dots":
        p = rng.uniform(6, 13)
        grow = paint.smooth(nrng, size, rng.randint(3, 8))
        shift = (np.floor(y / p) % 2) * p / 2
        away = np.hypot((x + shift) % p - p / 2, y % p - p / 2)
        return np.clip((grow * 0.62 * p / 1.6 - away) * 1.2 + 0.5, 0, 1)
    if family == "contours":
        field = paint.smooth(nrng, size, rng.randint(4, 9)) + 0.3 * paint.smooth(nrng, size, 14)
        return np.clip(np.cos(field * 6.283 * rng.uniform(14, 34)) * 4 - 2.9, 0, 1)
    if family == "rays":
        cx, cy = rng.uniform(-0.2, 1.2) * size[0], rng.uniform(-0.3, 1.3) * size[1]
        angle, radius = np.arctan2(y - cy, x - cx), np.hypot(x - cx, y - cy)
        wave = np.cos(
            angle * rng.randint(140, 320) + np.sin(radius / rng.uniform(18, 60)) * rng.uniform(0.5, 3)
        )
        return np.clip(wave * 3 - 1.9, 0, 1)
    if family == "plain":
        return np.clip(paint.smooth(nrng, size, 120) - 0.6, 0, 1) * 0.5
    layer = Image.new("L", size, 0)
    d = ImageDraw.Draw(layer)
    {"spiro": _spiro, "batik": _batik, "micro": _micro}[family](rng, d, size)
    return np.asarray(layer, np.float32) / 255


def _spiro(rng, d, size):
    """Rosettes as a spirograph draws them."""
    for _ in range(rng.randint(3, 7)):
        cx, cy = rng.uniform(0, size[0]), rng.uniform(0, size[1])
        big, small, pen = rng.uniform(120, 460), rng.uniform(0.13, 0.47), rng.uniform(0.5, 1.1)
        turns, points = rng.randint(18, 46), []
        for step in range(turns * 60):
            t = step / 60 * 6.2832
            k = (1 - small) / small
            points.append(
                (
                    cx + big * ((1 - small) * math.cos(t) + pen * small * math.cos(k * t)),
                    cy + big * 0.7 * ((1 - small) * math.sin(t) - pen * small * math.sin(k * t)),
                )
            )
        d.line(points, fill=rng.randint(120, 220), width=rng.choice([1, 1, 2]))


def _batik(rng, d, size):
    """Tiled motifs of arcs and rhombs."""
    p = rng.randint(46, 110)
    for row, top in enumerate(range(-p, size[1] + p, p)):
        for left in range(-p, size[0] + p, p):
            cx, cy = left + (row % 2) * p / 2, top
            r = p * 0.42
            d.ellipse((cx - r, cy - r, cx + r, cy + r), outline=170, width=2)
            d.polygon(
                [(cx, cy - r * 0.7), (cx + r * 0.4, cy), (cx, cy + r * 0.7), (cx - r * 0.4, cy)], outline=190
            )
            d.line((cx - r, cy, cx + r, cy), fill=110)


def _micro(rng, d, size):
    """Rows of tiny print."""
    face = fonts.sans("clear", rng.uniform(9, 13))
    text = rng.choice(["REPUBLIKINDONESIA", "KARTUTANDAPENDUDUK", "NUSANTARA"]) * 24
    y = 0.0
    while y < size[1]:
        d.text((-rng.randint(0, 60), y), text, font=face, fill=150)
        y += face.size * rng.uniform(1.1, 1.5)
