"""KTP and NPWP as a press makes them: inks as optical densities on white plastic, no colour ever drawn.

Each plate (ground lines, band, portrait, black) is an array of densities for red, green and blue; what is seen is
10 to the power of minus their sum. Positions are millimetres. Its typefaces are in no other set.
"""

import math
from functools import lru_cache

import numpy as np
from cardgen.fonts import find
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 85.60, 53.98
DOTS = 18  # pixels per millimetre
SHAPE = (round(HEIGHT * DOTS), round(WIDTH * DOTS))

# name -> (Debian package, regular, bold)
FACES = {
    "switzera-medium": (
        "fonts-adf-switzera",
        "truetype/adf/SwitzeraADF-Medium.otf",
        "truetype/adf/SwitzeraADF-Medium.otf",
    ),
    "pt-narrow": ("fonts-paratype", "truetype/paratype/PTN57F.ttf", "truetype/paratype/PTN77F.ttf"),
    "clear-medium": (
        "fonts-clear-sans",
        "truetype/clear-sans/ClearSans-Medium.ttf",
        "truetype/clear-sans/ClearSans-Medium.ttf",
    ),
}
NUMBERS = {"aerial-mono": ("fonts-arkpandora", "truetype/arkpandora/AerialMonoBd.ttf")}
# Digits of one pen with cut corners, after OCR-A, on a grid of 10 by 16.
PEN = {
    "0": ["2,0 8,0 10,2 10,14 8,16 2,16 0,14 0,2 2,0"],
    "1": ["2,0 6,0 6,16", "1,16 10,16 10,12"],
    "2": ["0,0 9,0 10,1 10,7 9,8 1,8 0,9 0,16 10,16"],
    "3": ["0,0 9,0 10,1 10,15 9,16 0,16", "3,7 10,7"],
    "4": ["0,0 0,10 10,10", "8,5 8,16"],
    "5": ["10,0 0,0 0,7 9,7 10,8 10,15 9,16 0,16"],
    "6": ["1,0 0,1 0,15 1,16 9,16 10,15 10,9 9,8 0,8"],
    "7": ["0,3 0,0 10,0 10,5 5,10 5,16"],
    "8": ["2,0 8,0 8,7 2,7 2,0", "0,7 10,7 10,15 9,16 1,16 0,15 0,7"],
    "9": ["10,16 10,1 9,0 1,0 0,1 0,7 1,8 10,8"],
}


@lru_cache(maxsize=128)
def face(path, pixels):
    """A face at a size in pixels."""
    return ImageFont.truetype(find(path), pixels)


class Plates:
    """A card's densities, and where its fields are."""

    def __init__(self, faces, black):
        self.density = np.zeros((*SHAPE, 3), np.float32)
        self.key = Image.new("L", SHAPE[::-1], 0)  # the black plate
        self.pen = ImageDraw.Draw(self.key)
        self.faces, self.black, self.boxes = faces, black, {}

    def cast(self, text, size, x, y, bold=False, field=None, at="left", most=None, tracking=0.0, path=None):
        """Set a text in black, letter by letter; size, x, y, tracking in millimetres. Returns its right end."""
        path = path or self.faces[2 if bold else 1]
        letters = face(path, round(size * DOTS * 4) / 4)
        widths = [letters.getlength(c) / DOTS + tracking for c in text]
        total = sum(widths)
        if most and total > most:
            return self.cast(
                text, size * most / total * 0.999, x, y, bold, field, at, None, tracking * most / total, path
            )
        left = x - {"left": 0, "middle": total / 2}[at]
        for c, step in zip(text, widths, strict=True):
            self.pen.text((left * DOTS, y * DOTS), c, font=letters, fill=255, anchor="ls")
            left += step
        if field:
            self.mark(field, left - total, y - 0.72 * size, left, y)
        return left

    def penned(self, digit, x, y, wide, high, stroke):
        """A digit of `PEN` from x on, its baseline at y; all in millimetres."""
        for line in PEN[digit]:
            points = [tuple(map(float, p.split(","))) for p in line.split()]
            points = [((x + a / 10 * wide) * DOTS, (y - high + b / 16 * high) * DOTS) for a, b in points]
            self.pen.line(points, fill=255, width=round(stroke * DOTS), joint="curve")
            for a, b in (points[0], points[-1]):
                r = stroke * DOTS / 2
                self.pen.ellipse((a - r, b - r, a + r, b + r), fill=255)

    def mark(self, field, left, top, right, bottom):
        """Remember a box."""
        box = (left / WIDTH, top / HEIGHT, right / WIDTH, bottom / HEIGHT)
        old = self.boxes.get(field)
        if old:
            box = (min(old[0], box[0]), min(old[1], box[1]), max(old[2], box[2]), max(old[3], box[3]))
        self.boxes[field] = tuple(round(v, 4) for v in box)

    def measured(self, text, size, bold=False):
        """Length in millimetres."""
        return face(self.faces[2 if bold else 1], round(size * DOTS * 4) / 4).getlength(text) / DOTS

    def printed(self, rng, nrng):
        """Linear light and alpha: the inks together, the black with ragged edges, the corners cut round."""
        black = np.asarray(self.key, np.float32) / 255
        ragged = nrng.random(SHAPE, dtype=np.float32)
        black = np.clip(black * 1.15 - (ragged - 0.5) * rng.uniform(0.05, 0.5) * (black < 0.95), 0, 1)
        total = self.density + (black * self.black)[..., None] * np.array(
            [1, 1, rng.uniform(0.85, 1)], np.float32
        )
        seen = rng.uniform(0.8, 0.92) * 10**-total
        y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]].astype(np.float32) / DOTS
        dx = np.maximum(np.abs(x - WIDTH / 2) - (WIDTH / 2 - 3.18), 0)
        dy = np.maximum(np.abs(y - HEIGHT / 2) - (HEIGHT / 2 - 3.18), 0)
        alpha = np.clip((3.18 - np.hypot(dx, dy)) * DOTS + 0.5, 0, 1)
        return np.dstack([seen, alpha]).astype(np.float32)


def lay_ground(rng, nrng, plates, cast, strength):
    """Two screens of fine bent lines whose inks overlap; `cast` is the mean density by channel."""
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]].astype(np.float32) / DOTS
    for ink in range(2):
        angle, gap = rng.uniform(0, math.pi), rng.uniform(0.35, 0.8)
        along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
        bent = across + rng.uniform(0.2, 1.2) * np.sin(
            along / rng.uniform(1.5, 6) + across / rng.uniform(5, 20)
        )
        line = 0.5 + 0.5 * np.sin(bent * 2 * math.pi / gap)
        amount = np.array(cast, np.float32) * (0.6, 0.4)[ink]
        plates.density += (1 - strength + 2 * strength * line[..., None] ** 2) * amount
    glow = np.hypot(x - rng.uniform(20, 60), y - rng.uniform(15, 40)) / rng.uniform(15, 40)
    plates.density *= (1 - rng.uniform(0, 0.35) * np.exp(-glow * glow))[..., None]


def lay_portrait(rng, plates, x, y, w, h):
    """A head and shoulders by formulas, shaded from one side, on a coloured ground."""
    top, left, high, wide = (round(v * DOTS) for v in (y, x, h, w))
    v, u = np.mgrid[0:high, 0:wide].astype(np.float32)
    u, v = (u / wide - 0.5) * 2, (v / high - 0.5) * 2
    dye = {"red": (0.1, 1.2, 1.1), "blue": (1.2, 0.7, 0.1)}[rng.choice(["red", "blue"])]
    out = np.ones((high, wide, 3), np.float32) * np.array(dye, np.float32)
    cloth = np.array([rng.uniform(0.05, 1.3) for _ in range(3)], np.float32)
    skin = np.array([0.12, 0.3, 0.5], np.float32) * rng.uniform(0.7, 1.8)
    hair = (
        np.array([1.2, 1.25, 1.3], np.float32)
        if rng.random() < 0.6
        else np.array([rng.uniform(0.1, 1) for _ in range(3)])
    )
    light = 1 + 0.25 * u
    for inside, ink in (
        ((u / 0.85) ** 2 + ((v - 1.1) / 0.75) ** 2 < 1, cloth),
        ((u / 0.5) ** 2 + ((v + 0.28) / 0.58) ** 2 < 1, hair),
        ((np.abs(u) < 0.16) & (v > 0) & (v < 0.55), skin * 1.2),
        ((u / 0.38) ** 2 + ((v + 0.15) / 0.46) ** 2 < 1, skin),
        ((np.abs(np.abs(u) - 0.16) < 0.06) & (np.abs(v + 0.22) < 0.025), skin + 0.8),
        ((np.abs(u) < 0.13) & (np.abs(v - 0.1) < 0.02), skin + 0.4),
    ):
        out = np.where(inside[..., None], ink * light[..., None], out)
    plates.density[top : top + high, left : left + wide] = out


ROWS = (
    ("Nama", "name", 0),
    ("Tempat/Tgl Lahir", "birth", 0),
    ("Jenis Kelamin", "gender", 0),
    ("Alamat", "address", 0),
    ("RT/RW", "rtRw", 1),
    ("Kel/Desa", "village", 1),
    ("Kecamatan", "district", 1),
    ("Agama", "religion", 0),
    ("Status Perkawinan", "maritalStatus", 0),
    ("Pekerjaan", "occupation", 0),
    ("Kewarganegaraan", "citizenship", 0),
    ("Berlaku Hingga", "validUntil", 0),
)


def parted(plates, text, size, bold, room):
    """At most two lines, parted where the first is full."""
    if plates.measured(text, size, bold) <= room or " " not in text:
        return [text]
    words = text.split(" ")
    count = max(
        (n for n in range(1, len(words)) if plates.measured(" ".join(words[:n]), size, bold) <= room),
        default=1,
    )
    return [" ".join(words[:count]), " ".join(words[count:])]


def ktp(rng, nrng, person):
    """(plates, layout) of a KTP."""
    f = dict(person.fields)
    name = rng.choice(list(FACES))
    plates = Plates(FACES[name], rng.uniform(0.7, 1.3))
    lay_ground(
        rng,
        nrng,
        plates,
        (rng.uniform(0.22, 0.36), rng.uniform(0.1, 0.16), rng.uniform(0.03, 0.08)),
        rng.uniform(0.15, 0.6),
    )
    size = rng.uniform(2.0, 2.3) * (1.12 if name == "pt-narrow" else 1.0)
    bold = name != "clear-medium" and name != "switzera-medium" and rng.random() < 0.4
    tracking = rng.choice([0.0, 0.0, 0.04, 0.08])
    x, y, w, h = rng.uniform(61.8, 64.8), rng.uniform(9.5, 13), rng.uniform(17, 19.6), rng.uniform(21.5, 25)
    lay_portrait(rng, plates, x, y, w, h)
    value, end = rng.uniform(18.2, 25.5), x - 0.9
    label, gap = rng.uniform(1.8, 3.6), rng.uniform(0.8, 2.0)
    head = rng.uniform(4.4, 7.0)
    axis = rng.uniform(38, 45)
    plates.cast(f"PROVINSI {f['province']}", size * 1.22, axis, head, True, "province", "middle", 60)
    head += rng.uniform(2.6, 3.1)
    plates.cast(f["regency"], size * 1.22, axis, head, True, "regency", "middle", 60)
    line = head + rng.uniform(4.1, 5.0)
    digits = rng.choice(["pen", "pen", "pen", *NUMBERS])
    start = max(15.5, value - rng.uniform(0, 3.5))
    cell = min(rng.uniform(2.4, 2.75), (end - start) / 16)
    high = rng.uniform(2.5, 3.1)
    stroke, filled = rng.uniform(0.3, 0.55), rng.uniform(0.58, 0.72)
    plates.cast("NIK", size * rng.uniform(1.1, 1.4), label, line, bold)
    plates.cast(":", size * 1.3, start - rng.uniform(1.0, 2.0), line, bold)
    for at, digit in enumerate(f["nik"]):
        if digits == "pen":
            plates.penned(digit, start + at * cell, line, filled * cell, high, stroke)
        else:
            plates.cast(
                digit, high * 1.35, start + (at + 0.5) * cell, line, at="middle", path=NUMBERS[digits][1]
            )
    plates.mark("nik", start, line - high, start + 16 * cell, line)
    line += rng.uniform(3.1, 4.1)
    f["validUntil"] = "-".join(f["validUntil"].split("-")[::-1])
    birth = "-".join(f["birthDate"].split("-")[::-1])
    room = end - value
    pieces = {
        key: parted(plates, f[key], size, bold, room / (1 + tracking / 1.4)) for key in ("name", "address")
    }
    step = min(rng.uniform(2.6, 2.85), (51.8 - line) / (11 + sum(len(p) - 1 for p in pieces.values())))
    indent = rng.uniform(1.5, 4)
    upper = rng.random() < 0.1
    for title, key, deep in ROWS:
        left = label + deep * indent
        plates.cast(title.upper() if upper else title, size, left, line, most=value - gap - left - 0.3)
        plates.cast(":", size, value - gap, line)
        if key == "birth":
            both = f"{f['birthPlace']}, {birth}"
            fit = min(1.0, room / (plates.measured(both, size, bold) + tracking * len(both)))
            here = plates.cast(
                f["birthPlace"], size * fit, value, line, bold, "birthPlace", tracking=tracking * fit
            )
            here = plates.cast(", ", size * fit, here, line, bold)
            here = plates.cast(birth, size * fit, here, line, bold, "birthDate", tracking=tracking * fit)
        else:
            for piece in pieces.get(key, [f[key]]):
                here = plates.cast(piece, size, value, line, bold, key, most=room, tracking=tracking)
                line += step
            line -= step
        if key == "gender":
            here = plates.cast("Gol. Darah", size, max(rng.uniform(42, 47), here + 1.8), line)
            here = plates.cast(":", size, here + rng.uniform(0.3, 1.0), line) + rng.uniform(0.4, 0.9)
            if "bloodType" in f:
                plates.cast(f["bloodType"], size, here, line, bold, "bloodType")
        line += step
    below = y + h + rng.uniform(2.5, 4)
    plates.cast(person.city, size * 0.85, x + w / 2, below, bold, at="middle", most=20.5)
    plates.cast(person.issued.strftime("%d-%m-%Y"), size * 0.85, x + w / 2, below + 2.5, bold, at="middle")
    sign(rng, plates, x + 2, below + 3, 13, 5)
    return plates, {
        "style": "ktp",
        "family": name,
        "nikFace": digits,
        "bold": bold,
        "valueX": round(value / WIDTH, 4),
    }


def sign(rng, plates, x, y, w, h):
    """A signature: a sum of sines."""
    a, b, c = (rng.uniform(2, 9) for _ in range(3))
    points = [
        (
            (x + w * t / 80) * DOTS,
            (y + h * (0.5 + 0.25 * math.sin(a * t / 12) + 0.2 * math.sin(b * t / 9 + c))) * DOTS,
        )
        for t in range(81)
    ]
    plates.pen.line(points, fill=220, width=rng.randint(2, 5), joint="curve")


def npwp(rng, nrng, age, fields, extra):
    """(plates, layout) of an NPWP."""
    name = rng.choice(list(FACES))
    plates = Plates(FACES[name], rng.uniform(0.7, 1.3))
    yellow = age == "old"
    lay_ground(rng, nrng, plates, (0.03, 0.12, 0.5) if yellow else (0.1, 0.05, 0.02), rng.uniform(0.15, 0.6))
    size = rng.uniform(2.1, 2.5) * (1.12 if name == "pt-narrow" else 1.0)
    band = rng.uniform(1.2, 3) if rng.random() < 0.5 else 0
    if band:
        plates.density[-round(band * DOTS) :] = (1.1, 0.6, 0.15)
    at = rng.uniform(4.5, 6.5)
    title = rng.choice(["KEMENTERIAN KEUANGAN RI", "KEMENTERIAN KEUANGAN REPUBLIK INDONESIA"])
    plates.cast(title, size * 1.05, 14, at, True, most=60)
    plates.cast("DIREKTORAT JENDERAL PAJAK", size * 1.05, 14, at + 3, True, most=60)
    plates.pen.ellipse([round(v * DOTS) for v in (5, at - 2.6, 11, at + 3.4)], outline=200, width=8)
    x, y = rng.uniform(4.5, 9), at + rng.uniform(9, 12)
    n = fields["npwpNumber"]
    if len(n) == 15:
        shown = f"{n[:2]}.{n[2:5]}.{n[5:8]}.{n[8]}-{n[9:12]}.{n[12:]}"
    else:
        shown = rng.choice([" ", " ", "", "."]).join(n[i : i + 4] for i in range(0, 16, 4))
    labelled = rng.random() < 0.5
    column = x + rng.uniform(13, 18) if labelled else x
    room = (80.5 if yellow else 64) - column
    step = rng.uniform(3.1, 3.6)

    def row(label, text, field, scale=1.0, bold=False):
        nonlocal y
        if labelled and label:
            plates.cast(label, size * 0.95, x, y, most=column - x - 1.6)
            plates.cast(":", size, column - 1.3, y)
        plates.cast(text, size * scale, column, y, bold, field, most=room)
        y += step

    if labelled:
        row("NPWP", shown, "npwpNumber", rng.uniform(1.1, 1.35), True)
    else:
        here = plates.cast(rng.choice(["NPWP :", "NPWP", "NPWP:"]), size * 1.25, x, y, True)
        plates.cast(shown, size * 1.3, here + 1, y, True, "npwpNumber")
        y += step * 1.2
    row("Nama", fields["name"], "name", 1.1, True)
    if "nik" in fields:
        if labelled:
            row("NIK", fields["nik"], "nik")
        else:
            here = plates.cast("NIK : ", size, x, y)
            plates.cast(fields["nik"], size, here, y, False, "nik")
            y += step
    for at_line, text in enumerate(extra["lines"]):
        row("" if at_line else "Alamat", text, "address")
    if "nitku" in extra:
        row("NITKU", extra["nitku"] if labelled else f"NITKU : {extra['nitku']}", None)
    y = max(y + 1, rng.uniform(41, 45))
    if y < 49.5 - band:
        plates.cast(f"Terdaftar : {extra['registered'].strftime('%d/%m/%Y')}", size * 0.9, x, y)
        plates.cast(extra["office"], size * 0.9, 46, y, True, most=34)
    return plates, {"style": f"npwp-{age}", "family": name}


def sheet(rng, nrng, kind, person, npwp_content):
    """(sheet, boxes, layout) of a card."""
    plates, layout = ktp(rng, nrng, person) if kind == "ktp" else npwp(rng, nrng, *npwp_content)
    return plates.printed(rng, nrng), plates.boxes, layout
