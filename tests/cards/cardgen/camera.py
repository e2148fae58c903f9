"""Photographs and scans of the held-out set: another way to hold the camera, another light, lens and telephone.

Where `photo` moves corners by chance, this one turns the card in space and projects it; where that one blurs with
a Gaussian, this one has a lens with an aperture, and the telephone's own denoising and sharpening after it.
"""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from . import light, paint, photo, tables

# `least` is the least width of a card in pixels; `lean` and `roll` are degrees, `disc` and `motion` pixels.
LEVELS = {
    "T1": {
        "least": 860,
        "sizes": [(1920, 1440), (1800, 1350), (1350, 1800), (1664, 936), (2048, 1152), (1500, 1500)],
        "lean": 9,
        "roll": 6,
        "share": (0.6, 0.9),
        "turned": 0.08,
        "cut": 0.0,
        "disc": (0.0, 0.9),
        "motion": (0.0, 0),
        "noise": (0.5, 4),
        "quality": (74, 94),
        "soft": 0.1,
        "resized": 0.05,
        "gray": 0.03,
        "moire": 0.0,
        "barrel": 0.004,
        "clutter": 0.5,
        "finger": 0.03,
    },
    "T2": {
        "least": 640,
        "sizes": [(1600, 1200), (1200, 1600), (1280, 960), (960, 1280), (1440, 810), (1280, 1280)],
        "lean": 20,
        "roll": 14,
        "share": (0.52, 0.85),
        "turned": 0.15,
        "cut": 0.03,
        "disc": (0.4, 1.7),
        "motion": (0.15, 4),
        "noise": (2, 9),
        "quality": (55, 85),
        "soft": 0.3,
        "resized": 0.2,
        "gray": 0.06,
        "moire": 0.06,
        "barrel": 0.01,
        "clutter": 0.65,
        "finger": 0.12,
    },
    "T3": {
        "least": 520,
        "sizes": [(1200, 900), (900, 1200), (1024, 768), (1280, 720), (960, 960)],
        "lean": 32,
        "roll": 28,
        "share": (0.5, 0.82),
        "turned": 0.22,
        "cut": 0.1,
        "disc": (0.9, 2.6),
        "motion": (0.35, 7),
        "noise": (4, 15),
        "quality": (36, 70),
        "soft": 0.5,
        "resized": 0.35,
        "gray": 0.08,
        "moire": 0.12,
        "barrel": 0.018,
        "clutter": 0.75,
        "finger": 0.22,
    },
}


def pose(rng, size, ratio, level):
    """(corners TL TR BR BL, quarter turns, roll in degrees): the card turned in space, seen through a lens."""
    width, height = size
    for attempt in range(60):
        turns = rng.choice([1, 2, 3]) if rng.random() < level["turned"] else 0
        roll = max(-level["roll"], min(level["roll"], rng.gauss(0, level["roll"] / 2)))
        lean = math.radians(rng.uniform(0, level["lean"]))
        toward = rng.uniform(0, 2 * math.pi)
        total = math.radians(roll) + turns * math.pi / 2
        far = rng.uniform(1.6, 3.2)  # of the card's width
        flat = [(-0.5, -ratio / 2), (0.5, -ratio / 2), (0.5, ratio / 2), (-0.5, ratio / 2)]
        seen = []
        for a, b in flat:
            x, y = a * math.cos(total) - b * math.sin(total), a * math.sin(total) + b * math.cos(total)
            # Lean about the axis `toward`: along it nothing changes, across it the card recedes.
            along, across = (
                x * math.cos(toward) + y * math.sin(toward),
                -x * math.sin(toward) + y * math.cos(toward),
            )
            depth = far + across * math.sin(lean)
            across *= math.cos(lean)
            x, y = (
                along * math.cos(toward) - across * math.sin(toward),
                along * math.sin(toward) + across * math.cos(toward),
            )
            seen.append((x * far / depth, y * far / depth))
        spans = [max(p[i] for p in seen) - min(p[i] for p in seen) for i in (0, 1)]
        share = rng.uniform(*level["share"]) * 0.985**attempt
        wide = max(share * (width if turns % 2 == 0 else height), level["least"])
        scale = min(wide / spans[turns % 2], 0.93 * width / spans[0], 0.93 * height / spans[1])
        low = [min(p[i] for p in seen) * scale for i in (0, 1)]
        cut = rng.random() < level["cut"]
        over = 0.05 * scale if cut else -4
        place = [
            rng.uniform(-over - low[i], max(-over - low[i], side + over - low[i] - spans[i] * scale))
            for i, side in enumerate(size)
        ]
        corners = [(x * scale + place[0], y * scale + place[1]) for x, y in seen]
        if all(-over <= x <= width + over and -over <= y <= height + over for x, y in corners):
            break
    return corners, turns, roll


def take(rng, nrng, card, difficulty, turns=None, setting=None, around=None, over=None):
    """As `photo.take`: (picture, corners, quarter turns, tilt, traits)."""
    mask = paint.rounded_mask(card.size, rng.randint(36, 66))
    if difficulty == "T0":
        return scan(rng, nrng, card, mask, turns, setting, around)
    level = dict(LEVELS[difficulty])
    if turns is not None:
        level["turned"] = 0.0
    size = rng.choice(level["sizes"])
    corners, found, roll = pose(rng, size, card.height / card.width, level)
    picture, table = tables.table(rng, nrng, size, setting)
    if rng.random() < level["clutter"]:
        tables.clutter(rng, picture, corners)
    if around:
        around(picture, corners)
    picture = photo.lay(picture, card, mask, corners, rng)
    if over:
        over(picture, corners)
    traits = {"table": table, "finger": rng.random() < level["finger"]}
    if traits["finger"]:
        hand(rng, picture, corners)
    pixels, traits["lit"] = light.lit(rng, nrng, picture, difficulty, corners)
    picture, corners = barrel(
        rng, Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), corners, level["barrel"]
    )
    picture, traits["blur"] = develop(rng, nrng, picture, level)
    traits["moire"] = rng.random() < level["moire"]
    if traits["moire"]:
        picture = moire(rng, picture)
    traits["gray"] = rng.random() < level["gray"]
    if traits["gray"]:
        picture = picture.convert("L").convert("RGB")
    return photo.turn(picture, corners, found, roll, turns, traits)


def hand(rng, image, corners):
    """A thumb or two fingers that hold the card at its left or right edge or below."""
    d = ImageDraw.Draw(image)
    a, b = rng.choice([(0, 3), (1, 2), (3, 2)])
    a, b = corners[a], corners[b]
    mx, my = sum(c[0] for c in corners) / 4, sum(c[1] for c in corners) / 4
    tone = rng.uniform(0.45, 1)
    skin = tuple(int(c * tone) for c in (224, 172, 134))
    span = math.dist(corners[0], corners[1])
    first = rng.uniform(0.3, 0.8)
    for k in range(rng.choice([1, 1, 2])):
        t = min(0.95, first + k * 0.16)
        x, y = a[0] * (1 - t) + b[0] * t, a[1] * (1 - t) + b[1] * t
        away = math.atan2(y - my, x - mx)
        r, reach = span * rng.uniform(0.04, 0.055), span * rng.uniform(-0.01, 0.05)
        x, y = x - math.cos(away) * reach, y - math.sin(away) * reach
        d.line(
            (x, y, x + math.cos(away) * r * 12, y + math.sin(away) * r * 12), fill=skin, width=round(r * 2.1)
        )
        d.ellipse((x - r, y - r, x + r, y + r), fill=skin)
        nail = tuple(min(255, int(c * 1.12) + 14) for c in skin)
        nx, ny = x + math.cos(away) * r * 0.2, y + math.sin(away) * r * 0.2
        d.ellipse((nx - r * 0.55, ny - r * 0.55, nx + r * 0.55, ny + r * 0.55), fill=nail)


def barrel(rng, image, corners, most):
    """Bend straight lines a little, as wide lenses do."""
    k = rng.uniform(-most, most)
    if abs(k) < 0.001:
        return image, corners
    width, height = image.size
    unit = math.hypot(width, height) / 2

    def source(x, y):
        u, v = (x - width / 2) / unit, (y - height / 2) / unit
        f = 1 + k * (u * u + v * v) - abs(k) * 0.2
        return u * f * unit + width / 2, v * f * unit + height / 2

    n, mesh = 24, []
    for row in range(n):
        for column in range(n):
            x0, x1 = round(column * width / n), round((column + 1) * width / n)
            y0, y1 = round(row * height / n), round((row + 1) * height / n)
            quad = (*source(x0, y0), *source(x0, y1), *source(x1, y1), *source(x1, y0))
            mesh.append(((x0, y0, x1, y1), quad))
    bent = image.transform(image.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)

    def target(x, y):
        at = (x, y)
        for _ in range(6):
            sx, sy = source(*at)
            at = (at[0] + x - sx, at[1] + y - sy)
        return at

    return bent, [target(*c) for c in corners]


def disc(pixels, radius):
    """Blur with an aperture: a disc of this radius, by adding up shifted pictures."""
    if radius < 0.3:
        return pixels
    reach = math.ceil(radius + 0.5)
    out, weight = np.zeros_like(pixels), 0.0
    wide = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    h, w = pixels.shape[:2]
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            share = min(1.0, max(0.0, radius + 0.5 - math.hypot(dx, dy)))
            if share:
                out += wide[reach + dy : reach + dy + h, reach + dx : reach + dx + w] * share
                weight += share
    return out / weight


def shake(pixels, length, angle):
    """Motion along a line of any direction."""
    steps = max(2, math.ceil(length) + 1)
    reach = math.ceil(length) + 1
    wide = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    h, w = pixels.shape[:2]
    out = np.zeros_like(pixels)
    for k in range(steps):
        t = (k / (steps - 1) - 0.5) * length
        dx, dy = math.cos(angle) * t, math.sin(angle) * t
        ix, iy = math.floor(dx), math.floor(dy)
        fx, fy = dx - ix, dy - iy
        for ox, oy, share in (
            (0, 0, (1 - fx) * (1 - fy)),
            (1, 0, fx * (1 - fy)),
            (0, 1, (1 - fx) * fy),
            (1, 1, fx * fy),
        ):
            if share > 0.01:
                y, x = reach + iy + oy, reach + ix + ox
                out += wide[y : y + h, x : x + w] * share
    return out / steps


def develop(rng, nrng, image, level):
    """(picture, kind of blur): lens, sensor, and what the telephone makes of it."""
    pixels = np.asarray(image, np.float32)
    what = ""
    pixels = disc(pixels, rng.uniform(*level["disc"]))
    chance, longest = level["motion"]
    if rng.random() < chance:
        pixels, what = shake(pixels, rng.uniform(1.5, longest), rng.uniform(0, 3.14)), "motion"
    sigma = rng.uniform(*level["noise"])
    # More noise where there is more light, less in shadow, as photons arrive; and blotches of colour.
    shot = np.sqrt(np.clip(pixels, 4, 255) / 128)
    pixels = pixels + shot * nrng.standard_normal((*pixels.shape[:2], 1), dtype=np.float32) * sigma
    small = (
        nrng.standard_normal((image.height // 4 + 1, image.width // 4 + 1, 3), dtype=np.float32) * sigma * 0.5
    )
    blotch = Image.fromarray(np.clip(small * 8 + 128, 0, 255).astype(np.uint8)).resize(
        image.size, Image.Resampling.BILINEAR
    )
    pixels = pixels + (np.asarray(blotch, np.float32) - 128) / 8
    gamma, contrast = rng.uniform(0.85, 1.18), rng.uniform(0.88, 1.14)
    pixels = 255 * (np.clip(pixels, 0, 255) / 255) ** gamma
    pixels = (pixels - 128) * contrast + 128
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if rng.random() < level["soft"]:
        picture = picture.filter(ImageFilter.MedianFilter(3))
        what = what or "denoised"
    if rng.random() < 0.5:
        picture = picture.filter(ImageFilter.UnsharpMask(rng.uniform(0.8, 2), rng.randint(30, 120), 2))
    if rng.random() < level["resized"]:
        # Sent through a messenger: made smaller, and larger again by whoever saved it.
        scale, full = rng.uniform(0.6, 0.85), picture.size
        picture = picture.resize((round(full[0] * scale), round(full[1] * scale)), Image.Resampling.BILINEAR)
        picture, what = picture.resize(full, Image.Resampling.BILINEAR), what or "resized"
    return picture, what


def moire(rng, image):
    """A picture of a picture on a screen: its grid beats with the sensor's."""
    width, height = image.size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    out = np.asarray(image, np.float32)
    for channel in range(3):
        p, turn = rng.uniform(2.2, 7), rng.uniform(-0.2, 0.2)
        wave = np.sin((x * math.cos(turn) + y * math.sin(turn)) * 6.283 / p) * np.sin(
            (y - x * turn) * 6.283 / p
        )
        out = out * 1.0
        out[..., channel] *= 1 + wave * rng.uniform(0.02, 0.08)
    beat = np.sin((x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1)) * 6.283 / rng.uniform(40, 120))
    out *= (1 + beat * rng.uniform(0.0, 0.06))[..., None]
    return Image.fromarray(np.clip(out, 0, 255).astype(np.uint8))


def scan(rng, nrng, card, mask, turns, kind=None, around=None):
    """A flatbed's or an application's scan: on the glass, on a coloured sheet, on a form, trimmed, or photocopied."""
    kind = kind or rng.choices(["glass", "sheet", "form", "trimmed"], [5, 3, 2, 3])[0]
    target = rng.randint(980, 1700) if kind != "form" else rng.randint(640, 980)
    ratio = card.height / card.width
    w, h = target, target * ratio
    grow = {"glass": (1.02, 1.25), "sheet": (1.05, 1.5), "form": (1.35, 2.1), "trimmed": (1.0, 1.0)}[kind]
    width, height = round(w * rng.uniform(*grow)), round(h * rng.uniform(*grow))
    x, y = rng.uniform(0, 1) * (width - w), rng.uniform(0, 1) * (height - h)
    ground = {
        "glass": rng.choice([(255, 255, 255), (8, 8, 10), (218, 220, 222)]),
        "sheet": tuple(rng.randint(120, 250) for _ in range(3)),
        "form": (250, 250, 248),
        "trimmed": (250, 250, 250),
    }[kind]
    picture = Image.new("RGB", (width, height), ground)
    if kind == "form":
        d = ImageDraw.Draw(picture)
        for k in range(3, 40):
            top = k * height / 40
            if top < y - 20 or top > y + h + 20:
                d.line(
                    (width * 0.08, top, width * rng.uniform(0.4, 0.92), top),
                    fill=(120, 120, 124),
                    width=max(3, height // 260),
                )
    if turns is None and rng.random() < 0.06:
        turns = rng.choice([1, 2, 3])
    angle = 0.0 if kind == "trimmed" else math.radians(rng.uniform(-1.6, 1.6))
    cx, cy = x + w / 2, y + h / 2
    corners = [
        (cx + a * math.cos(angle) - b * math.sin(angle), cy + a * math.sin(angle) + b * math.cos(angle))
        for a, b in ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2))
    ]
    if kind == "trimmed":
        mask = Image.new("L", card.size, 255)
    if around:
        around(picture, corners)
    picture = photo.lay(picture, card, mask, corners, rng)
    pixels = disc(np.asarray(picture, np.float32), rng.uniform(0, 0.8))
    pixels = 255 * (np.clip(pixels * rng.uniform(0.95, 1.08), 0, 255) / 255) ** rng.uniform(0.85, 1.15)
    pixels += nrng.standard_normal(pixels.shape, dtype=np.float32) * rng.uniform(1, 2.8)
    traits = {"scan": kind, "gray": rng.random() < 0.12, "copy": False}
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if rng.random() < 0.3:
        picture = picture.filter(ImageFilter.UnsharpMask(1.2, rng.randint(40, 120), 2))
    if traits["gray"]:
        gray = np.asarray(picture.convert("L"), np.float32)
        traits["copy"] = rng.random() < 0.5
        if traits["copy"]:
            gray = 255 / (1 + np.exp(-(gray - rng.uniform(95, 125)) / rng.uniform(16, 30)))
            gray -= 120 * (nrng.random(gray.shape) < rng.uniform(0, 0.0008))
        picture = Image.fromarray(np.clip(gray, 0, 255).astype(np.uint8)).convert("RGB")
    return photo.turn(picture, corners, 0, math.degrees(angle), turns, traits)
