"""NPWP cards of the held-out set: the same two generations, laid out and printed otherwise than in `npwp`."""

import math

from . import fonts, grounds, paint

WIDTH = 1400
HEIGHT = round(WIDTH * paint.CARD_RATIO)
MONTHS = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
]


def number_text(rng, number):
    """A number in one of the ways it is printed."""
    if len(number) == 15:
        n = number
        dotted = f"{n[:2]}.{n[2:5]}.{n[5:8]}.{n[8]}-{n[9:12]}.{n[12:]}"
        return rng.choice(
            [dotted] * 8
            + [dotted.replace(".", " "), f"{n[:2]}.{n[2:5]}.{n[5:8]}.{n[8]} - {n[9:12]}.{n[12:]}", n]
        )
    groups = [number[i : i + 4] for i in range(0, 16, 4)]
    return rng.choice([" ", " ", ".", "", "", "  ", "-"]).join(groups)


def draw(rng, nrng, age, fields, extra, faces):
    """(card image, boxes of the fields as fractions)."""
    family = rng.choice(faces.near if rng.random() < 0.5 else faces.families)
    image, _ = grounds.ground(rng, nrng, (WIDTH, HEIGHT), *_tint(rng, age), rng.uniform(0.12, 0.5))
    sheet = paint.Sheet(image)
    ink = tuple(rng.randint(10, 70) for _ in range(3))
    top = _band(rng, sheet, age, family)
    page = Page(rng, sheet, family, ink, age)
    page.y = top + rng.uniform(0.06, 0.1)
    labelled = rng.random() < 0.15
    _number(rng, page, fields, extra, age)
    page.down(1.15, 1.5)
    page.line(
        "name",
        fields["name"],
        "Nama" if labelled else "",
        bold=rng.random() < 0.7,
        grow=rng.uniform(1.0, 1.25),
    )
    if "nik" in fields:
        page.down()
        page.line("nik", fields["nik"], rng.choice(["NIK", "NIK", "N I K", "Nik"]), always=True)
    for at, line in enumerate(extra["lines"]):
        page.down()
        page.line("address", line, "Alamat" if labelled and at == 0 else "", margin=labelled)
    if "nitku" in extra:
        page.down()
        page.line(None, extra["nitku"], "NITKU", always=True)
    _foot(rng, page, extra)
    if age == "new" or rng.random() < 0.15:
        side = round(rng.uniform(0.12, 0.19) * WIDTH)
        code = paint.code_block(nrng, rng.choice([25, 33])).resize((side, side), 0).convert("RGB")
        image.paste(code, (round(0.965 * WIDTH) - side, round(rng.uniform(0.4, 0.62) * HEIGHT)))
    return image, sheet.boxes


class Page:
    """The text below the band, line by line."""

    def __init__(self, rng, sheet, family, ink, age):
        self.rng, self.sheet, self.family, self.ink = rng, sheet, family, ink
        self.x, self.y = rng.uniform(0.04, 0.1), 0.0
        self.right = 0.95 if age == "old" else 0.76
        self.size = rng.uniform(0.038, 0.048) * HEIGHT
        self.pitch = rng.uniform(0.054, 0.064)
        self.column = rng.uniform(0.1, 0.15)
        self.colon = rng.choice([":", ":", ":", " :", ""])

    def down(self, low=1.0, high=1.0):
        """The next line."""
        self.y += self.pitch * self.rng.uniform(low, high)

    def line(self, field, text, label="", bold=False, grow=1.0, always=False, margin=False):
        """Print a value, after its label where it has one."""
        x, face = self.x, fonts.sans(self.family, self.size * grow, bold)
        if label:
            end = self.sheet.text(x, self.y, label, fonts.sans(self.family, self.size), self.ink)
            x = max(end + 0.006, x + self.column) if not always or self.rng.random() < 0.5 else end + 0.006
            if self.colon:
                x = self.sheet.text(
                    x, self.y, self.colon.strip(), fonts.sans(self.family, self.size), self.ink
                )
            x += self.rng.uniform(0.006, 0.014)
        elif margin:
            x += self.column + 0.02
        while self.sheet.width_of(text, face) > self.right - x and face.size > 14:
            face = fonts.sans(self.family, face.size * 0.96, bold)
        self.sheet.text(x, self.y, text, face, self.ink, field)


def _tint(rng, age):
    """(ground, ink of the pattern)."""
    if age == "old":
        return rng.choice([(244, 208, 96), (250, 222, 130), (232, 190, 74), (248, 214, 60)]), (186, 150, 60)
    return rng.choice([(238, 242, 248), (226, 234, 244), (246, 246, 240), (214, 228, 240)]), (150, 180, 210)


def _band(rng, sheet, age, family):
    """The issuer's head: a straight, slanted or arched band, or plain lettering. Gives where it ends."""
    d = sheet.draw
    blue = rng.choice([(20, 60, 140), (10, 40, 96), (36, 84, 170), (18, 70, 120)])
    top, kind = rng.uniform(0.13, 0.19), rng.choice(["straight", "slanted", "arched", "plain"])
    edge = {
        "straight": lambda t: 0.0,
        "slanted": lambda t: (t - 0.5) * -0.04,
        "arched": lambda t: -0.022 * math.sin(t * math.pi),
        "plain": lambda t: 0.0,
    }[kind]
    if kind != "plain":
        low = [(t / 40 * WIDTH, (top + edge(t / 40)) * HEIGHT) for t in range(41)]
        d.polygon([(0, 0), *low, (WIDTH, 0)], fill=blue)
        if rng.random() < 0.5:
            d.line(low, fill=(240, 200, 60), width=rng.randint(4, 12))
        if rng.random() < 0.7:
            foot = 1 - rng.uniform(0.03, 0.08)
            d.rectangle((0, foot * HEIGHT, WIDTH, HEIGHT), fill=blue)
    pale = blue if kind == "plain" else tuple(rng.randint(220, 255) for _ in range(3))
    cx, cy, r = rng.choice([0.06, 0.93]) * WIDTH, top * 0.45 * HEIGHT, top * 0.3 * HEIGHT
    d.ellipse((cx - r, cy - r, cx + r, cy + r), fill=(230, 190, 50), outline=pale, width=4)
    d.polygon([(cx, cy - r * 0.6), (cx + r * 0.55, cy + r * 0.4), (cx - r * 0.55, cy + r * 0.4)], fill=blue)
    words = [
        rng.choice(
            [
                "KEMENTERIAN KEUANGAN REPUBLIK INDONESIA",
                "KEMENTERIAN KEUANGAN RI",
                "DEPARTEMEN KEUANGAN REPUBLIK INDONESIA",
            ]
        ),
        "DIREKTORAT JENDERAL PAJAK",
    ]
    if rng.random() < 0.4:
        words = [word.title().replace(" Ri", " RI") for word in words]
    size = rng.uniform(0.034, 0.046) * HEIGHT
    x, anchor = (0.12, "ls") if cx < WIDTH / 2 else (0.05, "ls")
    for word, at in zip(words, (0.4, 0.74), strict=True):
        sheet.text(x, top * at, word, fonts.sans(family, size, rng.random() < 0.7), pale, None, anchor)
    if age == "new" and cx < WIDTH / 2:
        sheet.text(
            0.955, top * 0.6, "NPWP", fonts.sans(family, size * rng.uniform(1.2, 1.7), True), pale, None, "rs"
        )
    return top


def _number(rng, page, fields, extra, age):
    """The number, beside its label or below it, sometimes with the other number."""
    face = fonts.sans(page.family, page.size * rng.uniform(1.2, 1.6), rng.random() < 0.8)
    text = number_text(rng, fields["npwpNumber"])
    label = fonts.sans(page.family, page.size * rng.uniform(0.75, 1.25), rng.random() < 0.5)
    if age == "new" and rng.random() < 0.7:
        page.sheet.text(
            page.x, page.y, rng.choice(["NPWP", "NPWP", "NPWP16", "Nomor Pokok Wajib Pajak"]), label, page.ink
        )
        page.y += rng.uniform(0.062, 0.078)
        page.sheet.text(page.x, page.y, text, face, page.ink, "npwpNumber")
    else:
        end = page.sheet.text(page.x, page.y, "NPWP", label, page.ink)
        if page.colon:
            end = page.sheet.text(end + rng.uniform(0.004, 0.03), page.y, ":", label, page.ink)
        page.sheet.text(end + rng.uniform(0.006, 0.018), page.y, text, face, page.ink, "npwpNumber")
    if "npwp16" in extra:
        page.down(1.1, 1.3)
        page.line(None, extra["npwp16"], "NPWP16", always=True)


def _foot(rng, page, extra):
    """When and where it was registered."""
    day = extra["registered"]
    when = rng.choice(
        [
            day.strftime("%d-%m-%Y"),
            day.strftime("%d.%m.%Y"),
            f"{day.day:02} {MONTHS[day.month - 1]} {day.year}",
        ]
    )
    page.y = max(page.y + 0.065, rng.uniform(0.7, 0.8))
    word = rng.choice(["Terdaftar", "Terdaftar", "TERDAFTAR", "Tanggal Terdaftar", "Terdaftar Sejak"])
    if page.y < 0.93:
        page.sheet.text(
            page.x, page.y, f"{word} : {when}", fonts.sans(page.family, page.size * 0.86), page.ink
        )
    page.down()
    if page.y < 0.91 and rng.random() < 0.85:
        page.sheet.text(
            page.x,
            page.y,
            office_text(extra["office"], rng),
            fonts.sans(page.family, page.size * 0.88, rng.random() < 0.6),
            page.ink,
        )


def office_text(office, rng):
    """The tax office, sometimes without its kind."""
    return (
        office
        if rng.random() < 0.85
        else office.replace("KPP PRATAMA", rng.choice(["KPP MADYA", "KPP PRATAMA"]))
    )
