"""Negatives of the held-out set: other things than in `negatives`, some of them very similar to a card."""

import math

from PIL import Image, ImageDraw

from . import camera, fonts, grounds, light, paint, people, photo, tables

KINDS = (
    "licence",
    "campus",
    "money-card",
    "payslip",
    "invoice",
    "note",
    "chat",
    "vehicle",
    "badge",
    "ticket",
    "poster",
    "bare",
    "clutter",
    "face",
    "sky",
    "certificate",
    "back",
    "price-tags",
    "blank-card",
    "calendar",
)
TALL = {"payslip", "invoice", "note", "chat", "ticket", "poster", "calendar"}


def draw(rng, nrng, style, kind=None):
    """(picture, kind)."""
    kind = kind or rng.choice(KINDS)
    difficulty = rng.choice(["T1", "T1", "T2", "T3"])
    level = dict(camera.LEVELS[difficulty])
    size = rng.choice(level["sizes"])
    corners = [(0, 0), (size[0], 0), size, (0, size[1])]
    if kind in ("bare", "clutter"):
        picture, _ = tables.table(rng, nrng, size)
        for _ in range(3 if kind == "clutter" else 0):
            tables.clutter(rng, picture, corners)
    elif kind in ("face", "sky"):
        picture = {"face": face, "sky": sky}[kind](rng, nrng, size)
    else:
        picture, _ = tables.table(rng, nrng, size)
        thing = THINGS[kind](rng, nrng, style)
        shape = dict(level, share=(0.35, 0.62) if kind in TALL else (0.6, 0.92))
        corners, _, _ = camera.pose(rng, size, thing.height / thing.width, shape)
        radius = 3 if kind in TALL or kind in ("certificate", "price-tags") else 48
        picture = photo.lay(picture, thing, paint.rounded_mask(thing.size, radius), corners, rng)
        if rng.random() < 0.2:
            camera.hand(rng, picture, corners)
    pixels, _ = light.lit(rng, nrng, picture, difficulty, corners)
    picture, _ = camera.develop(rng, nrng, Image.fromarray(pixels.clip(0, 255).astype("uint8")), level)
    return picture, kind


def plate(rng, nrng, tint, strength=None):
    """(sheet, image) of a plastic card."""
    size = (1400, round(1400 * paint.CARD_RATIO))
    ink = tuple(max(0, c - 60) for c in tint)
    image, _ = grounds.ground(
        rng, nrng, size, tint, ink, rng.uniform(0.05, 0.45) if strength is None else strength
    )
    return paint.Sheet(image), image


def face_of(rng, style, size, bold=False):
    """A face of the set at a size in pixels."""
    return fonts.sans(rng.choice(style.families), size, bold)


def licence(rng, nrng, style):
    """A driving licence: numbered rows, a portrait on the right, dates."""
    s, image = plate(
        rng, nrng, rng.choice([(206, 222, 236), (226, 214, 230), (236, 230, 206), (180, 210, 232)])
    )
    f = people.person(rng).fields
    ink = (30, 30, 40)
    family = rng.choice(style.families)
    big, mid = fonts.sans(family, 60, True), fonts.sans(family, 40)
    s.text(0.5, 0.12, "SURAT IZIN MENGEMUDI", big, ink, None, "ms")
    s.text(0.5, 0.2, f"DRIVING LICENCE  {rng.choice(['A', 'B I', 'C', 'C', 'D'])}", mid, ink, None, "ms")
    rows = [
        f["name"],
        f"{f['birthPlace']}, {f['birthDate'][8:]}-{f['birthDate'][5:7]}-{f['birthDate'][:4]}",
        f"{f['bloodType']} - {'PRIA' if f['gender'] == 'LAKI-LAKI' else 'WANITA'}",
        f["address"],
        f["occupation"],
        f["province"],
    ]
    numbered = rng.random() < 0.5
    for at, row in enumerate(rows):
        text = f"{at + 1}. {row}" if numbered else row
        s.text(0.05 if not numbered else 0.3, 0.34 + at * 0.085, text, mid, ink)
    s.text(0.05, 0.93, f"{rng.randrange(10**11, 10**14)}", fonts.sans(family, 52, True), ink)
    x = 1060 if not numbered else 70
    image.paste(paint.portrait(rng, nrng, (280, 360), f["gender"] == "PEREMPUAN", (60, 110, 200)), (x, 260))
    return image


def campus(rng, nrng, style):
    """A student's or employee's card with a NIM, NISN or NIP."""
    s, image = plate(rng, nrng, tuple(rng.randint(40, 240) for _ in range(3)))
    ink = (20, 20, 26) if sum(image.getpixel((700, 400))) > 380 else (244, 244, 246)
    f = people.person(rng).fields
    family = rng.choice(style.families)
    s.draw.rectangle((0, 0, 1400, 170), fill=tuple(rng.randint(10, 120) for _ in range(3)))
    s.text(
        0.5,
        0.09,
        rng.choice(
            ["UNIVERSITAS BINA CENDEKIA", "SMA NEGERI 7", "POLITEKNIK MARITIM", "DINAS PEKERJAAN UMUM"]
        ),
        fonts.sans(family, 56, True),
        (245, 245, 245),
        None,
        "ms",
    )
    s.text(
        0.5,
        0.16,
        rng.choice(["KARTU TANDA MAHASISWA", "KARTU PELAJAR", "KARTU PEGAWAI"]),
        fonts.sans(family, 38),
        (245, 245, 245),
        None,
        "ms",
    )
    left = rng.random() < 0.5
    image.paste(
        paint.portrait(rng, nrng, (270, 350), rng.random() < 0.5, rng.choice([(178, 28, 34), (30, 72, 160)])),
        (70 if left else 1060, 270),
    )
    rows = [
        ("Nama", f["name"]),
        (rng.choice(["NIM", "NISN", "NIP"]), str(rng.randrange(10**9, 10**17))),
        ("Tempat/Tgl Lahir", f"{f['birthPlace']}, {f['birthDate']}"),
        ("Alamat", f["address"]),
        ("Jurusan", rng.choice(["TEKNIK SIPIL", "AKUNTANSI", "KEPERAWATAN"])),
    ]
    for at, (name, value) in enumerate(rows):
        y = 0.38 + at * 0.085
        s.text(0.27 if left else 0.05, y, name, fonts.sans(family, 36), ink)
        s.text(0.5 if left else 0.26, y, f": {value}"[:30], fonts.sans(family, 36, True), ink)
    return image


def money_card(rng, nrng, style):
    """A bank, transit or electronic money card."""
    s, image = plate(rng, nrng, tuple(rng.randint(10, 230) for _ in range(3)), rng.uniform(0, 0.3))
    ink = (30, 30, 34) if sum(image.getpixel((700, 400))) > 400 else (240, 240, 240)
    s.text(
        0.06,
        0.16,
        rng.choice(["e-Dana", "KARTU KOMUTER", "BANK SAMUDRA", "TapPay"]),
        face_of(rng, style, 84, True),
        ink,
    )
    digits = " ".join(str(rng.randint(1000, 9999)) for _ in range(4))
    s.text(0.07, 0.68, digits, fonts.special(rng.choice(["b612-mono", "pt-mono", "hack"]), 72), ink)
    s.text(0.07, 0.86, people.name(rng, rng.choice("LP")), face_of(rng, style, 44), ink)
    s.draw.rounded_rectangle((100, 300, 270, 430), 18, fill=(206, 176, 96), outline=(110, 90, 40), width=4)
    return image


def page(rng, width, height):
    """(image, draw) of paper."""
    tone = rng.randint(222, 253)
    image = Image.new("RGB", (width, height), (tone, tone - rng.randint(0, 8), tone - rng.randint(0, 22)))
    return image, ImageDraw.Draw(image)


def payslip(rng, nrng, style):
    """A salary slip that names NPWP and NIK of the employee."""
    image, d = page(rng, 900, 1200)
    f = people.person(rng).fields
    face, bold = face_of(rng, style, 28), face_of(rng, style, 40, True)
    d.text((450, 60), "SLIP GAJI KARYAWAN", font=bold, fill=(20, 20, 24), anchor="mm")
    rows = [
        ("Nama", f["name"]),
        ("NIK", f["nik"] if rng.random() < 0.5 else str(rng.randint(1000, 99999))),
        ("NPWP", people.npwp15(rng)),
        ("Jabatan", f["occupation"]),
        ("Status", f["maritalStatus"]),
    ]
    for at, (name, value) in enumerate(rows):
        d.text((60, 140 + at * 44), name, font=face, fill=(30, 30, 34))
        d.text((260, 140 + at * 44), f": {value}", font=face, fill=(30, 30, 34))
    for at in range(14):
        y = 420 + at * 48
        d.text(
            (60, y), " ".join(rng.choices(people.words()["prose"], k=2)).title(), font=face, fill=(30, 30, 34)
        )
        d.text(
            (840, y),
            f"{rng.randint(20, 9000) * 1000:,}".replace(",", "."),
            font=face,
            fill=(30, 30, 34),
            anchor="ra",
        )
        d.line((60, y + 40, 840, y + 40), fill=(150, 150, 150))
    return image


def invoice(rng, nrng, style):
    """A tax invoice or till receipt of another make."""
    image, d = page(rng, 640, rng.randint(900, 1300))
    face = fonts.special(rng.choice(["hack", "pt-mono", "inconsolata"]), 26)
    d.text(
        (320, 50),
        rng.choice(["KOPI SENJA", "SPBU 34.125", "TOKO BANGUNAN JAYA", "RM SEDERHANA"]),
        font=face_of(rng, style, 40, True),
        fill=(30, 30, 36),
        anchor="mm",
    )
    y = 110
    heads = [
        people.address(rng)[:32],
        f"NPWP: {people.npwp15(rng)}",
        f"KASIR: {people.name(rng, 'P')[:18]}",
        f"NO. {rng.randrange(10**12, 10**16)}",
    ]
    for row in heads + ["=" * 36]:
        d.text((30, y), row, font=face, fill=(50, 50, 56))
        y += 38
    while y < image.height - 160:
        item = " ".join(rng.choices(people.words()["prose"], k=2)).upper()[:16]
        d.text((30, y), f"{item:<18}", font=face, fill=(50, 50, 56))
        d.text((610, y), f"{rng.randint(3, 400) * 500:,}", font=face, fill=(50, 50, 56), anchor="ra")
        y += 38
    return image


def note(rng, nrng, style):
    """A handwritten sheet."""
    image, d = page(rng, 900, 1200)
    face = fonts.special("hand", rng.randint(38, 56))
    for at in range(int(1100 / (face.size * 1.6))):
        y = 60 + at * face.size * 1.6
        d.line((0, y + face.size * 1.3, 900, y + face.size * 1.3), fill=(170, 190, 220), width=2)
        if rng.random() < 0.85:
            d.text(
                (70, y),
                " ".join(rng.choices(people.words()["prose"], k=rng.randint(2, 5))),
                font=face,
                fill=(24, 30, 110),
            )
    return image


def chat(rng, nrng, style):
    """A telephone's screen with messages."""
    image = Image.new("RGB", (720, 1440), rng.choice([(12, 20, 26), (236, 229, 221)]))
    d = ImageDraw.Draw(image)
    face = face_of(rng, style, 30)
    y = 120
    while y < 1300:
        mine, words = rng.random() < 0.5, " ".join(rng.choices(people.words()["prose"], k=rng.randint(2, 5)))
        wide = face.getlength(words) + 50
        x = 700 - wide if mine else 20
        d.rounded_rectangle((x, y, x + wide, y + 66), 20, fill=(0, 92, 75) if mine else (60, 68, 76))
        d.text((x + 24, y + 14), words, font=face, fill=(236, 236, 238))
        y += rng.randint(84, 130)
    d.rectangle((0, 0, 720, 96), fill=(32, 44, 51))
    return image


def vehicle(rng, nrng, style):
    """A vehicle registration: many small labelled fields, no portrait."""
    s, image = plate(rng, nrng, rng.choice([(214, 226, 206), (232, 220, 196)]))
    f = people.person(rng).fields
    family = rng.choice(style.families)
    s.text(0.5, 0.1, "SURAT TANDA NOMOR KENDARAAN", fonts.sans(family, 46, True), (30, 40, 36), None, "ms")
    rows = [
        ("Nomor Registrasi", f"B {rng.randint(1000, 9999)} XYZ"),
        ("Nama Pemilik", f["name"]),
        ("NIK", f["nik"]),
        ("Alamat", f["address"]),
        ("Merk/Type", "HONDA / NF 125"),
        ("Tahun", str(rng.randint(2005, 2024))),
        ("Nomor Rangka", f"MH1{rng.randrange(10**12, 10**13)}"),
        ("Warna", "HITAM"),
        ("Berlaku sampai", "12-08-2027"),
    ]
    for at, (name, value) in enumerate(rows):
        s.text(0.05, 0.2 + at * 0.08, name, fonts.sans(family, 32), (30, 40, 36))
        s.text(0.34, 0.2 + at * 0.08, f": {value}", fonts.sans(family, 34, True), (30, 40, 36))
    return image


def badge(rng, nrng, style):
    """A blue or yellow access card: a portrait, a name, little else."""
    s, image = plate(rng, nrng, rng.choice([(170, 204, 232), (246, 214, 110), (240, 240, 244)]))
    s.text(
        0.06,
        0.2,
        rng.choice(["VISITOR", "PT SENTOSA JAYA", "PANITIA", "PRESS"]),
        face_of(rng, style, 90, True),
        (30, 40, 80),
    )
    s.text(0.06, 0.5, people.name(rng, "L"), face_of(rng, style, 60, True), (30, 30, 34))
    s.text(0.06, 0.62, f"ID {rng.randrange(10**5, 10**7)}", face_of(rng, style, 48), (30, 30, 34))
    image.paste(
        paint.portrait(rng, nrng, (300, 390), False, rng.choice([(178, 28, 34), (30, 72, 160)])), (1040, 180)
    )
    return image


def ticket(rng, nrng, style):
    """A boarding pass or parking ticket."""
    image, d = page(rng, 560, 1200)
    face = fonts.special(rng.choice(["hack", "b612-mono"]), 30)
    rows = [
        "TIKET KERETA",
        people.name(rng, "P"),
        f"KODE {rng.randrange(10**6, 10**8)}",
        f"{rng.randint(1, 28):02}-{rng.randint(1, 12):02}-2024",
        "GAMBIR - BANDUNG",
        "EKS 3 / 12A",
        "ID 3175********0004",
    ]
    for at, row in enumerate(rows):
        d.text((40, 60 + at * 70), row, font=face, fill=(30, 30, 36))
    code = paint.code_block(nrng, 33).resize((360, 360), 0).convert("RGB")
    image.paste(code, (100, 700))
    return image


def poster(rng, nrng, style):
    """A poster with large letters."""
    image = Image.new("RGB", (900, 1250), tuple(rng.randint(10, 245) for _ in range(3)))
    d = ImageDraw.Draw(image)
    for at in range(rng.randint(3, 7)):
        words = " ".join(rng.choices(people.words()["prose"], k=2)).upper()
        d.text(
            (60, 80 + at * 160),
            words,
            font=face_of(rng, style, rng.randint(50, 110), True),
            fill=tuple(rng.randint(0, 255) for _ in range(3)),
        )
    return image


def certificate(rng, nrng, style):
    """A framed certificate that names a person, a place and a date."""
    image, d = page(rng, 1400, 1000)
    f = people.person(rng).fields
    d.rectangle((40, 40, 1360, 960), outline=(160, 120, 40), width=14)
    big, mid = fonts.special("pt-serif-bold", 76), fonts.special("pt-serif", 40)
    for y, text, face in (
        (160, "SERTIFIKAT", big),
        (270, "diberikan kepada", mid),
        (370, f["name"], big),
        (480, f"lahir di {f['birthPlace'].title()}, {f['birthDate']}", mid),
        (560, f"PROVINSI {f['province']}", mid),
        (640, f["regency"], mid),
    ):
        d.text((700, y), text, font=face, fill=(40, 34, 30), anchor="mm")
    paint.signature(rng, d, (900, 740, 1200, 880), (20, 20, 80), 5)
    return image


def back(rng, nrng, style):
    """The back of a card: a stripe, small print, a code."""
    s, image = plate(rng, nrng, rng.choice([(190, 212, 230), (220, 224, 228)]))
    s.draw.rectangle((0, 90, 1400, 230), fill=(24, 24, 26))
    for at in range(7):
        s.text(
            0.06,
            0.4 + at * 0.06,
            " ".join(rng.choices(people.words()["prose"], k=8)),
            face_of(rng, style, 28),
            (50, 50, 56),
        )
    return image


def price_tags(rng, nrng, style):
    """Shelf labels in a row."""
    image, d = page(rng, 1400, 860)
    for at in range(6):
        x, y = 40 + at % 3 * 450, 60 + at // 3 * 400
        d.rectangle(
            (x, y, x + 400, y + 320),
            fill=rng.choice([(250, 230, 60), (255, 255, 255)]),
            outline=(40, 40, 40),
            width=4,
        )
        d.text(
            (x + 20, y + 20),
            " ".join(rng.choices(people.words()["prose"], k=2)).upper()[:18],
            font=face_of(rng, style, 36),
            fill=(20, 20, 20),
        )
        d.text(
            (x + 20, y + 120),
            f"Rp {rng.randint(2, 200) * 500:,}",
            font=face_of(rng, style, 64, True),
            fill=(180, 20, 20),
        )
    return image


def blank_card(rng, nrng, style):
    """A card's ground with nothing printed on it."""
    return plate(rng, nrng, rng.choice([(172, 206, 230), (244, 208, 96), (236, 240, 246)]))[1]


def calendar(rng, nrng, style):
    """A month on a wall."""
    image, d = page(rng, 900, 1100)
    d.text(
        (450, 90),
        f"{rng.choice(['AGUSTUS', 'MEI', 'JANUARI'])} {rng.randint(2018, 2026)}",
        font=face_of(rng, style, 80, True),
        fill=(170, 20, 30),
        anchor="mm",
    )
    for day in range(31):
        d.text(
            (90 + day % 7 * 120, 260 + day // 7 * 150),
            str(day + 1),
            font=face_of(rng, style, 60, True),
            fill=(30, 30, 34),
            anchor="mm",
        )
    return image


def face(rng, nrng, size):
    """A portrait that fills the picture."""
    return paint.portrait(rng, nrng, size, rng.random() < 0.5, tuple(rng.randint(20, 235) for _ in range(3)))


def sky(rng, nrng, size):
    """Landscape: sky, hills, a field."""
    picture = Image.new("RGB", size, (150, 190, 230))
    d = ImageDraw.Draw(picture)
    width, height = size
    for at in range(4):
        ridge = [
            (x, height * (0.35 + at * 0.15) + math.sin(x / width * rng.uniform(3, 14) + at) * height * 0.06)
            for x in range(0, width + 20, 20)
        ]
        d.polygon([(0, height), *ridge, (width, height)], fill=(60 + at * 16, 100 + at * 14, 70 - at * 8))
    return picture


THINGS = {
    "licence": licence,
    "campus": campus,
    "money-card": money_card,
    "payslip": payslip,
    "invoice": invoice,
    "note": note,
    "chat": chat,
    "vehicle": vehicle,
    "badge": badge,
    "ticket": ticket,
    "poster": poster,
    "certificate": certificate,
    "back": back,
    "price-tags": price_tags,
    "blank-card": blank_card,
    "calendar": calendar,
}
