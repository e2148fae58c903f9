"""What several cards share: security patterns, faces, signatures, codes, lines of text with their boxes."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

CARD_RATIO = 53.98 / 85.60


def smooth(nrng, size, cells):
    """A soft random field in 0..1 of this (width, height), about `cells` blobs across."""
    width, height = size
    rows = max(2, round(cells * height / width))
    grid = nrng.random((rows + 2, cells + 2), dtype=np.float32)
    image = Image.fromarray((grid * 255).astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.float32) / 255


def guilloche(rng, nrng, size, ground, ink, strength):
    """A card ground: a tinted gradient under fine waving lines of one of several families."""
    full = size
    width, height = 1000, round(1000 * size[1] / size[0])
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    pitch = rng.uniform(3.6, 9)
    family = rng.choice(["waves", "waves", "crossed", "rosette", "fans"])

    def waves(along, across, p):
        bend = rng.uniform(2, 9) * np.sin(along / rng.uniform(12, 45) + rng.random() * 6)
        slow = rng.uniform(8, 40) * np.sin(along / rng.uniform(120, 320) + across / rng.uniform(150, 400))
        return np.sin((across + bend + slow) * (2 * math.pi / p))

    if family == "rosette":
        cx, cy = rng.uniform(200, 800), rng.uniform(100, 500)
        radius, angle = np.hypot(x - cx, y - cy), np.arctan2(y - cy, x - cx)
        lines = np.sin(
            (radius + rng.uniform(4, 14) * np.sin(angle * rng.randint(8, 30))) * (2 * math.pi / pitch)
        )
    elif family == "fans":
        lines = np.maximum(waves(x + y, y - 0.5 * x, pitch), waves(x - y, y + 0.5 * x, pitch * 1.1))
    elif family == "crossed":
        lines = np.maximum(waves(x, y, pitch), waves(y, x, pitch))
    else:
        lines = waves(x, y, pitch)
    lines = np.clip((lines - rng.uniform(0.2, 0.6)) * 2.5, 0, 1) * strength
    tint = smooth(nrng, (width, height), rng.randint(3, 6))[..., None]
    other = np.array([c + rng.uniform(-22, 22) for c in ground], dtype=np.float32)
    base = np.array(ground, dtype=np.float32) * (1 - tint) + other * tint
    shape = smooth(nrng, (width, height), rng.randint(5, 9))
    base += (np.clip((shape - 0.55) * 12, 0, 1) * rng.uniform(-10, 10))[..., None]
    out = base * (1 - lines[..., None]) + np.array(ink, dtype=np.float32) * lines[..., None]
    image = Image.fromarray(np.clip(out, 0, 255).astype(np.uint8))
    return image.resize(full, Image.Resampling.BICUBIC)


def rounded_mask(size, radius):
    """Alpha of a card with rounded corners, smooth edges."""
    big = Image.new("L", (size[0] * 2, size[1] * 2), 0)
    ImageDraw.Draw(big).rounded_rectangle((0, 0, size[0] * 2 - 1, size[1] * 2 - 1), radius * 2, fill=255)
    return big.resize(size, Image.Resampling.LANCZOS)


class Sheet:
    """A card being drawn. Positions are fractions of the card; remembers where each field was printed."""

    def __init__(self, image):
        self.image = image
        self.draw = ImageDraw.Draw(image)
        self.width, self.height = image.size
        self.boxes = {}

    def text(self, x, y, text, font, ink, field=None, anchor="ls", stroke=0):
        """Print text with its baseline at y; the box goes to `field`, joined with what was there."""
        at = (x * self.width, y * self.height)
        self.draw.text(at, text, font=font, fill=ink, anchor=anchor, stroke_width=stroke, stroke_fill=ink)
        box = self.draw.textbbox(at, text, font=font, anchor=anchor, stroke_width=stroke)
        self.note(field, box)
        return box[2] / self.width

    def condensed(self, x, y, text, font, ink, width):
        """Print text from x with its baseline at y, narrowed to this width (a fraction of the card)."""
        ascent, descent = font.getmetrics()
        mask = Image.new("L", (math.ceil(font.getlength(text)) + 4, ascent + descent + 4), 0)
        ImageDraw.Draw(mask).text((1, ascent), text, font=font, fill=255, anchor="ls")
        mask = mask.resize((max(1, round(width * self.width)), mask.height), Image.Resampling.BICUBIC)
        self.image.paste(ink, (round(x * self.width), round(y * self.height) - ascent), mask)

    def note(self, field, box):
        """Remember a box in pixels."""
        if not field:
            return
        box = [box[0] / self.width, box[1] / self.height, box[2] / self.width, box[3] / self.height]
        old = self.boxes.get(field)
        if old:
            box = [min(old[0], box[0]), min(old[1], box[1]), max(old[2], box[2]), max(old[3], box[3])]
        self.boxes[field] = [round(v, 4) for v in box]

    def spaced(self, x, y, text, font, ink, pitch, field=None, stroke=0):
        """Print characters on an even pitch (a fraction of the width), each centred in its cell."""
        for at, char in enumerate(text):
            self.text(x + (at + 0.5) * pitch, y, char, font, ink, field, "ms", stroke)

    def width_of(self, text, font):
        """Width of a text as a fraction of the card."""
        return font.getlength(text) / self.width


def wrap(text, fits, lines):
    """Split at spaces so that each line fits; the last line takes the rest."""
    out, words = [], text.split(" ")
    while words and len(out) < lines - 1:
        taken = 1
        while taken < len(words) and fits(" ".join(words[: taken + 1])):
            taken += 1
        out.append(" ".join(words[:taken]))
        words = words[taken:]
    if words:
        out.append(" ".join(words))
    return out


def portrait(rng, nrng, size, woman, ground):
    """A drawn face on a red or blue ground: nobody's."""
    scale = 2
    w, h = size[0] * scale, size[1] * scale
    image = Image.new("RGB", (w, h), ground)
    d = ImageDraw.Draw(image)
    tone = rng.uniform(0.55, 1.0)
    skin = tuple(int(c * tone) for c in (236, 190, 150))
    cloth = tuple(rng.randint(20, 235) for _ in range(3))
    cx, cy = w * rng.uniform(0.46, 0.54), h * rng.uniform(0.40, 0.46)
    rx, ry = w * rng.uniform(0.19, 0.25), h * rng.uniform(0.18, 0.23)
    veil = woman and rng.random() < 0.6
    hair = tuple(rng.randint(5, 50) for _ in range(3))
    d.ellipse((cx - w * 0.46, cy + ry * 1.25, cx + w * 0.46, h * 1.5), fill=cloth)
    d.rectangle(
        (cx - rx * 0.4, cy + ry * 0.6, cx + rx * 0.4, cy + ry * 1.5), fill=tuple(int(c * 0.85) for c in skin)
    )
    if veil:
        colour = tuple(rng.randint(30, 230) for _ in range(3))
        d.ellipse((cx - rx * 1.4, cy - ry * 1.35, cx + rx * 1.4, cy + ry * 1.6), fill=colour)
        d.polygon(
            [(cx - rx * 1.35, cy), (cx + rx * 1.35, cy), (cx + rx * 1.9, h), (cx - rx * 1.9, h)], fill=colour
        )
    elif woman:
        d.rounded_rectangle(
            (cx - rx * 1.25, cy - ry * 1.2, cx + rx * 1.25, cy + ry * rng.uniform(1, 2)), rx * 0.9, fill=hair
        )
    else:
        d.ellipse((cx - rx * 1.08, cy - ry * 1.2, cx + rx * 1.08, cy + ry * 0.3), fill=hair)
    d.ellipse((cx - rx, cy - ry, cx + rx, cy + ry), fill=skin)
    if not veil and rng.random() < 0.9:
        d.pieslice((cx - rx, cy - ry * 1.02, cx + rx, cy + ry * 0.3), 198, 342, fill=hair)
    if not woman and rng.random() < 0.15:
        d.rectangle((cx - rx * 0.95, cy - ry * 1.35, cx + rx * 0.95, cy - ry * 0.6), fill=(20, 20, 22))
    glasses = rng.random() < 0.15
    for side in (-1, 1):
        ex, ey = cx + side * rx * 0.42, cy - ry * 0.08
        d.ellipse((ex - rx * 0.17, ey - ry * 0.08, ex + rx * 0.17, ey + ry * 0.08), fill=(240, 238, 232))
        d.ellipse((ex - rx * 0.08, ey - ry * 0.08, ex + rx * 0.08, ey + ry * 0.08), fill=(30, 20, 15))
        d.line(
            (ex - rx * 0.24, ey - ry * 0.24, ex + rx * 0.22, ey - ry * 0.27), fill=hair, width=max(2, w // 70)
        )
        if glasses:
            d.ellipse(
                (ex - rx * 0.32, ey - ry * 0.2, ex + rx * 0.32, ey + ry * 0.22),
                outline=(30, 30, 30),
                width=w // 90,
            )
    d.line(
        (cx, cy, cx - rx * 0.12, cy + ry * 0.3, cx + rx * 0.08, cy + ry * 0.32),
        fill=tuple(int(c * 0.7) for c in skin),
        width=max(2, w // 100),
    )
    d.chord((cx - rx * 0.35, cy + ry * 0.42, cx + rx * 0.35, cy + ry * 0.66), 0, 180, fill=(170, 80, 75))
    image = image.filter(ImageFilter.GaussianBlur(w / 160)).resize(size, Image.Resampling.LANCZOS)
    shade = np.asarray(image, np.float32) * (0.85 + 0.3 * smooth(nrng, size, 3))[..., None]
    return Image.fromarray(np.clip(shade + nrng.normal(0, 3, shade.shape), 0, 255).astype(np.uint8))


def signature(rng, draw, box, ink, width):
    """A scribble in a box of pixels."""
    x0, y0, x1, y1 = box
    points, x = [], x0
    while x < x1 and len(points) < 60:
        points.append((x, rng.uniform(y0, y1) if rng.random() < 0.6 else (y0 + y1) / 2))
        x += (x1 - x0) * rng.uniform(-0.05, 0.16)
    curve = []
    for a, b, c in zip(points, points[1:], points[2:], strict=False):
        start, end = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2), ((b[0] + c[0]) / 2, (b[1] + c[1]) / 2)
        for step in range(9):
            t = step / 8
            curve.append(
                tuple(
                    (1 - t) ** 2 * s + 2 * t * (1 - t) * m + t * t * e
                    for s, m, e in zip(start, b, end, strict=True)
                )
            )
    if len(curve) > 1:
        draw.line(curve, fill=ink, width=width, joint="curve")


def code_block(nrng, cells=25):
    """Something that looks like a QR code and says nothing."""
    grid = nrng.random((cells, cells)) < 0.5
    for r, c in ((0, 0), (0, cells - 7), (cells - 7, 0)):
        grid[max(r - 1, 0) : r + 8, max(c - 1, 0) : c + 8] = False
        grid[r : r + 7, c : c + 7] = True
        grid[r + 1 : r + 6, c + 1 : c + 6] = False
        grid[r + 2 : r + 5, c + 2 : c + 5] = True
    return Image.fromarray(np.where(grid, 15, 250).astype(np.uint8))
