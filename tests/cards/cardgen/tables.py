"""What lies under and beside the card in photographs of the held-out set."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import fonts, paint, people

KINDS = (
    "marble",
    "granite",
    "brick",
    "leaves",
    "newspaper",
    "batik",
    "keyboard",
    "sheet",
    "leather",
    "stripes",
    "room",
    "dark",
    "corrugated",
    "mosaic",
    "denim",
    "desk",
)


def table(rng, nrng, size, kind=None):
    """(picture, kind)."""
    kind = kind or rng.choice(KINDS)
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    unit = max(size)
    base = np.array([rng.uniform(60, 215)] * 3, np.float32) + nrng.uniform(-24, 24, 3).astype(np.float32)
    soft = paint.smooth(nrng, size, 5)
    field = (soft - 0.5) * 20
    if kind == "marble":
        veins = paint.smooth(nrng, size, 4) * 2 + paint.smooth(nrng, size, 13)
        base = np.array(rng.choice([(232, 230, 226), (44, 46, 50), (206, 196, 180)]), np.float32)
        sign = 1 if base[0] < 100 else -1
        field = sign * np.clip(1 - np.abs(np.sin(veins * rng.uniform(5, 9))) * 7, 0, 1) * rng.uniform(30, 90)
    elif kind == "granite":
        grain = nrng.random((height // 2 + 1, width // 2 + 1), dtype=np.float32)
        fine = Image.fromarray((grain * 255).astype(np.uint8)).resize(
            (width + 2, height + 2), Image.Resampling.BILINEAR
        )
        v = np.asarray(fine, np.float32)[:height, :width] / 255
        field = np.where(v > 0.68, 60, np.where(v < 0.3, -60, 0)) * rng.uniform(0.4, 1.0)
    elif kind == "brick":
        h = unit * rng.uniform(0.05, 0.11)
        shift = (np.floor(y / h) % 2) * h * 1.2
        gap = ((y % h) < h * 0.09) | (((x + shift) % (h * 2.4)) < h * 0.09)
        tone = np.sin(np.floor(y / h) * 12.9 + np.floor((x + shift) / (h * 2.4)) * 78.2) * 18
        base, field = np.array((168, 92, 70), np.float32), np.where(gap, 70, tone) + field
    elif kind == "stripes":
        p, turn = unit * rng.uniform(0.02, 0.09), rng.uniform(0, 3.14)
        wave = ((x * math.cos(turn) + y * math.sin(turn)) / p) % 1
        field = np.where(wave < rng.uniform(0.3, 0.7), rng.uniform(-80, -20), rng.uniform(0, 40))
    elif kind == "corrugated":
        p = unit * rng.uniform(0.008, 0.02)
        base, field = (
            np.array((176, 140, 100), np.float32),
            np.sin(x * 6.283 / p) * rng.uniform(6, 22) + field,
        )
    elif kind == "mosaic":
        p = unit * rng.uniform(0.03, 0.07)
        tone = np.sin(np.floor(x / p) * 91.7 + np.floor(y / p) * 47.3) * rng.uniform(15, 50)
        field = np.where(((x % p) < 3) | ((y % p) < 3), -50, tone)
    elif kind == "denim":
        base = np.array((62, 84, 128), np.float32)
        field = np.sin((x + 2 * y) * rng.uniform(0.5, 1.1)) * 14 + (paint.smooth(nrng, size, 90) - 0.5) * 40
    elif kind == "leather":
        field = (paint.smooth(nrng, size, 110) - 0.5) * rng.uniform(30, 70)
        base = np.array(rng.choice([(72, 44, 30), (30, 28, 30), (120, 60, 40)]), np.float32)
    elif kind == "dark":
        base = np.array([rng.uniform(8, 32)] * 3, np.float32)
    elif kind == "sheet":
        base = np.array([rng.uniform(200, 240)] * 3, np.float32) - nrng.uniform(0, 40, 3).astype(np.float32)
        fold = np.sin(paint.smooth(nrng, size, 3) * rng.uniform(12, 30))
        field = fold * rng.uniform(6, 22)
    image = Image.fromarray(np.clip(base + field[..., None], 0, 255).astype(np.uint8))
    drawn = {
        "leaves": _leaves,
        "newspaper": _newspaper,
        "batik": _batik,
        "keyboard": _keyboard,
        "room": _room,
    }
    if kind in drawn:
        image = drawn[kind](rng, image)
    return image, kind


def _leaves(rng, image):
    d = ImageDraw.Draw(image)
    width, height = image.size
    for _ in range(260):
        x, y, r, a = (
            rng.uniform(0, width),
            rng.uniform(0, height),
            width * rng.uniform(0.015, 0.05),
            rng.uniform(0, 6.3),
        )
        green = rng.choice([(40, 90, 36), (70, 120, 44), (26, 60, 30), (110, 130, 60)])
        tip, side = (math.cos(a), math.sin(a)), (-math.sin(a), math.cos(a))
        d.polygon(
            [
                (x + tip[0] * r * u + side[0] * r * v, y + tip[1] * r * u + side[1] * r * v)
                for u, v in ((-1.4, 0), (-0.4, 0.5), (0.7, 0.4), (1.6, 0), (0.7, -0.4), (-0.4, -0.5))
            ],
            fill=tuple(int(c * rng.uniform(0.7, 1.25)) for c in green),
        )
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 3)))


def _newspaper(rng, image):
    """Columns of print with headings and grey pictures."""
    width, height = image.size
    page = Image.new("RGB", (width, height), rng.choice([(226, 222, 210), (214, 210, 202), (238, 236, 228)]))
    d = ImageDraw.Draw(page)
    body, head = (
        fonts.special("pt-serif", rng.randint(13, 22)),
        fonts.special("pt-serif-bold", rng.randint(34, 60)),
    )
    column = width / rng.randint(3, 5)
    for left in np.arange(10, width, column):
        y = rng.uniform(-40, 20)
        while y < height:
            if rng.random() < 0.05:
                d.text(
                    (left, y),
                    people.name(rng, "L").title()[: int(column / head.size * 1.7)],
                    font=head,
                    fill=(24, 24, 26),
                )
                y += head.size * 1.3
            elif rng.random() < 0.02:
                d.rectangle((left, y, left + column - 20, y + column * 0.5), fill=(rng.randint(60, 170),) * 3)
                y += column * 0.55
            line = ""
            while body.getlength(line) < column - 40:
                line += rng.choice(people.words()["prose"]) + " "
            d.text((left, y), line, font=body, fill=(46, 46, 48))
            y += body.size * 1.25
    return page.rotate(rng.choice([0, 3, -8, 20, 90]), Image.Resampling.BILINEAR, fillcolor=(120, 110, 100))


def _batik(rng, image):
    d = ImageDraw.Draw(image)
    width, height = image.size
    p = width * rng.uniform(0.05, 0.14)
    inks = [tuple(rng.randint(20, 230) for _ in range(3)) for _ in range(3)]
    for row in range(int(height / p) + 3):
        for column in range(int(width / p) + 3):
            x, y = (column - 0.5 * (row % 2)) * p, row * p
            for scale, ink in zip((0.48, 0.34, 0.18), inks, strict=True):
                r = p * scale
                d.ellipse((x - r, y - r * 0.7, x + r, y + r * 0.7), outline=ink, width=max(2, int(p * 0.05)))
            d.line((x - p / 2, y - p / 2, x + p / 2, y + p / 2), fill=inks[0], width=2)
    return image


def _keyboard(rng, image):
    d = ImageDraw.Draw(image)
    width, height = image.size
    key = width * rng.uniform(0.055, 0.09)
    dark = rng.random() < 0.6
    d.rectangle((0, 0, width, height), fill=(36, 36, 40) if dark else (206, 208, 212))
    face = fonts.sans("tuffy", key * 0.34)
    for row in range(int(height / key) + 1):
        for column in range(int(width / key) + 1):
            x, y = column * key + (row % 3) * key * 0.3 - key * 0.3, row * key
            d.rounded_rectangle(
                (x + 3, y + 3, x + key - 3, y + key - 3),
                key * 0.12,
                fill=(20, 20, 23) if dark else (240, 240, 242),
            )
            d.text(
                (x + key * 0.3, y + key * 0.25),
                rng.choice("QWERTYUIOPASDFGHJKLZXCVBNM1234567890"),
                font=face,
                fill=(220, 220, 220) if dark else (50, 50, 52),
            )
    return image.rotate(rng.uniform(-20, 20), Image.Resampling.BILINEAR, fillcolor=(90, 80, 70))


def _room(rng, image):
    """A room far behind a card held up: soft shapes."""
    d = ImageDraw.Draw(image)
    width, height = image.size
    for _ in range(16):
        x, y, w, h = (
            rng.uniform(-0.2, 1) * width,
            rng.uniform(-0.2, 1) * height,
            rng.uniform(0.1, 0.6) * width,
            rng.uniform(0.1, 0.6) * height,
        )
        d.rectangle((x, y, x + w, y + h), fill=tuple(rng.randint(20, 235) for _ in range(3)))
    return image.filter(ImageFilter.GaussianBlur(width * rng.uniform(0.008, 0.03)))


def clutter(rng, image, corners):
    """Other things in view: a telephone, spectacles, a cable, keys, a cup, another card, a receipt, paper under the card."""
    width, height = image.size
    d = ImageDraw.Draw(image)
    if rng.random() < 0.3:
        _paper_below(rng, d, corners)
    for _ in range(rng.randint(1, 4)):
        side = rng.random() < 0.5
        edge, along = rng.choice([rng.uniform(-0.08, 0.14), rng.uniform(0.86, 1.08)]), rng.uniform(0, 1)
        cx, cy = (edge * width, along * height) if side else (along * width, edge * height)
        rng.choice([_slab, _glasses, _cable, _keys, _cup, _other_card, _slip, _slip])(rng, d, cx, cy, width)


def _box(cx, cy, w, h, angle):
    return [
        (cx + math.cos(angle) * a - math.sin(angle) * b, cy + math.sin(angle) * a + math.cos(angle) * b)
        for a, b in ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2))
    ]


def _paper_below(rng, d, corners):
    """A sheet whose edges run nearly along the card's."""
    mx, my = sum(c[0] for c in corners) / 4, sum(c[1] for c in corners) / 4
    grow = [rng.uniform(1.08, 1.7) for _ in corners]
    tone = rng.randint(150, 246)
    sheet = [(mx + (x - mx) * g, my + (y - my) * g) for (x, y), g in zip(corners, grow, strict=True)]
    d.polygon(sheet, fill=(tone, tone - rng.randint(0, 14), tone - rng.randint(0, 30)))


def _slab(rng, d, cx, cy, width):
    w = width * rng.uniform(0.14, 0.22)
    angle = rng.uniform(0, 3.1)
    d.polygon(_box(cx, cy, w, w * 2, angle), fill=(18, 18, 20))
    d.polygon(
        _box(cx, cy, w * 0.9, w * 1.86, angle),
        fill=rng.choice([(30, 34, 44), (90, 110, 160), (225, 228, 232)]),
    )


def _glasses(rng, d, cx, cy, width):
    r, ink = width * rng.uniform(0.04, 0.06), tuple(rng.randint(10, 90) for _ in range(3))
    for x in (cx - r * 1.25, cx + r * 1.25):
        d.ellipse((x - r, cy - r * 0.8, x + r, cy + r * 0.8), outline=ink, width=max(4, int(r * 0.14)))
    d.line((cx + r * 2.2, cy, cx + r * 2.6, cy + r * 4), fill=ink, width=max(4, int(r * 0.14)))


def _cable(rng, d, cx, cy, width):
    ink = rng.choice([(240, 240, 240), (20, 20, 20), (60, 60, 70)])
    phase, reach = rng.uniform(0, 6), width * rng.uniform(0.05, 0.12)
    points = [(cx + (t - 20) * width * 0.02, cy + math.sin(t * 0.4 + phase) * reach) for t in range(40)]
    d.line(points, fill=ink, width=max(5, width // 130), joint="curve")


def _keys(rng, d, cx, cy, width):
    r = width * 0.025
    d.ellipse((cx - r * 1.6, cy - r * 1.6, cx + r * 1.6, cy + r * 1.6), outline=(150, 150, 156), width=6)
    for k in range(3):
        a = rng.uniform(0, 6.3)
        d.line(
            (cx, cy, cx + math.cos(a) * r * 4, cy + math.sin(a) * r * 4),
            fill=(176, 166, 130 - k * 20),
            width=int(r * 0.7),
        )


def _cup(rng, d, cx, cy, width):
    r = width * rng.uniform(0.06, 0.11)
    rim, inside = (
        tuple(rng.randint(120, 250) for _ in range(3)),
        rng.choice([(58, 34, 18), (196, 170, 130), (235, 235, 232)]),
    )
    d.ellipse((cx - r, cy - r, cx + r, cy + r), fill=rim)
    d.ellipse((cx - r * 0.86, cy - r * 0.86, cx + r * 0.86, cy + r * 0.86), fill=inside)


def _other_card(rng, d, cx, cy, width):
    """Another card of the same size."""
    w, angle = width * rng.uniform(0.3, 0.5), rng.uniform(0, 3.1)
    d.polygon(_box(cx, cy, w, w * 0.63, angle), fill=tuple(rng.randint(30, 235) for _ in range(3)))
    d.polygon(_box(cx, cy, w * 0.9, w * 0.08, angle), fill=(30, 30, 32))


def _slip(rng, d, cx, cy, width):
    """A receipt with rows of print."""
    w, h, angle = width * rng.uniform(0.1, 0.2), width * rng.uniform(0.2, 0.5), rng.uniform(-0.6, 0.6)
    d.polygon(_box(cx, cy, w, h, angle), fill=(236, 234, 228))
    step = h / 18
    for k in range(-8, 9):
        dx, dy = -math.sin(angle) * k * step, math.cos(angle) * k * step
        a, b = (
            (cx + dx - math.cos(angle) * w * 0.42, cy + dy - math.sin(angle) * w * 0.42),
            rng.uniform(0.3, 0.84),
        )
        d.line(
            (*a, a[0] + math.cos(angle) * w * b, a[1] + math.sin(angle) * w * b),
            fill=(90, 90, 94),
            width=max(2, int(step * 0.3)),
        )
