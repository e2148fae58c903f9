"""Photographs and scans of a flat card: pose, table, light, lens, sensor. Knows nothing of what it says."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from . import fonts, paint, people

# Per difficulty. Jitter moves each corner (share of the card's width), tilt is in degrees, blur in pixels.
LEVELS = {
    "T1": {
        "sizes": [(2000, 1125), (1600, 1200), (1500, 1125), (1200, 1600), (1440, 1080)],
        "jitter": 0.02,
        "tilt": 5,
        "share": (0.62, 0.86),
        "blur": (0.0, 0.7),
        "noise": (1, 4),
        "quality": (76, 93),
        "shadow": 0.25,
        "glare": 0.12,
        "glare_power": 0.3,
        "cast": 0.06,
        "light": (0.9, 1.08),
        "clutter": 0.45,
        "motion": 0.0,
        "finger": 0.0,
        "cut": 0.0,
        "turned": 0.06,
        "gray": 0.03,
    },
    "T2": {
        "sizes": [(1600, 1200), (1080, 1440), (1280, 960), (1280, 720), (1200, 1600)],
        "jitter": 0.045,
        "tilt": 12,
        "share": (0.55, 0.82),
        "blur": (0.3, 1.2),
        "noise": (2, 8),
        "quality": (58, 86),
        "shadow": 0.55,
        "glare": 0.4,
        "glare_power": 0.5,
        "cast": 0.14,
        "light": (0.65, 1.08),
        "clutter": 0.6,
        "motion": 0.12,
        "finger": 0.08,
        "cut": 0.02,
        "turned": 0.12,
        "gray": 0.05,
    },
    "T3": {
        "sizes": [(1200, 900), (900, 1200), (1000, 750), (900, 675), (1280, 720)],
        "jitter": 0.08,
        "tilt": 25,
        "share": (0.5, 0.82),
        "blur": (0.7, 1.9),
        "noise": (5, 15),
        "quality": (38, 72),
        "shadow": 0.75,
        "glare": 0.6,
        "glare_power": 0.85,
        "cast": 0.22,
        "light": (0.4, 1.0),
        "clutter": 0.7,
        "motion": 0.35,
        "finger": 0.2,
        "cut": 0.08,
        "turned": 0.2,
        "gray": 0.07,
    },
}


EDGE = 4


def solve(source, target):
    """The eight coefficients by which Pillow maps output (target) points to input (source) points."""
    rows, right = [], []
    for (sx, sy), (tx, ty) in zip(source, target, strict=True):
        rows += [[tx, ty, 1, 0, 0, 0, -sx * tx, -sx * ty], [0, 0, 0, tx, ty, 1, -sy * tx, -sy * ty]]
        right += [sx, sy]
    return np.linalg.solve(np.array(rows, float), np.array(right, float))


def background(rng, nrng, size, kind=None):
    """A table to lay the card on, uint8."""
    width, height = size
    kind = kind or rng.choice(
        ["wood", "wood", "cloth", "noise", "carpet", "plain", "plain", "tiles", "paper", "gradient", "check"]
    )
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    base = np.array([rng.randint(30, 225)] * 3, np.float32) + nrng.uniform(-30, 30, 3).astype(np.float32)
    if kind == "wood":
        base = np.array(
            rng.choice([(150, 108, 66), (196, 154, 104), (98, 64, 40), (176, 142, 108), (70, 52, 44)]),
            np.float32,
        )
        along, across = (x, y) if rng.random() < 0.5 else (y, x)
        bend = paint.smooth(nrng, size, 4) * rng.uniform(20, 90)
        grain = (
            np.sin((across + bend + along * 0.02) / rng.uniform(3, 9)) * 6
            + np.sin((across + bend * 2) / rng.uniform(14, 40)) * 10
        )
        field = grain + (paint.smooth(nrng, size, 60) - 0.5) * 24
        board = rng.uniform(0.2, 0.6) * max(size)
        field -= 60 * (np.abs((across + board / 3) % board) < 2)
    elif kind == "cloth":
        p, q = rng.uniform(3, 9), rng.uniform(3, 9)
        field = np.sin(x * 6.28 / p) * rng.uniform(4, 16) + np.sin(y * 6.28 / q) * rng.uniform(4, 16)
        field += (paint.smooth(nrng, size, 5) - 0.5) * 50
        if rng.random() < 0.4:
            stripe = rng.uniform(40, 200)
            field += (np.sin((x + y * rng.uniform(-1, 1)) * 6.28 / stripe) > 0.3) * rng.uniform(-50, 50)
    elif kind in ("noise", "carpet"):
        field = (paint.smooth(nrng, size, rng.randint(40, 160)) - 0.5) * rng.uniform(40, 140)
        if kind == "carpet":
            field += nrng.normal(0, 14, (height, width)).astype(np.float32)
    elif kind == "tiles":
        t = rng.uniform(0.2, 0.5) * width
        field = (paint.smooth(nrng, size, 8) - 0.5) * 20 - 70 * (((x + 31) % t < 4) | ((y + 57) % t < 4))
    elif kind == "check":
        t = rng.uniform(20, 90)
        field = (((x // t).astype(int) + (y // t).astype(int)) % 2) * rng.uniform(-70, 70)
    elif kind == "gradient":
        field = (x * rng.uniform(-1, 1) / width + y * rng.uniform(-1, 1) / height) * 120
    else:
        field = (paint.smooth(nrng, size, 3) - 0.5) * 16
        if kind == "paper":
            base = np.array([rng.randint(205, 245)] * 3, np.float32)
    image = Image.fromarray(np.clip(base + field[..., None], 0, 255).astype(np.uint8))
    if kind == "paper":
        printed(rng, image, rng.uniform(0, 360))
    return image


def printed(rng, image, angle):
    """Lines of print over part of the table, as on a form or newspaper under the card."""
    width, height = image.size
    layer = Image.new("L", (width, height), 0)
    d = ImageDraw.Draw(layer)
    face = fonts.special(rng.choice(["serif", "mono"]), rng.randint(14, 30))
    words = people.words()["table print"]
    y = 10
    while y < height:
        d.text((20, y), " ".join(rng.choices(words, k=24)), font=face, fill=190)
        y += face.size * 1.35
    layer = layer.rotate(angle, Image.Resampling.BILINEAR, expand=False)
    image.paste((40, 40, 44), (0, 0), layer)


def clutter(rng, nrng, image):
    """Other things on the table: papers, coloured notes, a pen, a coin."""
    width, height = image.size
    d = ImageDraw.Draw(image)
    for _ in range(rng.randint(1, 4)):
        kind = rng.choice(["sheet", "sheet", "note", "pen", "coin", "lined"])
        cx, cy = (
            rng.choice([rng.uniform(-0.1, 0.2), rng.uniform(0.8, 1.1)]) * width,
            rng.uniform(-0.1, 1.1) * height,
        )
        if rng.random() < 0.4:
            cx, cy = (
                rng.uniform(0, 1) * width,
                rng.choice([rng.uniform(-0.1, 0.12), rng.uniform(0.9, 1.1)]) * height,
            )
        if kind in ("sheet", "note", "lined"):
            w, h = rng.uniform(0.15, 0.5) * width, rng.uniform(0.15, 0.5) * width
            angle = rng.uniform(0, math.pi)
            corners = [
                (
                    cx + math.cos(angle) * a - math.sin(angle) * b,
                    cy + math.sin(angle) * a + math.cos(angle) * b,
                )
                for a, b in ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2))
            ]
            colour = (
                tuple(rng.randint(205, 250) for _ in range(3))
                if kind != "note"
                else tuple(rng.randint(10, 250) for _ in range(3))
            )
            d.polygon([(px + 6, py + 8) for px, py in corners], fill=(30, 30, 30))
            d.polygon(corners, fill=colour)
            if kind == "lined":
                for k in range(1, 14):
                    t = k / 14
                    a = [corners[0][i] * (1 - t) + corners[3][i] * t for i in (0, 1)]
                    b = [corners[1][i] * (1 - t) + corners[2][i] * t for i in (0, 1)]
                    d.line((*a, *b), fill=(90, 90, 130), width=2)
        elif kind == "pen":
            angle = rng.uniform(0, 6.28)
            end = (cx + math.cos(angle) * width * 0.35, cy + math.sin(angle) * width * 0.35)
            d.line(
                (cx, cy, *end), fill=tuple(rng.randint(0, 120) for _ in range(3)), width=max(8, width // 70)
            )
        else:
            r = width * rng.uniform(0.025, 0.05)
            d.ellipse((cx - r, cy - r, cx + r, cy + r), fill=(190, 180, 150), outline=(120, 110, 90), width=3)


def pose(rng, size, ratio, level):
    """The four corners of the upright card in the picture, TL TR BR BL, and the rotation in quarter turns."""
    width, height = size
    for attempt in range(40):
        turns = rng.choice([1, 2, 3]) if rng.random() < level["turned"] else 0
        share = rng.uniform(*level["share"]) * (0.97**attempt)
        angle = math.radians(rng.gauss(0, level["tilt"] / 2))
        angle = max(-math.radians(level["tilt"]), min(math.radians(level["tilt"]), angle))
        bounds_w, bounds_h = (width, height) if turns % 2 == 0 else (height, width)
        w = min(share * bounds_w, 0.9 * bounds_h / ratio)
        h = w * ratio
        cut = rng.random() < level["cut"]
        slack_x, slack_y = (
            max(0, width - (w if turns % 2 == 0 else h)) / 2,
            max(0, height - (h if turns % 2 == 0 else w)) / 2,
        )
        reach = 1.15 if cut else 0.85
        cx, cy = (
            width / 2 + rng.uniform(-1, 1) * slack_x * reach,
            height / 2 + rng.uniform(-1, 1) * slack_y * reach,
        )
        total = angle + turns * math.pi / 2
        corners = []
        for a, b in ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2)):
            a += rng.uniform(-1, 1) * level["jitter"] * w
            b += rng.uniform(-1, 1) * level["jitter"] * w
            corners.append(
                (
                    cx + a * math.cos(total) - b * math.sin(total),
                    cy + a * math.sin(total) + b * math.cos(total),
                )
            )
        margin = -0.06 * w if cut else 4
        if all(margin <= px <= width - margin and margin <= py <= height - margin for px, py in corners):
            break
    return corners, turns, math.degrees(angle)


def lay(photo, card, mask, corners, rng):
    """Put the card on the table with its shadow."""
    side = max(math.dist(corners[0], corners[1]), math.dist(corners[3], corners[2]))
    scale = min(1.0, side * 1.08 / card.width)
    if scale < 0.98:
        new = (round(card.width * scale), round(card.height * scale))
        card, mask = card.resize(new, Image.Resampling.LANCZOS), mask.resize(new, Image.Resampling.LANCZOS)
    w, h = card.size
    # A clear border, or an edge that is also the image's edge would be cut in steps.
    wider = card.resize((w + 2 * EDGE, h + 2 * EDGE))
    wider.paste(card, (EDGE, EDGE))
    card, mask = wider, ImageOps.expand(mask, EDGE)
    coefficients = solve([(EDGE, EDGE), (EDGE + w, EDGE), (EDGE + w, EDGE + h), (EDGE, EDGE + h)], corners)
    flat = card.transform(photo.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    alpha = mask.transform(photo.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    dx, dy = rng.randint(-4, 10), rng.randint(2, 12)
    shade = alpha.resize((photo.width // 4, photo.height // 4)).filter(
        ImageFilter.GaussianBlur(rng.uniform(1, 4))
    )
    depth = rng.uniform(0.3, 0.75)
    shade = shade.resize(photo.size).point(lambda v: int(v * depth))
    photo.paste((8, 8, 10), (dx, dy), shade)
    photo.paste(flat, (0, 0), alpha)
    return photo


def finger(rng, image, corners):
    """A fingertip over an edge of the card, away from its middle."""
    edge = rng.randrange(4)
    a, b = corners[edge], corners[(edge + 1) % 4]
    t = rng.uniform(0.15, 0.85)
    x, y = a[0] * (1 - t) + b[0] * t, a[1] * (1 - t) + b[1] * t
    mx, my = sum(c[0] for c in corners) / 4, sum(c[1] for c in corners) / 4
    away = math.atan2(y - my, x - mx)
    size = math.dist(corners[0], corners[1]) * rng.uniform(0.035, 0.06)
    tone = rng.uniform(0.5, 1)
    skin = tuple(int(c * tone) for c in (230, 180, 145))
    d = ImageDraw.Draw(image)
    end = (x + math.cos(away) * size * 9, y + math.sin(away) * size * 9)
    d.line((x, y, *end), fill=skin, width=round(size * 2))
    d.ellipse((x - size, y - size, x + size, y + size), fill=skin)


def light(rng, nrng, image, level, corners):
    """Uneven light, a shadow, glare and a colour cast, as factors on the pixels."""
    width, height = image.size
    size = (width, height)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    direction = rng.uniform(0, 6.28)
    slope = rng.uniform(0, 0.28) * (1 if level["glare_power"] > 0.4 else 0.6)
    ramp = ((x / width - 0.5) * math.cos(direction) + (y / height - 0.5) * math.sin(direction)) * slope
    factor = rng.uniform(*level["light"]) * (1 + ramp)
    if rng.random() < level["shadow"]:
        edge = rng.uniform(-0.25, 0.25)
        angle = rng.uniform(0, 6.28)
        line = (x / width - 0.5) * math.cos(angle) + (y / height - 0.5) * math.sin(angle) - edge
        line += (paint.smooth(nrng, size, 4) - 0.5) * rng.uniform(0, 0.4)
        factor *= 1 - rng.uniform(0.2, 0.55) / (1 + np.exp(-np.clip(line * rng.uniform(10, 50), -30, 30)))
    out = np.asarray(image, np.float32) * factor[..., None]
    cast = np.array([1 + rng.uniform(-1, 1) * level["cast"] for _ in range(3)], np.float32)
    out *= cast
    if rng.random() < level["glare"]:
        u, v = rng.random(), rng.random()
        gx = sum(
            c[0] * k
            for c, k in zip(corners, ((1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v), strict=True)
        )
        gy = sum(
            c[1] * k
            for c, k in zip(corners, ((1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v), strict=True)
        )
        span = math.dist(corners[0], corners[1])
        a, turn = span * rng.uniform(0.06, 0.22), rng.uniform(0, 3.14)
        b = a * rng.uniform(0.2, 1)
        p = ((x - gx) * math.cos(turn) + (y - gy) * math.sin(turn)) / a
        q = (-(x - gx) * math.sin(turn) + (y - gy) * math.cos(turn)) / b
        spot = np.exp(-0.5 * (p * p + q * q)) * rng.uniform(0.3, 1.0) * level["glare_power"]
        out = out * (1 - spot[..., None]) + 255 * spot[..., None]
    return out


def lens(rng, nrng, pixels, level):
    """Defocus, motion and sensor noise, then 8 bits."""
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    radius = rng.uniform(*level["blur"])
    if radius > 0.15:
        image = image.filter(ImageFilter.GaussianBlur(radius))
    if rng.random() < level["motion"]:
        reach = rng.choice([3, 5])
        kernel = [0] * (reach * reach)
        slope = rng.choice([(0, 1), (1, 0), (1, 1), (1, -1)])
        for step in range(-(reach // 2), reach // 2 + 1):
            kernel[(reach // 2 + slope[0] * step) * reach + reach // 2 + slope[1] * step] = 1
        image = image.filter(ImageFilter.Kernel((reach, reach), kernel))
    sigma = rng.uniform(*level["noise"])
    grain = nrng.standard_normal((image.height, image.width, 1), dtype=np.float32) * sigma
    if rng.random() < 0.5:
        grain = grain + nrng.standard_normal((image.height, image.width, 3), dtype=np.float32) * sigma * 0.6
    return Image.fromarray(np.clip(np.asarray(image, np.float32) + grain, 0, 255).astype(np.uint8))


def take(rng, nrng, card, difficulty, turns=None, setting=None, around=None, over=None):
    """(picture, corners TL TR BR BL of the upright card, quarter turns, tilt, traits) of one photo or scan.

    `setting` is the table of a photograph or the kind of a scan, where chance should not choose it. `around` and
    `over` draw on (picture, corners): before the card is laid there, and after.
    """
    mask = paint.rounded_mask(card.size, rng.randint(40, 62))
    if difficulty == "T0":
        return scan(rng, nrng, card, mask, turns, setting, around)
    level = dict(LEVELS[difficulty])
    if turns is not None:
        level["turned"] = 0.0
    size = rng.choice(level["sizes"])
    corners, found, tilt = pose(rng, size, card.height / card.width, level)
    picture = background(rng, nrng, size, setting)
    if rng.random() < level["clutter"]:
        clutter(rng, nrng, picture)
    if around:
        around(picture, corners)
    picture = lay(picture, card, mask, corners, rng)
    if over:
        over(picture, corners)
    traits = {"finger": rng.random() < level["finger"]}
    if traits["finger"]:
        finger(rng, picture, corners)
    picture = lens(rng, nrng, light(rng, nrng, picture, level, corners), level)
    traits["gray"] = rng.random() < level["gray"]
    if traits["gray"]:
        picture = picture.convert("L").convert("RGB")
    return turn(picture, corners, found, tilt, turns, traits)


def turn(picture, corners, found, tilt, turns, traits):
    """Turn the finished picture by quarters where the caller asked for it."""
    if turns:
        width, height = picture.size
        picture = picture.transpose(
            {1: Image.Transpose.ROTATE_270, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_90}[
                turns
            ]
        )
        move = {
            1: lambda p: (height - p[1], p[0]),
            2: lambda p: (width - p[0], height - p[1]),
            3: lambda p: (p[1], width - p[0]),
        }[turns]
        corners = [move(p) for p in corners]
        found = (found + turns) % 4
    return picture, corners, found, tilt, traits


def scan(rng, nrng, card, mask, turns, kind=None, around=None):
    """A flat scan or a photocopy: even light, little noise, the card straight or nearly so."""
    kind = kind or rng.choices(["border", "full", "page"], [6, 2, 2])[0]
    if turns is None and rng.random() < 0.05:
        turns = rng.choice([1, 2, 3])
    target = rng.randint(1100, 1640)
    if kind == "page":
        target = rng.randint(660, 1040)
    ratio = card.height / card.width
    w, h = target, target * ratio
    if kind == "full":
        width, height, x, y = round(w), round(h), 0.0, 0.0
    elif kind == "border":
        mx, my = rng.uniform(0.015, 0.09) * w, rng.uniform(0.015, 0.13) * w
        width, height, x, y = round(w + 2 * mx), round(h + 2 * my), mx, my
    else:
        width, height = round(w * rng.uniform(1.25, 1.9)), round(w * rng.uniform(1.0, 1.9))
        x, y = rng.uniform(0.05, 0.95) * (width - w), rng.uniform(0.05, 0.6) * (height - h)
    ground = rng.choice([250, 244, 232, 250, 20, 60]) if kind != "page" else rng.randint(236, 253)
    picture = Image.new("RGB", (width, height), (ground,) * 3)
    angle = 0.0 if kind == "full" else math.radians(rng.uniform(-1.2, 1.2))
    cx, cy = x + w / 2, y + h / 2
    corners = [
        (cx + a * math.cos(angle) - b * math.sin(angle), cy + a * math.sin(angle) + b * math.cos(angle))
        for a, b in ((-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2))
    ]
    if kind == "full":
        mask = Image.new("L", card.size, 255)
    if around:
        around(picture, corners)
    picture = lay(picture, card, mask, corners, rng)
    level = {"blur": (0.15, 0.6), "motion": 0, "noise": (1.0, 3)}
    pixels = np.asarray(picture, np.float32) * rng.uniform(0.92, 1.04)
    traits = {"gray": rng.random() < 0.12, "copy": False, "scan": kind}
    picture = lens(rng, nrng, pixels, level)
    if traits["gray"]:
        gray = np.asarray(picture.convert("L"), np.float32)
        traits["copy"] = rng.random() < 0.5
        if traits["copy"]:
            gray = np.clip((gray - 128) * rng.uniform(1.1, 1.5) + rng.uniform(135, 160), 0, 255)
        picture = Image.fromarray(gray.astype(np.uint8)).convert("RGB")
    return turn(picture, corners, 0, math.degrees(angle), turns, traits)
