"""Pictures that are no KTP and no NPWP; some carry numbers that look like the real ones."""

import math

import numpy as np
from PIL import Image, ImageDraw

from . import fonts, others, paint, people, photo

KINDS = [
    "receipt",
    "receipt",
    "book",
    "card",
    "card",
    "form",
    "table",
    "objects",
    "letter",
    "screen",
    "family",
    "plain",
]


def draw(rng, nrng, style, kind=None):
    """(picture, kind): a photograph of something else."""
    if style.held_out:
        return others.draw(rng, nrng, style, kind)
    families = list(style.families)
    kind = kind or rng.choice(KINDS)
    difficulty = rng.choice(["T1", "T1", "T2", "T3"])
    level = dict(photo.LEVELS[difficulty])
    size = rng.choice(level["sizes"])
    picture = photo.background(rng, nrng, size)
    whole = [(0, 0), (size[0], 0), size, (0, size[1])]
    corners = whole
    if kind in ("objects", "plain"):
        if rng.random() < 0.6 or kind == "objects":
            photo.clutter(rng, nrng, picture)
        if kind == "objects":
            objects(rng, picture)
    else:
        thing = {
            "receipt": receipt,
            "book": book,
            "card": card,
            "form": form,
            "table": table,
            "letter": letter,
            "screen": screen,
            "family": family,
        }[kind](rng, nrng, families)
        level["turned"] = max(level["turned"], 0.1)
        shape = dict(level, share=(0.6, 0.95) if thing.width > thing.height else (0.35, 0.6))
        corners, _, _ = photo.pose(rng, size, thing.height / thing.width, shape)
        radius = 50 if kind == "card" else 2
        picture = photo.lay(picture, thing, paint.rounded_mask(thing.size, radius), corners, rng)
    return photo.lens(rng, nrng, photo.light(rng, nrng, picture, level, corners), level), kind


def sheet(rng, size, tint=None):
    """Blank paper and a pen for it."""
    tone = rng.randint(228, 252)
    image = Image.new("RGB", size, tint or (tone, tone, tone - rng.randint(0, 14)))
    return image, ImageDraw.Draw(image)


def receipt(rng, nrng, families):
    """A shop's till receipt, often with the shop's own tax number."""
    image, d = sheet(rng, (620, rng.randint(900, 1500)))
    face = fonts.special(rng.choice(["mono", "dejavu-mono", "mono-bold"]), 26)
    rows = [
        rng.choice(["TOKO SUMBER REJEKI", "WARUNG BU TINI", "MINIMARKET MAJU", "APOTEK SEHAT"]),
        people.address(rng),
        f"NPWP : {_dotted(people.npwp15(rng))}"
        if rng.random() < 0.5
        else "TELP 021-5550" + str(rng.randint(100, 999)),
        f"NO {rng.randrange(10**15, 10**16)}",
        "-" * 34,
    ]
    total = 0
    for _ in range(rng.randint(5, 18)):
        price = rng.randint(2, 120) * 500
        total += price
        item = rng.choice(
            [
                "BERAS 5KG",
                "GULA PASIR",
                "MINYAK GRG 1L",
                "TEH CELUP",
                "SABUN MANDI",
                "KOPI SACHET",
                "TELUR 1/2KG",
                "MIE INSTAN",
            ]
        )
        rows.append(f"{item:<18}{rng.randint(1, 4):>3} {price:>11,}".replace(",", "."))
    rows += [
        "-" * 34,
        f"{'TOTAL':<20}{total:>13,}".replace(",", "."),
        f"{'TUNAI':<20}{total + 5000:>13,}".replace(",", "."),
        "",
        "TERIMA KASIH",
        f"{rng.randint(1, 28):02}-{rng.randint(1, 12):02}-20{rng.randint(15, 25)} "
        f"{rng.randint(8, 21):02}:{rng.randint(0, 59):02}",
    ]
    for at, row in enumerate(rows):
        d.text((30, 30 + at * 36), row, font=face, fill=(50, 50, 60))
    return image


def _dotted(n):
    return f"{n[:2]}.{n[2:5]}.{n[5:8]}.{n[8]}-{n[9:12]}.{n[12:]}"


def book(rng, nrng, families):
    """A page of a book or newspaper."""
    image, d = sheet(rng, (900, 1250))
    face = fonts.special("serif", rng.randint(26, 34))
    y = 80
    while y < 1170:
        line = ""
        while face.getlength(line) < 700:
            line += rng.choice(people.words()["prose"]) + " "
        d.text(
            (70, y), line.strip().capitalize() if rng.random() < 0.2 else line, font=face, fill=(40, 38, 36)
        )
        y += int(face.size * 1.4)
    return image


def letter(rng, nrng, families):
    """An official letter: letterhead, a person's particulars, a signature."""
    image, d = sheet(rng, (1000, 1400))
    head, body = fonts.special("serif-bold", 36), fonts.special("serif", 28)
    d.text((500, 90), "SURAT KETERANGAN DOMISILI", font=head, fill=(20, 20, 20), anchor="mm")
    d.line((80, 130, 920, 130), fill=(20, 20, 20), width=4)
    someone = people.person(rng).fields
    for at, (name, value) in enumerate(
        (
            ("Nama", someone["name"]),
            ("Pekerjaan", someone["occupation"]),
            ("Alamat", someone["address"]),
            ("No. HP", f"08{rng.randrange(10**9, 10**10)}"),
        )
    ):
        d.text((120, 240 + at * 50), f"{name}", font=body, fill=(30, 30, 30))
        d.text((360, 240 + at * 50), f": {value}", font=body, fill=(30, 30, 30))
    for row in range(12):
        d.text(
            (100, 520 + row * 46),
            " ".join(rng.choices(people.words()["prose"], k=9)),
            font=body,
            fill=(30, 30, 30),
        )
    paint.signature(rng, d, (620, 1180, 860, 1290), (20, 20, 90), 4)
    return image


def form(rng, nrng, families):
    """A form of ruled boxes, empty or nearly so."""
    image, d = sheet(rng, (1000, 1300))
    face = fonts.sans(rng.choice(families), 28)
    for row, name in enumerate(
        [
            "Nama",
            "NIK",
            "Alamat",
            "Tempat/Tgl Lahir",
            "Agama",
            "Pekerjaan",
            "No. Telepon",
            "NPWP",
            "Tanda tangan",
        ]
    ):
        y = 120 + row * 120
        d.text((70, y), name, font=face, fill=(30, 30, 30))
        for k in range(16):
            d.rectangle((360 + k * 36, y - 8, 396 + k * 36, y + 36), outline=(60, 60, 60), width=2)
    return image


def table(rng, nrng, families):
    """A table of figures."""
    image, d = sheet(rng, (1300, 900))
    face = fonts.sans(rng.choice(families), 26)
    for row in range(16):
        for column in range(6):
            x, y = 50 + column * 200, 50 + row * 50
            d.rectangle((x, y, x + 200, y + 50), outline=(90, 90, 90), width=2)
            if rng.random() < 0.85:
                d.text(
                    (x + 10, y + 10),
                    f"{rng.randint(0, 9_999_999):,}".replace(",", "."),
                    font=face,
                    fill=(30, 30, 40),
                )
    return image


def screen(rng, nrng, families):
    """A telephone or computer screen with a list."""
    image = Image.new("RGB", (720, 1400), rng.choice([(250, 250, 252), (24, 26, 32)]))
    d = ImageDraw.Draw(image)
    ink = (30, 30, 36) if image.getpixel((0, 0))[0] > 100 else (230, 230, 235)
    face, small = fonts.sans(rng.choice(families), 34), fonts.sans(rng.choice(families), 26)
    d.rectangle((0, 0, 720, 110), fill=tuple(rng.randint(20, 200) for _ in range(3)))
    for row in range(9):
        y = 150 + row * 135
        d.ellipse((30, y, 120, y + 90), fill=tuple(rng.randint(60, 220) for _ in range(3)))
        d.text((150, y + 4), people.name(rng, rng.choice("LP")).title(), font=face, fill=ink)
        d.text((150, y + 52), " ".join(rng.choices(people.words()["prose"], k=4)), font=small, fill=ink)
    return image


def card(rng, nrng, families):
    """Another card: bank, student, licence, member, business. Blue and yellow ones too."""
    width, height = 1400, round(1400 * paint.CARD_RATIO)
    kind = rng.choice(["bank", "student", "licence", "member", "business", "health"])
    tint = rng.choice(
        [
            (172, 206, 230),
            (245, 208, 90),
            (40, 60, 120),
            (30, 110, 80),
            (230, 230, 236),
            (150, 40, 50),
            (90, 90, 96),
        ]
    )
    image = paint.guilloche(
        rng, nrng, (width, height), tint, tuple(max(0, c - 50) for c in tint), rng.uniform(0, 0.4)
    )
    s = paint.Sheet(image)
    ink = (245, 245, 245) if sum(tint) < 420 else (30, 30, 36)
    family = rng.choice(families)
    big, mid, small = (fonts.sans(family, n, bold) for n, bold in ((66, True), (44, False), (34, False)))
    someone = people.person(rng).fields
    title = {
        "bank": "BANK NUSANTARA",
        "student": "KARTU TANDA MAHASISWA",
        "licence": "SURAT IZIN MENGEMUDI",
        "member": "MEMBER CARD",
        "business": "CV. SINAR ABADI",
        "health": "KARTU INDONESIA SEHAT",
    }[kind]
    s.text(0.06, 0.15, title, big, ink)
    if kind == "bank":
        s.text(
            0.08,
            0.62,
            " ".join(str(rng.randint(1000, 9999)) for _ in range(4)),
            fonts.special(rng.choice(["ocr-a", "ocr-b"]), 80),
            ink,
        )
        s.text(0.08, 0.82, someone["name"], mid, ink)
        s.text(0.55, 0.73, f"VALID THRU {rng.randint(1, 12):02}/{rng.randint(24, 31)}", small, ink)
        s.draw.rounded_rectangle(
            (110, 280, 290, 420), 20, fill=(214, 180, 90), outline=(120, 100, 50), width=4
        )
        return image
    number = {
        "student": ("NIM", f"{rng.randrange(10**9, 10**10)}"),
        "licence": ("No.", f"{rng.randrange(10**13, 10**14)}"),
        "member": ("ID", f"{rng.randrange(10**9, 10**10)}"),
        "business": ("Telp", f"08{rng.randrange(10**9, 10**10)}"),
        "health": ("Nomor Kartu", f"{rng.randrange(10**12, 10**13):013}"),
    }[kind]
    rows = [
        number,
        ("Nama", someone["name"]),
        ("Alamat", someone["address"]),
        ("Tgl Lahir", people.short(someone["regency"])),
    ]
    for at, (name, value) in enumerate(rows):
        s.text(0.06, 0.36 + at * 0.1, name, small, ink)
        s.text(0.26, 0.36 + at * 0.1, f": {value}"[:32], mid, ink)
    if kind in ("student", "licence"):
        image.paste(
            paint.portrait(
                rng, nrng, (290, 380), rng.random() < 0.5, rng.choice([(178, 28, 34), (30, 72, 160)])
            ),
            (1060, 300),
        )
    return image


def family(rng, nrng, families):
    """A family card page: NIKs in a table, yet no identity card."""
    image, d = sheet(rng, (1500, 1060), (226, 236, 240))
    face, head = fonts.sans(rng.choice(families), 22), fonts.sans("liberation", 46, True)
    d.text((750, 60), "KARTU KELUARGA", font=head, fill=(20, 20, 20), anchor="mm")
    d.text(
        (750, 110),
        f"No. {rng.randrange(11 * 10**14, 76 * 10**14)}",
        font=fonts.sans("liberation", 32, True),
        fill=(20, 20, 20),
        anchor="mm",
    )
    for row in range(11):
        y = 200 + row * 62
        d.rectangle((40, y, 1460, y + 62), outline=(60, 70, 80), width=2)
        if row == 0:
            texts = ["No", "Nama Lengkap", "NIK", "Jenis Kelamin", "Tempat Lahir", "Tanggal Lahir", "Agama"]
        elif row <= 5:
            f = people.person(rng).fields
            texts = [
                str(row),
                f["name"][:22],
                f["nik"],
                f["gender"],
                f["birthPlace"][:14],
                f["birthDate"],
                f["religion"],
            ]
        else:
            texts = []
        for x, text in zip((50, 100, 420, 670, 860, 1080, 1280), texts, strict=False):
            d.text((x, y + 18), text, font=face, fill=(30, 30, 34))
    return image


def objects(rng, picture):
    """Things on a table: cups, boxes, a plate."""
    d = ImageDraw.Draw(picture)
    width, height = picture.size
    for _ in range(rng.randint(3, 9)):
        x, y, r = (
            rng.uniform(0.1, 0.9) * width,
            rng.uniform(0.1, 0.9) * height,
            rng.uniform(0.05, 0.2) * width,
        )
        colour = tuple(rng.randint(10, 245) for _ in range(3))
        if rng.random() < 0.5:
            d.ellipse(
                (x - r, y - r, x + r, y + r), fill=colour, outline=tuple(c // 2 for c in colour), width=6
            )
            d.ellipse(
                (x - r * 0.7, y - r * 0.7, x + r * 0.7, y + r * 0.7),
                outline=tuple(c // 2 for c in colour),
                width=4,
            )
        else:
            a = rng.uniform(0, 3.1)
            d.polygon(
                [
                    (x + r * math.cos(a + k * math.pi / 2), y + r * 0.7 * math.sin(a + k * math.pi / 2))
                    for k in range(4)
                ],
                fill=colour,
            )
    spread = np.asarray(picture, np.float32)
    picture.paste(Image.fromarray(np.clip(spread, 0, 255).astype(np.uint8)))
