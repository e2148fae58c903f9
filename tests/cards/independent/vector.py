"""KTP and NPWP as vector drawings in millimetres, rasterised by resvg. Its typefaces are in no other set."""

import io
import math
from functools import lru_cache
from xml.sax.saxutils import escape

import numpy as np
from cardgen.fonts import find
from PIL import Image, ImageFont

from . import optics

WIDTH, HEIGHT, RADIUS = 85.60, 53.98, 3.18  # ISO/IEC 7810 ID-1
DOTS = 16  # pixels per millimetre

# family name -> (Debian package, files); regular and bold, as SVG asks for them.
FONTS = {
    "PT Sans Caption": ("fonts-paratype", "truetype/paratype/PTC55F.ttf", "truetype/paratype/PTC75F.ttf"),
    "Veranda": ("fonts-arkpandora", "truetype/arkpandora/Veranda.ttf", "truetype/arkpandora/VerandaBd.ttf"),
    "Inter Display": (
        "fonts-inter",
        "opentype/inter/InterDisplay-Regular.otf",
        "opentype/inter/InterDisplay-Bold.otf",
    ),
}
# Digits as pen strokes on a grid of 4 by 7, in the manner of OCR-A.
DIGITS = {
    "0": "M0,0H4V7H0Z",
    "1": "M.9,0H2.2V7M.3,7H4V5.3",
    "2": "M0,0H4V3.4H0V7H4",
    "3": "M0,0H4V7H0M1,3.4H4",
    "4": "M0,0V4.5H4M3.2,2.5V7",
    "5": "M4,0H0V3.4H4V7H0",
    "6": "M.6,0H0V7H4V3.6H0",
    "7": "M0,1.1V0H4V2.4L2,4.4V7",
    "8": "M.7,0H3.3V3.2H.7ZM0,3.2H4V7H0Z",
    "9": "M4,7V0H0V3.5H4",
}


@lru_cache(maxsize=64)
def face(family, bold):
    """A face at 100 units, to measure with."""
    return ImageFont.truetype(find(FONTS[family][2 if bold else 1]), 100)


def rasterised(svg):
    """An SVG of the card as a sheet: linear light and alpha."""
    try:
        import resvg_py
    except ImportError as error:
        raise SystemExit(f"{error}: pip install -r tests/requirements.txt") from error
    png = resvg_py.svg_to_bytes(
        svg_string=svg,
        width=round(WIDTH * DOTS),
        skip_system_fonts=True,
        font_files=[str(find(file)) for _, *files in FONTS.values() for file in files],
    )
    pixels = np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))
    return np.dstack([optics.linear(pixels[..., :3]), pixels[..., 3:].astype(np.float32) / 255])


class Drawing:
    """An SVG being written; remembers where each field was printed, as fractions of the card."""

    def __init__(self, family, ink):
        self.family, self.ink, self.parts, self.boxes = family, ink, [], {}

    def add(self, markup):
        """Any element."""
        self.parts.append(markup)

    def length(self, text, size, bold=False):
        """Length of a text in millimetres."""
        return face(self.family, bold).getlength(text) * size / 100

    def text(self, x, y, text, size, bold=False, field=None, anchor="start", room=None, ink=None):
        """Print a text with its baseline at y, smaller where it would not fit; returns where it ends."""
        wide = self.length(text, size, bold)
        if room and wide > room:
            size, wide = size * room / wide, room
        self.add(
            f'<text x="{x:.3f}" y="{y:.3f}" font-size="{size:.3f}" font-weight="{700 if bold else 400}"'
            f' text-anchor="{anchor}" fill="{ink or self.ink}">{escape(text)}</text>'
        )
        left = x - {"start": 0, "middle": wide / 2, "end": wide}[anchor]
        self.note(field, left, y - 0.74 * size, left + wide, y + 0.02 * size)
        return left + wide

    def note(self, field, left, top, right, bottom):
        """Remember a box in millimetres."""
        if field:
            old = self.boxes.get(field, (1, 1, 0, 0))
            self.boxes[field] = (
                round(min(old[0], left / WIDTH), 4),
                round(min(old[1], top / HEIGHT), 4),
                round(max(old[2], right / WIDTH), 4),
                round(max(old[3], bottom / HEIGHT), 4),
            )

    def number(self, x, y, digits, high, pitch, stroke):
        """The NIK, drawn with a pen: x of the first digit, baseline y, height of the digits."""
        unit = high / 7
        for at, digit in enumerate(digits):
            self.add(
                f'<path transform="translate({x + at * pitch:.3f},{y - high:.3f}) scale({unit:.4f})" d="{DIGITS[digit]}"'
                f' fill="none" stroke="{self.ink}" stroke-width="{stroke:.3f}" stroke-linecap="round" stroke-linejoin="round"/>'
            )
        self.note("nik", x, y - high, x + 15 * pitch + 4 * unit, y)

    def markup(self):
        """The whole SVG."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="{self.family}">'
            f'<defs><clipPath id="card"><rect width="{WIDTH}" height="{HEIGHT}" rx="{RADIUS}"/></clipPath></defs>'
            f'<g clip-path="url(#card)">{"".join(self.parts)}</g></svg>'
        )


def colour(rgb):
    """A colour as SVG writes it."""
    return "#%02x%02x%02x" % tuple(max(0, min(255, round(c))) for c in rgb)


def spun(rng, cx, cy, radius, lobes, turns):
    """A hypotrochoid: the rosette of banknotes."""
    inner = radius / lobes
    arm = inner * rng.uniform(0.6, 1.6)
    points = []
    for step in range(lobes * 40 * turns + 1):
        t = step / 40 * 2 * math.pi / lobes * turns
        x = (radius - inner) * math.cos(t) + arm * math.cos((radius - inner) / inner * t + 0.13 * step / 40)
        y = (radius - inner) * math.sin(t) - arm * math.sin((radius - inner) / inner * t + 0.13 * step / 40)
        points.append(f"{cx + x:.2f},{cy + y:.2f}")
    return " ".join(points)


def ground(rng, drawing, first, second, line, strength):
    """A gradient under ruled curves and rosettes."""
    drawing.add(
        f'<linearGradient id="g" x1="{rng.random():.2f}" y1="0" x2="{rng.random():.2f}" y2="1">'
        f'<stop offset="0" stop-color="{colour(first)}"/><stop offset="1" stop-color="{colour(second)}"/></linearGradient>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="url(#g)"/>'
    )
    pen = f'fill="none" stroke="{colour(line)}" stroke-width="{rng.uniform(0.06, 0.14):.3f}" stroke-opacity="{strength:.2f}"'
    gap = rng.uniform(0.6, 1.3)
    a, b, c = rng.uniform(0.3, 1.6), rng.uniform(4, 18), rng.uniform(0, 6)
    slope = rng.uniform(-0.3, 0.3)
    for row in range(-20, round(HEIGHT / gap) + 20):
        points = " ".join(
            f"{x:.1f},{row * gap + slope * x + a * math.sin(x / b + c + row * 0.11) + a / 2 * math.sin(x / 2.7 + row * 0.3):.2f}"
            for x in np.arange(0, WIDTH + 1, 1.2)
        )
        drawing.add(f'<polyline points="{points}" {pen}/>')
    for _ in range(rng.randint(1, 3)):
        at = (rng.uniform(10, 75), rng.uniform(8, 46))
        drawing.add(f'<polyline points="{spun(rng, *at, rng.uniform(6, 16), rng.randint(7, 19), 3)}" {pen}/>')


def portrait(rng, drawing, x, y, w, h, veiled):
    """A face in a few shapes, on red or blue."""
    back = rng.choice([(190, 30, 40), (28, 70, 170), (210, 50, 30), (20, 100, 190)])
    skin = [c * rng.uniform(0.6, 1.0) for c in (232, 184, 146)]
    cloth, cover = ([rng.randint(20, 230) for _ in range(3)] for _ in range(2))
    cx, cy, r = x + w / 2, y + h * 0.42, w * rng.uniform(0.19, 0.24)
    drawing.add(f'<rect x="{x:.2f}" y="{y:.2f}" width="{w:.2f}" height="{h:.2f}" fill="{colour(back)}"/>')
    drawing.add(
        f'<path d="M{x + 0.6:.2f},{y + h:.2f}Q{x + 1:.2f},{cy + r * 1.6:.2f} {cx:.2f},{cy + r * 1.4:.2f}'
        f'Q{x + w - 1:.2f},{cy + r * 1.6:.2f} {x + w - 0.6:.2f},{y + h:.2f}Z" fill="{colour(cloth)}"/>'
    )
    hair = cover if veiled else (26, 20, 20)
    drawing.add(
        f'<ellipse cx="{cx:.2f}" cy="{cy - r * 0.12:.2f}" rx="{r * 1.16:.2f}" ry="{r * 1.45:.2f}" fill="{colour(hair)}"/>'
    )
    drawing.add(
        f'<ellipse cx="{cx:.2f}" cy="{cy + r * 0.15:.2f}" rx="{r * 0.9:.2f}" ry="{r * 1.15:.2f}" fill="{colour(skin)}"/>'
    )
    for side in (-1, 1):
        drawing.add(
            f'<ellipse cx="{cx + side * r * 0.38:.2f}" cy="{cy:.2f}" rx="{r * 0.14:.2f}" ry="{r * 0.07:.2f}" fill="#2a1c18"/>'
        )
    drawing.add(
        f'<path d="M{cx - r * 0.3:.2f},{cy + r * 0.7:.2f}q{r * 0.3:.2f},{r * 0.14:.2f} {r * 0.6:.2f},0" stroke="#94413c"'
        f' stroke-width="{r * 0.1:.2f}" fill="none"/>'
    )


def scribble(rng, drawing, x, y, w, h):
    """A signature."""
    points = f"M{x:.2f},{y + h / 2:.2f}"
    for step in range(rng.randint(3, 6)):
        points += f"S{x + w * (step + rng.random()) / 6:.2f},{y + h * rng.random():.2f} {x + w * (step + 1) / 6:.2f},{y + h * rng.random():.2f}"
    drawing.add(
        f'<path d="{points}" fill="none" stroke="{drawing.ink}" stroke-width="{rng.uniform(0.15, 0.35):.2f}"/>'
    )


def broken(drawing, text, size, bold, room):
    """The text in lines that fit, two at most."""
    words, lines = text.split(" "), [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if drawing.length(longer, size, bold) > room and lines[-1] and len(lines) < 2:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def ktp(rng, person):
    """(SVG drawing, what the truth's layout says) of a KTP."""
    f = person.fields
    shade = rng.randint(14, 66)
    drawing = Drawing(rng.choice(list(FONTS)), colour((shade, shade, shade + rng.randint(0, 18))))
    tint = (rng.randint(150, 200), rng.randint(200, 226), rng.randint(220, 244))
    other = [c + rng.randint(-24, 14) for c in tint]
    ground(
        rng,
        drawing,
        tint,
        other,
        (rng.randint(60, 130), rng.randint(120, 170), rng.randint(160, 210)),
        rng.uniform(0.2, 0.7),
    )
    size = rng.uniform(1.95, 2.3)
    bold = rng.random() < 0.3
    wider = drawing.length("KABUPATEN", 1) / 6.6  # some faces run wider than Arial
    size /= max(1.0, wider**0.7)
    photo_x, photo_y = rng.uniform(62, 64.5), rng.uniform(10.5, 13.5)
    photo_w, photo_h = rng.uniform(17, 19.5), rng.uniform(22, 25.5)
    portrait(rng, drawing, photo_x, photo_y, photo_w, photo_h, person.gender == "P" and rng.random() < 0.6)
    head_y, middle = rng.uniform(4.6, 6.6), rng.uniform(39, 45)
    head = size * rng.uniform(1.15, 1.3)
    step = rng.uniform(2.7, 3.1)
    drawing.text(middle, head_y, f"PROVINSI {f['province']}", head, True, "province", "middle", 58)
    drawing.text(middle, head_y + step, f["regency"], head, True, "regency", "middle", 58)
    nik_y = head_y + step + rng.uniform(4.2, 5.2)
    value_x = rng.uniform(18.4, 25.4)
    label_x = rng.uniform(2.2, 3.6)
    colon_x = value_x - rng.uniform(0.9, 1.9)
    nik_x = min(value_x + 0.3, max(value_x - rng.uniform(0, 4), 15.5))
    pitch = min(rng.uniform(2.35, 2.7), (photo_x - 1 - nik_x) / 16)
    high = rng.uniform(2.5, 3.1)
    drawing.text(label_x, nik_y, "NIK", size * rng.uniform(1.1, 1.45), rng.random() < 0.5)
    drawing.text(nik_x - rng.uniform(1.3, 2.2), nik_y, ":", size * 1.3, False)
    drawing.number(nik_x, nik_y, f["nik"], high, pitch, rng.uniform(0.55, 1.0))
    rows_down(
        rng, drawing, f, (label_x, colon_x, value_x, nik_y + rng.uniform(3.2, 4.2), photo_x - 0.8), size, bold
    )
    below = photo_y + photo_h + rng.uniform(2.4, 4.2)
    drawing.text(photo_x + photo_w / 2, below, person.city, size * 0.85, bold, None, "middle", 20)
    drawing.text(
        photo_x + photo_w / 2,
        below + 2.5,
        person.issued.strftime("%d-%m-%Y"),
        size * 0.85,
        bold,
        None,
        "middle",
    )
    scribble(rng, drawing, photo_x + 2, below + 3.2, 14, 5)
    return drawing, {
        "style": "ktp",
        "family": drawing.family,
        "bold": bold,
        "valueX": round(value_x / WIDTH, 4),
    }


def rows_down(rng, drawing, f, columns, size, bold):
    """The labelled rows of a KTP."""
    label_x, colon_x, value_x, y, end = columns
    turned = lambda iso: "-".join(reversed(iso.split("-")))  # noqa: E731
    birth = turned(f["birthDate"])
    until = f["validUntil"] if f["validUntil"][0].isalpha() else turned(f["validUntil"])
    slash = rng.choice(["/", "/", " / "])
    rows = [
        ("Nama", "name", f["name"]),
        (f"Tempat{slash}Tgl Lahir", "birth", ""),
        (rng.choice(["Jenis Kelamin", "Jenis kelamin"]), "gender", f["gender"]),
        ("Alamat", "address", f["address"]),
        (f"RT{slash}RW", "rtRw", f["rtRw"]),
        (f"Kel{slash}Desa", "village", f["village"]),
        ("Kecamatan", "district", f["district"]),
        ("Agama", "religion", f["religion"]),
        ("Status Perkawinan", "maritalStatus", f["maritalStatus"]),
        ("Pekerjaan", "occupation", f["occupation"]),
        ("Kewarganegaraan", "citizenship", f["citizenship"]),
        ("Berlaku Hingga", "validUntil", until),
    ]
    room = end - value_x
    texts = {
        field: broken(drawing, text, size, bold, room)
        for _, field, text in rows
        if field in ("name", "address")
    }
    lines = 12 + sum(len(t) - 1 for t in texts.values())
    pitch = min(rng.uniform(2.58, 2.82), (51.6 - y) / (lines - 1))
    indent = rng.uniform(1.6, 4.0)
    heavy = bold and rng.random() < 0.5
    for label, field, text in rows:
        x = label_x + (indent if field in ("rtRw", "village", "district") else 0)
        drawing.text(x, y, label, size, heavy, room=colon_x - x - 0.3)
        drawing.text(colon_x, y, ":", size, heavy)
        if field == "birth":
            text = f"{f['birthPlace']}, {birth}"
            fit = size * min(1, room / drawing.length(text, size, bold))
            after = drawing.text(value_x, y, f"{f['birthPlace']}, ", fit, bold)
            drawing.note("birthPlace", value_x, y - 0.74 * fit, after, y)
            drawing.text(after, y, birth, fit, bold, "birthDate")
        else:
            for piece in texts.get(field, [text]):
                after = drawing.text(value_x, y, piece, size, bold, field, room=room)
                y += pitch
            y -= pitch
        if field == "gender":
            at = drawing.text(max(rng.uniform(42, 47), after + 2), y, "Gol. Darah", size, heavy)
            at = drawing.text(at + rng.uniform(0.3, 0.9), y, ":", size, heavy)
            if "bloodType" in f:
                drawing.text(at + rng.uniform(0.4, 0.9), y, f["bloodType"], size, bold, "bloodType")
        y += pitch


def npwp(rng, age, fields, extra):
    """(SVG drawing, layout) of an NPWP, `old` (yellow, 15 digits) or `new` (16 digits)."""
    drawing = Drawing(rng.choice(list(FONTS)), colour([rng.randint(14, 52)] * 3))
    if age == "old":
        ground(rng, drawing, (248, 214, 96), (242, 198, 70), (206, 150, 40), rng.uniform(0.2, 0.6))
        band = (20, 50, 120)
    else:
        ground(rng, drawing, (246, 248, 252), (214, 228, 244), (150, 180, 214), rng.uniform(0.2, 0.6))
        band = (16, 84, 160)
    high = rng.uniform(8.5, 11)
    shape = rng.choice(["straight", "curved", "line"])
    if shape == "straight":
        drawing.add(f'<rect width="{WIDTH}" height="{high:.2f}" fill="{colour(band)}"/>')
    elif shape == "curved":
        drawing.add(
            f'<path d="M0,0H{WIDTH}V{high - 2:.2f}Q{WIDTH / 2},{high + 2.4:.2f} 0,{high - 1:.2f}Z" fill="{colour(band)}"/>'
        )
    else:
        drawing.add(f'<rect y="{high:.2f}" width="{WIDTH}" height=".7" fill="{colour(band)}"/>')
    pale = drawing.ink if shape == "line" else "#f4f6fa"
    size = rng.uniform(2.05, 2.4) / max(1.0, (drawing.length("KABUPATEN", 1) / 6.6) ** 0.7)
    first, second = rng.choice(
        [
            ("KEMENTERIAN KEUANGAN REPUBLIK INDONESIA", "DIREKTORAT JENDERAL PAJAK"),
            ("Kementerian Keuangan Republik Indonesia", "Direktorat Jenderal Pajak"),
            ("DEPARTEMEN KEUANGAN RI", "DIREKTORAT JENDERAL PAJAK"),
        ]
    )
    drawing.add(
        f'<path d="M6.5,2.2l3.4,2.4-1.3,4h-4.2l-1.3-4z" fill="#d8b040" stroke="{pale}" stroke-width=".3"/>'
    )
    drawing.text(12, high * 0.45, first, size, True, room=62, ink=pale)
    drawing.text(12, high * 0.45 + 2.9, second, size, True, room=62, ink=pale)
    x, y = rng.uniform(4.5, 8), high + rng.uniform(5, 8)
    wide = WIDTH - x - 5 if age == "old" else 62 - x
    n = fields["npwpNumber"]
    if len(n) == 15:
        shown = f"{n[:2]}.{n[2:5]}.{n[5:8]}.{n[8]}-{n[9:12]}.{n[12:]}"
    else:
        shown = rng.choice([" ", " ", ".", ""]).join(n[i : i + 4] for i in range(0, 16, 4))
    big = size * rng.uniform(1.3, 1.55)
    lead = rng.choice(["NPWP : ", "NPWP: ", "NPWP  "]) if age == "old" or rng.random() < 0.4 else ""
    if lead:
        x_number = drawing.text(x, y, lead, big, True) + drawing.length(" ", big)
    else:
        drawing.text(x, y - big * 1.15, "NPWP", size * 0.9)
        x_number = x
    drawing.text(x_number, y, shown, big, True, "npwpNumber")
    pitch = rng.uniform(3.0, 3.5)
    y += pitch * rng.uniform(1.15, 1.4)
    drawing.text(x, y, fields["name"], size * rng.uniform(1.05, 1.25), True, "name", room=wide)
    if "nik" in fields:
        y += pitch
        drawing.text(drawing.text(x, y, "NIK : ", size) + 0.5, y, fields["nik"], size, False, "nik")
    y += 0.4
    for line in extra["lines"]:
        y += pitch
        drawing.text(x, y, line, size, False, "address", room=wide)
    if "nitku" in extra:
        y += pitch
        drawing.text(x, y, f"NITKU : {extra['nitku']}", size * 0.95)
    y = max(y + pitch * 1.1, rng.uniform(40, 44))
    day = extra["registered"].strftime("%d-%m-%Y")
    if y < 50:
        drawing.text(x, y, f"Terdaftar : {day}", size * 0.9)
    if y < 46:
        drawing.text(x, y + pitch, extra["office"], size * 0.9, True)
    if age == "new":
        code(rng, drawing, rng.uniform(65, 68), rng.uniform(22, 30), rng.uniform(12, 15))
    return drawing, {"style": f"npwp-{age}", "family": drawing.family}


def code(rng, drawing, x, y, side, cells=21):
    """A square code that says nothing."""
    unit = side / cells
    drawing.add(
        f'<rect x="{x - 0.6:.2f}" y="{y - 0.6:.2f}" width="{side + 1.2:.2f}" height="{side + 1.2:.2f}" fill="#fff"/>'
    )
    path = ""
    for row in range(cells):
        for column in range(cells):
            corner = min(row, cells - 1 - row) < 8 and column < 8 or (row < 8 and column > cells - 9)
            if not corner and rng.random() < 0.5:
                path += f"M{x + column * unit:.2f},{y + row * unit:.2f}h{unit:.2f}v{unit:.2f}h-{unit:.2f}z"
    for cx, cy in ((0, 0), (cells - 7, 0), (0, cells - 7)):
        a, b = x + cx * unit, y + cy * unit
        path += f"M{a:.2f},{b:.2f}h{7 * unit:.2f}v{7 * unit:.2f}h-{7 * unit:.2f}z"
        path += f"M{a + unit:.2f},{b + unit:.2f}v{5 * unit:.2f}h{5 * unit:.2f}v-{5 * unit:.2f}z"
        path += f"M{a + 2 * unit:.2f},{b + 2 * unit:.2f}h{3 * unit:.2f}v{3 * unit:.2f}h-{3 * unit:.2f}z"
    drawing.add(f'<path d="{path}" fill="#101014"/>')


def sheet(rng, _nrng, kind, person, npwp_content):
    """(sheet, boxes, layout) of a card."""
    drawing, layout = ktp(rng, person) if kind == "ktp" else npwp(rng, *npwp_content)
    return rasterised(drawing.markup()), drawing.boxes, layout
