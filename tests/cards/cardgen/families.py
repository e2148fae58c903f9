"""Families of cards and pictures that differ from the usual in one thing each: where the print stands, how it is inked,
what is lost, what stands beside it, how the picture was squeezed, cut or made black and white.

A family changes the print run (`run`), draws on the finished card (`card`), chooses how the picture is taken (`take`) or
changes the picture (`picture`). It owns no typeface and no card; the truth stays what is printed.
"""

import io
import math
import time
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from PIL.PngImagePlugin import PngInfo

from . import camera, files, fonts, paint, people, photo

SCANS, CLEAN = {"T0": 1}, {"T0": 60, "T1": 40}
USUAL = {"T0": 40, "T1": 35, "T2": 25}


@dataclass(frozen=True)
class Family:
    """One family. Every hook may be None; `levels` are weights by difficulty, `kinds` by kind of card."""

    name: str
    about: str
    levels: dict
    run: object = None  # (rng, index, run, person): changes the print run
    card: object = None  # (rng, nrng, card, boxes) -> card
    take: object = None  # (rng, nrng, card, difficulty, style) -> what `photo.take` returns
    picture: object = None  # (rng, picture, corners, traits, index) -> (picture, corners)
    encode: object = None  # (rng, picture, stem) -> (name, bytes) or None for the usual way
    npwp: float = 0.0  # share of NPWP where both kinds are asked for
    independent: str = ""  # the renderer of `independent.sample` that draws all of it


# --- The print run --------------------------------------------------------------------------------------------------


def move_column(rng, run, value_x):
    """Put the value column there, and the number and the labels where such a print run has them."""
    run["value_x"] = value_x
    run["nik_x"] = min(max(value_x - rng.uniform(-0.004, 0.055), 0.165), 0.25)
    run["nik_pitch"] = min(run["nik_pitch"], (run["photo"][0] - 0.012 - run["nik_x"]) / 16)
    run["label_fit"] = rng.choice(["smaller", "condensed"])
    run["colon_gap"] = min(run["colon_gap"], 0.07 * value_x)


def column(rng, index, run, _person):
    """28 columns from 0.21 to 0.30, one after the other."""
    move_column(rng, run, 0.21 + 0.09 * (index % 28) / 27)


def rows(rng, _index, run, _person):
    """Row pitch, first row, widths of labels, place of colons."""
    run["row_y"] = rng.uniform(0.29, 0.35)
    run["pitch"] = min(rng.uniform(0.043, 0.056), (0.955 - run["row_y"]) / 12)
    run["size"] = run["pitch"] * rng.uniform(0.66, 0.86)
    run["nik_y"] = run["row_y"] - rng.uniform(0.055, 0.09)
    run["head_y"] = min(run["head_y"], run["nik_y"] - 0.78 * run["nik_size"] - 0.012 - run["head_step"])
    run["label_x"] = rng.uniform(0.018, 0.06)
    move_column(rng, run, rng.uniform(0.225, 0.295))
    run["colon_gap"] = rng.uniform(0.008, 0.035)
    run["label_scale"] = rng.uniform(0.7, 1.0)
    run["colons"] = rng.random() >= 0.15


def birth_lines(rng, _index, run, _person):
    """Birth place behind the label, birth date on a line of its own."""
    run["birth_lines"] = True
    run["birth_comma"] = rng.random() < 0.3
    run["value_x"] = rng.uniform(0.25, 0.29)


def second_lines(rng, _index, run, person):
    """Name and address have two lines on every card of the run, the second often blank."""
    run["two_lines"] = rng.choice([("Alamat",), ("Alamat",), ("Nama",), ("Nama", "Alamat")])
    if rng.random() < 0.3:
        person.fields["address"] += " " + rng.choice(people.words()["hamlets"])


def weight(rng, _index, run, _person):
    """Bold and thin print."""
    if rng.random() < 0.5:
        run["family"] = rng.choice(fonts.light_of(run["family"]))
        run["bold_values"] = run["bold_labels"] = False
        run["nik_stroke"] = 0
    else:
        run["bold_values"] = True
        run["bold_labels"] = rng.random() < 0.5
        run["swell"] = rng.choice([0, 1, 2])


def provinces(rng, _index, run, _person):
    """Header and signature as other provinces print them."""
    head = rng.choice(["left", "right", "high", "low", "one line", "small", "large"])
    if head == "left":
        run["head_x"] = rng.uniform(0.36, 0.42)
    elif head == "right":
        run["head_x"] = rng.uniform(0.54, 0.6)
    elif head == "high":
        run["head_y"], run["head_step"] = rng.uniform(0.058, 0.075), rng.uniform(0.045, 0.052)
    elif head == "low":
        run["nik_y"] = run["row_y"] - 0.056
        run["head_y"] = run["nik_y"] - 0.8 * run["nik_size"] - 0.012 - run["head_step"]
    elif head == "one line":
        run["head_lines"], run["head_y"] = 1, rng.uniform(0.09, 0.14)
    elif head == "small":
        run["head_size"] *= 0.75
    else:
        run["head_size"] *= 1.12
    x, y, w, h = run["photo"]
    run["photo"] = (x + rng.uniform(-0.012, 0.012), rng.uniform(0.12, 0.27), w, h * rng.uniform(0.9, 1.0))
    run["issue_row"] = rng.choice([7, 8, 9, 10])
    run["issue_gap"] = rng.uniform(0.03, 0.06)
    run["issue_joined"] = rng.random() < 0.2
    move_column(rng, run, rng.uniform(0.235, 0.295))


LABELS = (
    "Nama", "Tempat/Tgl Lahir", "Jenis kelamin", "Alamat", "RT/RW", "Kel/Desa", "Kecamatan", "Agama",
    "Status Perkawinan", "Pekerjaan", "Kewarganegaraan", "Berlaku Hingga",
)  # fmt: skip


def lose_labels(rng, _index, run, _person):
    """Labels rubbed away, and ink that has faded."""
    count = rng.choice([1, 2, 2, 3, 4, 6])
    run["lost"] = set(rng.sample([*LABELS, "NIK"], count))
    run["lost_colons"] = rng.random() < 0.6
    pale = rng.randint(0, 70)
    run["ink"] = tuple(min(130, c + pale) for c in run["ink"])


def no_labels(rng, index, run, person):
    """Half of these scans begin between labels and values; on the others no label was ever printed or is left."""
    if index % 2:
        run["lost"], run["lost_colons"] = {*LABELS, "NIK"}, rng.random() < 0.7
    else:
        run["nik_x"] = max(run["nik_x"], run["value_x"] - 0.03)
        run["nik_pitch"] = min(run["nik_pitch"], (run["photo"][0] - 0.012 - run["nik_x"]) / 16)
        run["nik_gap"] = 0.25
        # With the colons in view, or without.
        first = run["value_x"] - rng.choice([0.002, run["colon_gap"]])
        person.traits["cutAt"] = min(first, run["nik_x"]) - rng.uniform(0.006, 0.014)
    person.traits["labels"] = "none printed" if index % 2 else "cut"


def ground(rng, _index, run, person):
    """Ghost print and a portrait whose edge stands close to the values' ends."""
    x, y, w, h = run["photo"]
    run["photo"] = (rng.uniform(0.69, 0.735), y, w, h)
    run["nik_pitch"] = min(run["nik_pitch"], (run["photo"][0] - 0.012 - run["nik_x"]) / 16)
    run["frame"] = rng.choice(["", "dark", "white", "soft"])
    ghosts = []
    texts = [
        "KARTU TANDA PENDUDUK",
        "REPUBLIK INDONESIA",
        "INDONESIA",
        "AA",
        "Aa",
        "A A A",
        "- -",
        "VIVA",
        "KTP",
    ]
    for _ in range(rng.randint(5, 14)):
        row = rng.choice([3, 3, 4, 4, 5, rng.uniform(0, 12)])
        at = (
            rng.uniform(0.36, run["photo"][0] - 0.03),
            run["row_y"] + (row + rng.uniform(-0.3, 0.9)) * run["pitch"],
        )
        ghosts.append(
            (
                *at,
                rng.choice(texts),
                rng.uniform(0.6, 1.3),
                rng.uniform(0.06, 0.3),
                rng.choice([0, 0, 8, -20]),
            )
        )
    if rng.random() < 0.5:
        ghosts.append(
            (
                0.3,
                rng.uniform(0.35, 0.8),
                texts[0],
                rng.uniform(1.8, 3),
                rng.uniform(0.06, 0.16),
                rng.choice([0, 12, 25]),
            )
        )
    run["ghosts"] = ghosts
    run["strength"] = rng.uniform(0.35, 0.75)
    if len(person.fields["address"]) > 18 and rng.random() < 0.6:
        person.fields["address"] = person.fields["address"][:18].rsplit(" ", 1)[0].rstrip("./")


def values(rng, index, run, person):
    """What is rarely printed: dashes in RT/RW, an unknown blood group, long names, English values of foreign residents."""
    f = person.fields
    what = ("rt/rw", "blood", "name", "punctuation", "foreign")[index % 5]
    person.traits["values"] = what
    if what == "rt/rw":
        f["rtRw"] = rng.choice([f"{rng.randint(1, 20):03}/-", f"-/{rng.randint(1, 20):03}", "-/-", "000/000"])
    elif what == "blood":
        f["bloodType"] = rng.choice(["TDK TAHU", "TIDAK TAHU", "-"])
    elif what == "name":
        while len(f["name"]) < rng.randint(38, 56):
            f["name"] += " " + rng.choice(people.words()["last"])
        f["name"] = f["name"][:60].rsplit(" ", 1)[0]
    elif what == "punctuation":
        f["name"] = rng.choice(
            [
                f"{f['name']}, S.KOM., M.M.",
                f"DR. {f['name']}",
                f"NI'MATUL {f['name']}",
                f"H. {f['name']}, S.H.",
                f"{f['name']} AL-'AZIZ",
            ]
        )
    else:
        person.traits |= {"foreign": True, "human": True}
        f["gender"] = "MALE" if person.gender == "L" else "FEMALE"
        f["religion"] = rng.choice(["CHRISTIAN", "CATHOLIC", "ISLAM", "HINDU", "BUDDHIST"])
        f["maritalStatus"] = rng.choice(["MARRIED", "SINGLE", "DIVORCED", "WIDOWED"])
        f["citizenship"] = rng.choice(["NETHERLANDS", "JAPAN", "AUSTRALIA", "UNITED KINGDOM", "SINGAPORE"])
        f["occupation"] = rng.choice(["EMPLOYEE", "STUDENT", "ENTREPRENEUR", "HOUSEWIFE"])
        f["validUntil"] = f"{rng.randint(2024, 2031)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        if rng.random() < 0.6:  # newer cards of foreign residents are orange
            run["ground"], run["guilloche"] = (236, 186, 130), (200, 120, 60)


# --- The card ---------------------------------------------------------------------------------------------------


def wear(rng, nrng, card, boxes):
    """Scratches, stains, a rubbed patch; never enough over a value to make it illegible."""
    width, height = card.size
    layer = Image.new("L", card.size, 0)
    d = ImageDraw.Draw(layer)
    for _ in range(rng.randint(1, 4)):
        cx, cy, r = rng.random() * width, rng.random() * height, rng.uniform(0.05, 0.2) * width
        d.ellipse((cx - r, cy - r * rng.uniform(0.4, 1), cx + r, cy + r * 0.7), fill=rng.randint(15, 70))
    layer = layer.filter(ImageFilter.GaussianBlur(rng.uniform(6, 30)))
    card.paste(rng.choice([(120, 84, 40), (96, 96, 88), (240, 240, 236)]), (0, 0), layer)
    d = ImageDraw.Draw(card)
    for _ in range(rng.randint(2, 16)):
        x, y, angle = rng.random() * width, rng.random() * height, rng.uniform(0, math.pi)
        reach = rng.uniform(0.02, 0.3) * width
        end = (x + math.cos(angle) * reach, y + math.sin(angle) * reach)
        d.line(
            (x, y, *end),
            fill=rng.choice([(236, 238, 240), (200, 205, 208), (90, 92, 96)]),
            width=rng.choice([1, 1, 2]),
        )
    rubbed = paint.smooth(nrng, card.size, rng.randint(8, 24))
    rubbed = Image.fromarray((np.clip((rubbed - 0.72) * 6, 0, 0.35) * 255).astype(np.uint8))
    card.paste(tuple(int(c) for c in np.asarray(card).reshape(-1, 3).mean(0)), (0, 0), rubbed)
    return card


# --- Taking the picture -----------------------------------------------------------------------------------------


def straight(rng, nrng, card, difficulty, style, **other):
    """A picture that no quarter turn is made of; a scan whose edges are the card's."""
    kind = {} if difficulty != "T0" else {"setting": "trimmed" if style.held_out else "full"}
    return _camera(style)(rng, nrng, card, difficulty, 0, **(kind | other))


def _camera(style):
    return camera.take if style.held_out else photo.take


def beside(rng, nrng, card, difficulty, style):
    """Another card stands in view: a bank card, a second identity card or the edge of one."""
    setting = {} if difficulty != "T0" else {"setting": "form" if style.held_out else "page"}

    def put(picture, corners):
        other = rng.choice([bank_card, bank_card, member_card])(rng, nrng, style)
        sides = rng.sample(["below", "above", "left", "right"], rng.choice([1, 1, 2]))
        for side in sides:
            gap = rng.uniform(0.03, 0.25) if rng.random() < 0.8 else rng.uniform(0.25, 0.6)
            photo.lay(
                picture, other, paint.rounded_mask(other.size, 44), next_to(rng, corners, side, gap), rng
            )

    return _camera(style)(
        rng, nrng, card, difficulty, 0 if difficulty == "T0" else None, around=put, **setting
    )


def next_to(rng, corners, side, gap):
    """The corners of a card of the same size on that side, turned and moved a little."""
    tl, tr, br, bl = (np.array(c, float) for c in corners)
    along, down = (tr - tl + br - bl) / 2, (bl - tl + br - tr) / 2
    step = {
        "below": down * (1 + gap), "above": -down * (1 + gap),
        "left": -along * (1 + gap * 0.6), "right": along * (1 + gap * 0.6),
    }[side]  # fmt: skip
    step = step + (along if side in ("below", "above") else down) * rng.uniform(-0.12, 0.12)
    middle = (tl + tr + br + bl) / 4 + step
    turn = math.radians(rng.uniform(-3, 3))
    spin = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return [tuple(middle + spin @ (c + step - middle)) for c in (tl, tr, br, bl)]


def bank_card(rng, nrng, style):
    """A card of an invented bank."""
    size = (1400, round(1400 * paint.CARD_RATIO))
    tint = tuple(rng.randint(10, 230) for _ in range(3))
    image = paint.guilloche(rng, nrng, size, tint, tuple(255 - c for c in tint), rng.uniform(0, 0.25))
    sheet = paint.Sheet(image)
    ink = (240, 240, 240) if sum(tint) < 380 else (30, 30, 34)
    family = rng.choice(style.families)
    sheet.text(
        0.07, 0.16, rng.choice(["BANK NUSA", "BANK LAUTAN", "BANK MERAPI"]), fonts.sans(family, 74, True), ink
    )
    sheet.draw.rounded_rectangle(
        (130, 300, 290, 420), 18, fill=(212, 184, 110), outline=(150, 120, 60), width=4
    )
    number = " ".join(f"{rng.randrange(10**4):04}" for _ in range(4))
    sheet.text(0.09, 0.66, number, fonts.sans(family, 88), ink)
    sheet.text(
        0.09, 0.76, f"VALID THRU {rng.randint(1, 12):02}/{rng.randint(26, 32)}", fonts.sans(family, 36), ink
    )
    sheet.text(0.09, 0.9, people.name(rng, rng.choice("LP"))[:24], fonts.sans(family, 50), ink)
    return image


def member_card(rng, nrng, style):
    """A membership card: fewer words, another name and number."""
    size = (1400, round(1400 * paint.CARD_RATIO))
    tint = tuple(rng.randint(150, 250) for _ in range(3))
    sheet = paint.Sheet(paint.guilloche(rng, nrng, size, tint, (120, 120, 130), rng.uniform(0, 0.2)))
    family, ink = rng.choice(style.families), (40, 40, 46)
    sheet.draw.rectangle((0, 0, 1400, 190), fill=tuple(int(c * 0.45) for c in tint))
    sheet.text(
        0.06,
        0.15,
        rng.choice(["KARTU ANGGOTA KOPERASI", "PERPUSTAKAAN DAERAH", "KARTU PESERTA"]),
        fonts.sans(family, 70, True),
        (245, 245, 245),
    )
    for row, text in enumerate(
        (f"No. {rng.randrange(10**10):010}", people.name(rng, "P"), "Berlaku s/d 31-12-2027")
    ):
        sheet.text(0.08, 0.45 + row * 0.12, text, fonts.sans(family, 54, row == 1), ink)
    return sheet.image


def held(rng, nrng, card, difficulty, style):
    """Held in a hand: fingers at its edges, and the picture cropped close to the card."""

    def fingers(picture, corners):
        for _ in range(rng.choice([1, 2, 2, 3])):
            if style.held_out:
                camera.hand(rng, picture, corners)
            else:
                photo.finger(rng, picture, corners)

    return _camera(style)(rng, nrng, card, difficulty, 0, over=fingers)


# --- The picture ------------------------------------------------------------------------------------------------


def crop(picture, corners, left, top, right, bottom):
    """Cut these pixels off; the corners move with the picture."""
    picture = picture.crop((left, top, picture.width - right, picture.height - bottom))
    return picture, [(x - left, y - top) for x, y in corners]


def cut_left(_rng, picture, corners, traits, index):
    """Every other group of 28 columns has lost 2.5 % of its left edge."""
    share = 0.025 * (index // 28 % 2)
    traits["cut"] = f"left {share:.1%}" if share else "none"
    return crop(picture, corners, round(share * picture.width), 0, 0, 0)


def cut_edges(rng, picture, corners, traits, _index):
    """0 to 6 % of one or two edges are missing."""
    lost = dict.fromkeys(("left", "top", "right", "bottom"), 0.0)
    for side in rng.sample(list(lost), rng.choice([1, 1, 1, 2])):
        lost[side] = rng.uniform(0, 0.06)
    traits["cut"] = ", ".join(f"{side} {round(100 * share)} %" for side, share in lost.items() if share)
    sides = [round(lost[s] * (picture.width if s in ("left", "right") else picture.height)) for s in lost]
    return crop(picture, corners, *sides)


def cut_at_column(rng, picture, corners, traits, _index):
    """The left part with the labels is missing. The place was chosen with the print run (`Family.run`)."""
    at = traits.pop("cutAt", 0)
    return crop(picture, corners, round(at * picture.width), 0, 0, 0) if at else (picture, corners)


SHAPES = {"1:1": 1.0, "3:4": 3 / 4, "4:3": 4 / 3, "2:1": 2.0, "16:9": 16 / 9}


def squeeze(rng, picture, corners, traits, index):
    """The picture, cropped near the card, is scaled to another aspect."""
    shape = list(SHAPES)[index % len(SHAPES)]
    picture, corners = near(rng, picture, corners, rng.choice([(0, 0), (0, 0.03), (0.03, 0.12)]))
    wide = rng.choice([640, 720, 900, 1080, 1280])
    size = (wide, round(wide / SHAPES[shape])) if SHAPES[shape] >= 1 else (round(wide * SHAPES[shape]), wide)
    fx, fy = size[0] / picture.width, size[1] / picture.height
    traits["squeezed"] = shape
    return picture.resize(size, Image.Resampling.BICUBIC), [(x * fx, y * fy) for x, y in corners]


def near(rng, picture, corners, margin):
    """Crop to the card's bounds and a margin, fractions of the card's width; a negative one cuts the card."""
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    span = max(xs) - min(xs)
    bounds = (min(xs), min(ys), picture.width - max(xs), picture.height - max(ys))
    return crop(picture, corners, *(max(0, round(side - rng.uniform(*margin) * span)) for side in bounds))


def tight(rng, picture, corners, traits, _index):
    """Cropped close to the card, sometimes a little into it."""
    margin = rng.choice([(-0.012, 0.0), (0.0, 0.02), (0.02, 0.06)])
    traits["crop"] = "into the card" if margin[0] < 0 else "tight"
    return near(rng, picture, corners, margin)


# --- Black and white --------------------------------------------------------------------------------------------


def otsu(gray):
    """The threshold that parts the histogram best."""
    counts = np.bincount(gray.ravel(), minlength=256).astype(float)
    weight, total = np.cumsum(counts), np.cumsum(counts * np.arange(256))
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (total[-1] * weight / weight[-1] - total) ** 2 / (weight * (weight[-1] - weight))
    return int(np.nanargmax(between))


def bilevel(rng, picture, _corners, traits, index):
    """One bit for a pixel: by one threshold, by the surroundings, or dithered."""
    gray = np.asarray(picture.convert("L"))
    how = ("global", "adaptive", "dithered", "adaptive")[index % 4]
    if how == "dithered":
        black = picture.convert("L").convert("1")
    else:
        if how == "global":
            level = np.full(gray.shape, otsu(gray) + rng.uniform(-12, 6))
        else:
            around = picture.convert("L").filter(
                ImageFilter.BoxBlur(rng.uniform(0.012, 0.03) * picture.width)
            )
            level = np.asarray(around, float) * rng.uniform(0.82, 0.9)
        black = Image.fromarray(((gray > level) * 255).astype(np.uint8)).convert("1")
    traits["bilevel"] = how
    return black, _corners


def encode_bilevel(rng, picture, stem):
    """A PNG of one bit, a fax-coded page of a PDF, or a JPEG made of either."""
    out, how = io.BytesIO(), rng.choice(["png", "png", "pdf", "jpg"])
    if how == "png":
        picture.save(out, "PNG")
    elif how == "pdf":
        day = time.gmtime(0)
        picture.save(out, "PDF", resolution=200, creationDate=day, modDate=day)
    else:
        picture.convert("L").save(out, "JPEG", quality=rng.randint(60, 92))
    return f"{stem}.{how}", out.getvalue()


# --- Files ------------------------------------------------------------------------------------------------------


def as_telephones_write(rng, picture, stem):
    """Files that decoders stumble over: (name, bytes)."""
    how = rng.choice(
        ["garbage", "tail", "half", "png-checksum", "png-end", "pdf-blank", "pdf-tail", "progressive"]
    )
    data = files.jpeg(picture, rng.randint(80, 94))
    if how == "garbage":  # between the header's segments
        at = 4 + int.from_bytes(data[4:6], "big")
        data = data[:at] + bytes(rng.randrange(1, 255) for _ in range(rng.randint(1, 9))) + data[at:]
    elif how == "tail":
        data += bytes(rng.randrange(256) for _ in range(rng.randint(1, 4000)))
    elif how == "half":
        data = data[: round(len(data) * rng.uniform(0.46, 0.6))]
    elif how == "progressive":
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=85, progressive=True)
        data = out.getvalue()
    elif how.startswith("png"):
        out, text = io.BytesIO(), PngInfo()
        text.add_text("Software", "scan")
        small = picture.resize(
            (round(picture.width * 0.7), round(picture.height * 0.7)), Image.Resampling.LANCZOS
        )
        small.quantize(128).save(out, "PNG", pnginfo=text)
        data = out.getvalue()
        if how == "png-end":
            data = data[:-12]
        else:
            at = data.index(b"tEXt") + 4 + len(b"Software\0scan")
            data = data[:at] + b"\0\0\0\0" + data[at + 4 :]
    else:
        data = files.pdf(data, picture.size)
        data = (
            b"\r\n" + data if how == "pdf-blank" else data + b"<html>" + b"<p>unduh</p>" * rng.randint(1, 300)
        )
    end = {"png": "png", "pdf": "pdf"}.get(how[:3], "jpg")
    return f"{stem}_{how}.{end}", data


ALL = {
    family.name: family
    for family in (
        Family(
            "column",
            "value column from 0.21 to 0.30, left edge cut by 0 or 2.5 %",
            SCANS,
            column,
            take=straight,
            picture=cut_left,
        ),
        Family("rows", "row pitch, first row, label widths and colons", CLEAN, rows),
        Family("cut", "0 to 6 % of an edge missing", CLEAN, take=straight, picture=cut_edges, npwp=0.2),
        Family(
            "no-labels",
            "no label column: cut off, or never printed",
            SCANS,
            no_labels,
            take=straight,
            picture=cut_at_column,
        ),
        Family(
            "squeezed", "scaled to 1:1, 3:4, 4:3, 2:1, 16:9", CLEAN, take=straight, picture=squeeze, npwp=0.2
        ),
        Family("birth-lines", "birth place and date on two lines", USUAL, birth_lines),
        Family(
            "second-lines", "name and address with two lines, the second blank or not", USUAL, second_lines
        ),
        Family("values", "rare values: RT/RW, blood group, names, foreign residents", CLEAN, values),
        Family("worn", "lost labels, stains, scratches", USUAL, lose_labels, wear),
        Family("neighbours", "other cards in view", USUAL, take=beside, npwp=0.2),
        Family("ground", "ghost print and a portrait close to the values", USUAL, ground),
        Family("weight", "thin and bold print", USUAL, weight),
        Family("provinces", "headers and signatures of other print runs", USUAL, provinces),
        Family(
            "held", "in a hand, cropped tightly", {"T1": 60, "T2": 40}, take=held, picture=tight, npwp=0.2
        ),
        Family(
            "files", "files cut, with garbage, wrong checksums, as PDF", CLEAN, encode=as_telephones_write
        ),
        Family("vector", "drawn as SVG in millimetres, by a renderer of its own", {}, independent="vector"),
        Family("press", "printed as densities of inks, by a renderer of its own", {}, independent="press"),
        Family(
            "bilevel",
            "black and white: threshold, adaptive, dithered, fax",
            SCANS,
            picture=bilevel,
            encode=encode_bilevel,
            npwp=0.2,
        ),
    )
}
