"""The NPWP in its two layouts: yellow with 15 digits, white and blue with 16. Nothing of photographs."""

import datetime
import math

from . import fonts, npwp_styles, npwp_wide, paint, people

WIDTH = 1400
HEIGHT = round(WIDTH * paint.CARD_RATIO)
# Share of cards laid out otherwise than the two usual ways.
OTHER_PRINTERS = 0.6
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


def dotted15(number):
    """A 15-digit number as printed."""
    n = number
    return f"{n[:2]}.{n[2:5]}.{n[5:8]}.{n[8]}-{n[9:12]}.{n[12:]}"


def grouped16(number, separator):
    """A 16-digit number in fours."""
    return separator.join(number[i : i + 4] for i in range(0, 16, 4))


def invent(rng, style, plain=False):
    """(fields as the truth has them, what else is printed). `plain` leaves the rarer lines out."""
    someone = people.person(rng, plain=plain)
    f = someone.fields
    lines = [f["address"]]
    if rng.random() < 0.55:
        rt, rw = f["rtRw"].split("/")
        lines[0] += rng.choice([f" RT {rt} RW {rw}", f" RT.{rt} RW.{rw}", f" RT {rt}/RW {rw}"])
    lines.append(f"{f['village']} {f['district']}" if rng.random() < 0.7 else f["village"])
    regency = f["regency"] if rng.random() < 0.5 else people.short(f["regency"])
    if rng.random() < 0.85:
        lines.append(regency + (f" {f['province']}" if rng.random() < 0.6 else ""))
    number = people.npwp15(rng)
    if style == "new":
        number = f["nik"] if rng.random() < 0.85 else "0" + number
    since = datetime.date(2006, 1, 1) if style == "old" else datetime.date(2022, 8, 1)
    registered = since + datetime.timedelta(days=rng.randrange(3800 if style == "old" else 1200))
    fields = {"name": f["name"], "address": " ".join(lines), "npwpNumber": number}
    if style == "old" or number.startswith(f["nik"]) or rng.random() < 0.5:
        fields["nik"] = f["nik"]
    if style == "old" and not plain and rng.random() < 0.12:
        fields.pop("nik")
    extra = {"lines": lines, "registered": registered, "office": f"KPP PRATAMA {people.short(f['regency'])}"}
    if not plain and rng.random() < 0.12:
        extra["nitku"] = (number if len(number) == 16 else "0" + number) + f"{rng.choice([0, 0, 1]):06}"
    if style == "old" and not plain and rng.random() < 0.08:
        extra["npwp16"] = fields.get("nik", "0" + number)
    return fields, extra


def registered_text(rng, day):
    """The registration date in one of the ways cards have."""
    return rng.choice(
        [day.strftime("%d-%m-%Y"), day.strftime("%d/%m/%Y"), f"{day.day} {MONTHS[day.month - 1]} {day.year}"]
    )


def draw(rng, nrng, style, fields, extra, faces, plain=False):
    """(card image, boxes of the fields as fractions); `faces` is a `styles.Style`."""
    if faces.held_out:
        return npwp_styles.draw(rng, nrng, style, fields, extra, faces)
    if not plain and rng.random() < OTHER_PRINTERS:
        npwp_wide.vary(rng, fields, extra)
        return npwp_wide.draw(rng, nrng, style, fields, extra, faces, registered_text(rng, extra["registered"]))
    family = "liberation" if plain else rng.choice(faces.families)
    image = _ground(rng, nrng, style)
    sheet = paint.Sheet(image)
    ink = tuple(rng.randint(18, 60) for _ in range(3)) if not plain else (40, 38, 34)
    _header(rng, sheet, style, family)
    x = rng.uniform(0.05, 0.085)
    wide = 0.95 - x if style == "old" else 0.72 - x
    size = rng.uniform(0.043, 0.05) * HEIGHT
    y = rng.uniform(0.255, 0.29) if style == "old" else rng.uniform(0.2, 0.24)
    big = fonts.sans(family, size * rng.uniform(1.25, 1.5), True)
    if style == "old":
        end = sheet.text(x, y, "NPWP", fonts.sans(family, big.size * 0.85, True), ink)
        if plain or rng.random() < 0.93:
            end = sheet.text(
                end + rng.uniform(0.008, 0.016), y, ":", fonts.sans(family, big.size * 0.85, True), ink
            )
        sheet.text(end + rng.uniform(0.006, 0.014), y, dotted15(fields["npwpNumber"]), big, ink, "npwpNumber")
    else:
        sheet.text(x, y, "NPWP", fonts.sans(family, size * 0.72), ink)
        y += 0.072
        digits = grouped16(fields["npwpNumber"], rng.choice([".", ".", " ", "", " . ", "-"]))
        sheet.text(x, y, digits, big, ink, "npwpNumber")
    small = fonts.sans(family, size * rng.uniform(0.86, 1.0))
    step = rng.uniform(0.056, 0.066)
    if "npwp16" in extra:
        y += step
        sheet.text(x, y, f"NPWP16 : {extra['npwp16']}", small, ink)
    y += rng.uniform(0.078, 0.1)
    name_font = fonts.sans(family, size * rng.uniform(1.05, 1.2), True)
    while sheet.width_of(fields["name"], name_font) > wide and name_font.size > 18:
        name_font = fonts.sans(family, name_font.size * 0.95, True)
    sheet.text(x, y, fields["name"], name_font, ink, "name")
    if "nik" in fields:
        y += rng.uniform(0.062, 0.074)
        end = sheet.text(x, y, "NIK", small, ink) + rng.choice([0.006, 0.05])
        end = sheet.text(end, y, ":", small, ink)
        sheet.text(end + rng.uniform(0.006, 0.012), y, fields["nik"], small, ink, "nik")
    y += rng.uniform(0.0, 0.012)
    for line in extra["lines"]:
        font = small
        while sheet.width_of(line, font) > wide and font.size > 16:
            font = fonts.sans(family, font.size * 0.95)
        y += step
        sheet.text(x, y, line, font, ink, "address")
    if "nitku" in extra:
        y += step
        sheet.text(x, y, f"NITKU : {extra['nitku']}", small, ink)
    y = max(y + 0.07, rng.uniform(0.72, 0.78))
    when = registered_text(rng, extra["registered"])
    sheet.text(
        x,
        y,
        f"{rng.choice(['Terdaftar', 'Terdaftar', 'Tanggal Terdaftar', 'TERDAFTAR'])} : {when}",
        fonts.sans(family, small.size * 0.88),
        ink,
    )
    if y < 0.86:
        sheet.text(
            x, y + rng.uniform(0.055, 0.065), extra["office"], fonts.sans(family, small.size * 0.9, True), ink
        )
    if style == "new":
        side = round(rng.uniform(0.13, 0.17) * WIDTH)
        code = paint.code_block(nrng, 29).resize((side, side), 0).convert("RGB")
        at = (round(rng.uniform(0.76, 0.8) * WIDTH), round(rng.uniform(0.45, 0.55) * HEIGHT))
        image.paste(code, at)
    return image, sheet.boxes


def _ground(rng, nrng, style):
    """The tinted ground of the layout."""
    if style == "old":
        tint = (rng.randint(236, 252), rng.randint(196, 220), rng.randint(70, 120))
        return paint.guilloche(rng, nrng, (WIDTH, HEIGHT), tint, (206, 164, 60), rng.uniform(0.15, 0.5))
    white = rng.randint(222, 248)
    return paint.guilloche(
        rng,
        nrng,
        (WIDTH, HEIGHT),
        (white, white, min(255, white + 6)),
        (170, 196, 216),
        rng.uniform(0.15, 0.55),
    )


def _header(rng, sheet, style, family):
    """The blue band with the issuer's name, a drawn mark, the foot."""
    d = sheet.draw
    blue = (rng.randint(14, 34), rng.randint(44, 84), rng.randint(120, 165))
    top = rng.uniform(0.14, 0.18) * HEIGHT
    sway, phase = rng.uniform(0.0, 0.02) * HEIGHT, rng.random() * 6
    edge = [(px, top + sway * math.sin(px / WIDTH * 6.3 + phase)) for px in range(0, WIDTH + 20, 20)]
    d.polygon([(0, 0), *edge, (WIDTH, 0)], fill=blue)
    foot = HEIGHT - rng.uniform(0.05, 0.1) * HEIGHT
    low = [(px, foot + sway * math.sin(px / WIDTH * 6.3 + phase + 2)) for px in range(0, WIDTH + 20, 20)]
    d.polygon([(0, HEIGHT), *low, (WIDTH, HEIGHT)], fill=blue if style == "old" else (60, 130, 200))
    cx, cy, r = 0.064 * WIDTH, top * 0.5, top * 0.34
    mark = (30, 92, 180) if style == "old" else (236, 238, 240)
    d.polygon([(cx + r * math.sin(k * 1.2566), cy - r * math.cos(k * 1.2566)) for k in range(5)], fill=mark)
    d.ellipse((cx - r * 0.55, cy - r * 0.55, cx + r * 0.55, cy + r * 0.55), outline=(226, 186, 60), width=5)
    pale = tuple(rng.randint(205, 245) for _ in range(3))
    first, second = "KEMENTERIAN KEUANGAN REPUBLIK INDONESIA", "DIREKTORAT JENDERAL PAJAK"
    if style == "new" or rng.random() < 0.2:
        first, second = first.title(), second.title()
    size = rng.uniform(0.036, 0.046) * HEIGHT
    sheet.text(0.118, top * 0.42 / HEIGHT, first, fonts.sans(family, size, True), pale)
    sheet.text(0.118, top * 0.78 / HEIGHT, second, fonts.sans(family, size, style == "old"), pale)
    if style == "new":
        sheet.text(0.965, top * 0.62 / HEIGHT, "NPWP", fonts.sans(family, size * 1.6, True), pale, None, "rs")
    elif rng.random() < 0.7:
        sheet.text(0.5, 0.975, "www.pajak.go.id", fonts.sans(family, size * 0.75), pale, None, "ms")
