"""The KTP: print runs and the drawing of one. Knows where things are on the card; nothing of photographs."""

import datetime

from PIL import Image, ImageDraw, ImageFilter

from . import fonts, grounds, nikfaces, paint

WIDTH = 1400
HEIGHT = round(WIDTH * paint.CARD_RATIO)

ENGLISH = {
    "Nama": "Name",
    "Tempat/Tgl Lahir": "Place/Birth",
    "Jenis kelamin": "Sex",
    "Alamat": "Address",
    "Kel/Desa": "Village",
    "Kecamatan": "District",
    "Agama": "Religion",
    "Status Perkawinan": "Marital",
    "Pekerjaan": "Occupation",
    "Kewarganegaraan": "Nationality",
    "Berlaku Hingga": "Expiry",
}


def print_run(rng, style, plain=False):
    """How one batch of cards is printed. `plain` is the run that a clean example is shown with."""
    if style.held_out:
        return held_out_run(rng, style)
    if plain:
        return {
            "family": "liberation",
            "bold_values": False,
            "bold_labels": False,
            "bold_nik_label": True,
            "nik_face": "ocr-a",
            "nik_stroke": 1,
            "nik_x": 0.222,
            "nik_pitch": 0.0295,
            "nik_y": 0.237,
            "nik_size": 0.062,
            "head_x": 0.49,
            "head_y": 0.085,
            "head_step": 0.057,
            "head_size": 0.049,
            "row_y": 0.305,
            "pitch": 0.0515,
            "size": 0.0405,
            "label_x": 0.036,
            "value_x": 0.268,
            "indent": 0.034,
            "colon_gap": 0.021,
            "blood_x": 0.515,
            "photo": (0.745, 0.2, 0.222, 0.47),
            "issue_row": 8,
            "ink": (36, 40, 50),
            "ground": (172, 206, 230),
            "guilloche": (96, 140, 178),
            "strength": 0.35,
            "caps": 0,
            "photo_ground": (178, 28, 34),
            "date_sep": "-",
        }
    family = rng.choice(style.near if rng.random() < 0.7 else style.families)
    bold_values = rng.random() < 0.35
    pitch = rng.uniform(0.048, 0.052)
    dark = rng.randint(18, 62)
    blue = rng.uniform(0, 1)
    value_x = rng.uniform(0.258, 0.285)
    return {
        "family": family,
        "bold_values": bold_values,
        "bold_labels": bold_values and rng.random() < 0.4,
        "bold_nik_label": rng.random() < 0.5,
        "nik_face": rng.choices(*zip(*style.nik_faces, strict=True))[0],
        "nik_stroke": rng.choice([0, 0, 1, 1, 1, 2]),
        "nik_x": rng.uniform(0.205, 0.235),
        "nik_pitch": rng.uniform(0.0275, 0.0315),
        "nik_y": rng.uniform(0.232, 0.268),
        "nik_size": rng.uniform(0.055, 0.068),
        "head_x": rng.uniform(0.46, 0.52),
        "head_y": rng.uniform(0.08, 0.125),
        "head_step": rng.uniform(0.05, 0.06),
        "head_size": rng.uniform(0.043, 0.052),
        "row_y": rng.uniform(0.304, 0.338),
        "pitch": pitch,
        "size": pitch * rng.uniform(0.70, 0.84),
        "label_x": rng.uniform(0.03, 0.042),
        "value_x": value_x,
        "indent": rng.uniform(0.03, 0.042),
        "colon_gap": rng.uniform(0.012, 0.024),
        "blood_x": rng.uniform(0.5, 0.545),
        "photo": (
            rng.uniform(0.735, 0.755),
            rng.uniform(0.195, 0.24),
            rng.uniform(0.205, 0.225),
            rng.uniform(0.43, 0.475),
        ),
        "issue_row": rng.choice([8, 9]),
        "ink": (dark, dark + rng.randint(-4, 8), dark + rng.randint(0, 22)),
        "ground": (rng.randint(148, 196) - int(20 * blue), rng.randint(196, 222), rng.randint(214, 240)),
        "guilloche": (rng.randint(70, 150), rng.randint(120, 180), rng.randint(160, 205)),
        "strength": rng.uniform(0.15, 0.6),
        "caps": rng.choice([0, 0, 0, 1, 2, "split"]),
        "photo_ground": rng.choice(
            [(178, 28, 34), (196, 40, 36), (30, 72, 160), (24, 96, 190), (160, 20, 40)]
        ),
        "date_sep": "-",
        "colons": rng.random() >= 0.06,
        "value_dy": rng.gauss(0, 0.001),
    }


def held_out_run(rng, style):
    """A print run of the held-out set: the same card, with every property of its print drawn from other ranges."""
    family = rng.choice(style.near if rng.random() < 0.65 else style.families)
    weight = rng.choice(["regular", "regular", "values", "all"])
    pitch = rng.uniform(0.0478, 0.0525)
    dark = rng.randint(8, 74)
    ink = rng.choice([(dark, dark, dark), (dark, dark + 4, dark + 26), (dark + 14, dark + 4, dark)])
    portrait_x = rng.uniform(0.728, 0.76)
    nik_y, nik_size = rng.uniform(0.229, 0.27), rng.uniform(0.052, 0.07)
    nik_x, head_step = rng.uniform(0.2, 0.245), rng.uniform(0.049, 0.06)
    # Nothing is printed over anything else: the number ends before the portrait, the header above the number.
    nik_pitch = min(rng.uniform(0.0268, 0.032), (portrait_x - 0.012 - nik_x) / 16)
    head_y = min(rng.uniform(0.08, 0.135), nik_y - 0.78 * nik_size - 0.012 - head_step)
    return {
        "family": family,
        "bold_values": weight != "regular",
        "bold_labels": weight == "all",
        "bold_nik_label": rng.random() < 0.5,
        "nik_face": rng.choices(*zip(*style.nik_faces, strict=True))[0],
        "nik_stroke": 0,
        "nik_drawn": nikfaces.face(rng),
        "nik_x": nik_x,
        "nik_pitch": nik_pitch,
        "nik_y": nik_y,
        "nik_size": nik_size,
        "nik_label_size": rng.uniform(1.0, 1.5),
        "nik_gap": rng.uniform(0.05, 0.9),
        "head_x": rng.uniform(0.44, 0.53),
        "head_y": head_y,
        "head_step": head_step,
        "head_size": rng.uniform(0.04, 0.054),
        "row_y": max(rng.uniform(0.3, 0.342), nik_y + 0.053),
        "pitch": pitch,
        "size": pitch * rng.uniform(0.68, 0.86),
        "label_x": rng.uniform(0.024, 0.046),
        "value_x": rng.uniform(0.252, 0.295),
        "value_dy": rng.gauss(0, 0.002),
        "indent": rng.uniform(0.026, 0.046),
        "colon_gap": rng.uniform(0.01, 0.028),
        "colons": rng.random() >= 0.1,
        "blood_x": rng.uniform(0.49, 0.56),
        "photo": (portrait_x, rng.uniform(0.185, 0.25), rng.uniform(0.195, 0.228), rng.uniform(0.41, 0.485)),
        "frame": rng.choice(["", "", "white", "soft"]),
        "issue_row": rng.choice([8, 9]),
        "ink": ink,
        "ground": rng.choice(
            [
                (176, 208, 232),
                (160, 214, 226),
                (190, 214, 240),
                (150, 200, 215),
                (198, 220, 226),
                (170, 196, 226),
            ]
        ),
        "guilloche": (rng.randint(50, 170), rng.randint(100, 190), rng.randint(140, 215)),
        "strength": rng.uniform(0.12, 0.6),
        "caps": rng.choice(["plain", "plain", "spaced", "low", "dotted", "upper"]),
        "photo_ground": rng.choice(
            [(206, 62, 30), (150, 24, 60), (54, 104, 200), (20, 50, 120), (120, 30, 26), (70, 130, 190)]
        ),
        "date_sep": "-",
    }


def date(iso, sep="-"):
    """A date as printed."""
    return datetime.date.fromisoformat(iso).strftime(f"%d{sep}%m{sep}%Y")


HABITS = {
    "split": lambda text: text.replace("/", "/ ").replace("kelamin", "Kelamin"),
    "plain": lambda text: text.replace("kelamin", "Kelamin"),
    "spaced": lambda text: text.replace("/", " / ").replace("kelamin", "Kelamin"),
    "low": lambda text: (
        text.replace("Hingga", "hingga").replace("Perkawinan", "perkawinan").replace("Lahir", "lahir")
    ),
    "dotted": lambda text: text.replace("Tgl Lahir", "Tgl. Lahir").replace("Kel/Desa", "Kel./Desa"),
    "upper": str.upper,
}


def label(text, run):
    """A label in this run's habit of capitals and spaces."""
    if run["caps"] in HABITS:
        return HABITS[run["caps"]](text)
    if run["caps"] == 1:
        return text.replace("kelamin", "Kelamin").replace("Tgl Lahir", "Tgl. Lahir")
    return text.replace("kelamin", "Kelamin") if run["caps"] == 2 else text


def draw(rng, nrng, person, run):
    """(card image, boxes of the fields as fractions). The text printed is exactly the person's fields."""
    f = person.fields
    if "blank" in run:
        image = run["blank"]
    elif "nik_drawn" in run:
        image, run["ground_family"] = grounds.ground(
            rng, nrng, (WIDTH, HEIGHT), run["ground"], run["guilloche"], run["strength"]
        )
    else:
        image = paint.guilloche(rng, nrng, (WIDTH, HEIGHT), run["ground"], run["guilloche"], run["strength"])
    for ghost in run.get("ghosts", ()):
        _ghost(image, run, *ghost)
    sheet = paint.Sheet(image)
    ink, size = run["ink"], run["size"] * HEIGHT
    head = fonts.sans(run["family"], run["head_size"] * HEIGHT, True)
    value_font = fonts.sans(run["family"], size, run["bold_values"])
    label_font = fonts.sans(run["family"], size, run["bold_labels"])

    _header(sheet, f, run, head)

    nik_label = fonts.sans(run["family"], size * run.get("nik_label_size", 1.35), run["bold_nik_label"])
    if "NIK" not in run.get("lost", ()):
        sheet.text(run["label_x"], run["nik_y"], "NIK", nik_label, ink)
    gap = run["nik_pitch"] * (run["nik_gap"] if "nik_gap" in run else rng.uniform(0.25, 0.8))
    if _has_colon("NIK", run):
        sheet.text(run["nik_x"] - gap, run["nik_y"], ":", nik_label, ink, anchor="rs")
    _nik(sheet, f["nik"], run, ink)

    _rows(rng, sheet, person, run, value_font, label_font)

    px, py, pw, ph = run["photo"]
    box = (round(pw * WIDTH), round(ph * HEIGHT))
    face_image = paint.portrait(rng, nrng, box, person.gender == "P", run["photo_ground"])
    _mount(image, face_image, (round(px * WIDTH), round(py * HEIGHT)), run.get("frame"))
    sheet.boxes["portrait"] = [round(v, 4) for v in (px, py, px + pw, py + ph)]

    small = fonts.sans(run["family"], size * rng.uniform(0.72, 0.92), run["bold_values"])
    y = max(run["row_y"] + run["issue_row"] * run["pitch"], py + ph + run.get("issue_gap", 0.045))
    cx = px + pw / 2
    city, issued = person.city, person.issued.strftime("%d-%m-%Y")
    if run.get("issue_joined"):
        city, issued = f"{city}, {issued}", ""
    while sheet.width_of(city, small) > 0.25 and small.size > 14:
        small = fonts.sans(run["family"], small.size * 0.92, run["bold_values"])
    sheet.text(cx, y, city, small, ink, None, "ms")
    sheet.text(cx, y + run["pitch"] * rng.uniform(0.8, 1.0), issued, small, ink, None, "ms")
    sign = ((cx - 0.08) * WIDTH, (y + 0.08) * HEIGHT, (cx + 0.08) * WIDTH, min(0.97, y + 0.19) * HEIGHT)
    paint.signature(rng, sheet.draw, sign, tuple(c + 20 for c in ink), rng.randint(2, 5))
    return image, sheet.boxes


def _header(sheet, fields, run, head):
    """Province and regency: centred, one above the other, or both on one line."""
    province, regency = f"PROVINSI {fields['province']}", fields["regency"]
    if run.get("head_lines") == 1:
        between = " - "
        font = head
        while sheet.width_of(province + between + regency, font) > 0.9 and font.size > 20:
            font = fonts.sans(run["family"], font.size * 0.94, True)
        x = max(0.03, run["head_x"] - sheet.width_of(province + between + regency, font) / 2)
        for field, text in (("province", province), (None, between), ("regency", regency)):
            sheet.text(x, run["head_y"], text, font, run["ink"], field)
            x += sheet.width_of(text, font)
        return
    for row, (field, text) in enumerate((("province", province), ("regency", regency))):
        font = head
        while sheet.width_of(text, font) > 0.72 and font.size > 20:
            font = fonts.sans(run["family"], font.size * 0.94, True)
        half = sheet.width_of(text, font) / 2
        x = min(max(run["head_x"], half + 0.02), 0.98 - half)
        sheet.text(x, run["head_y"] + row * run["head_step"], text, font, run["ink"], field, "ms")


def _has_colon(title, run):
    """Whether this row's colon is printed, and left."""
    return run.get("colons", True) and not (run.get("lost_colons") and title in run["lost"])


def _ghost(image, run, x, y, text, scale, strength, angle):
    """Ghost print of the ground: pale words that belong to no field."""
    font = fonts.sans(run["family"], run["size"] * HEIGHT * scale, True)
    mask = Image.new("L", image.size, 0)
    at = (round(x * image.width), round(y * image.height))
    ImageDraw.Draw(mask).text(at, text, font=font, fill=round(255 * strength), anchor="ls")
    if angle:
        mask = mask.rotate(angle, Image.Resampling.BILINEAR, center=at)
    image.paste(tuple(int(c * 0.6) for c in run["guilloche"]), (0, 0), mask)


def _nik(sheet, number, run, ink):
    """The number on its own pitch, in its own face."""
    x, y, pitch, high = run["nik_x"], run["nik_y"], run["nik_pitch"], run["nik_size"] * HEIGHT
    if run["nik_face"] == "drawn":
        nikfaces.row(sheet, x, y, number, high * 0.76, pitch, run["nik_drawn"], ink, "nik")
        return
    if run["nik_face"] == "sans-bold":
        face = fonts.sans(run["family"], high, True)
    else:
        face = fonts.special(run["nik_face"], high)
    stroke = run["nik_stroke"] if run["nik_face"].startswith("ocr") else 0
    sheet.spaced(x, y, number, face, ink, pitch, "nik", stroke)


def _mount(image, portrait, at, frame):
    """The portrait on the card: bare, with a white or dark edge, or fading into the ground."""
    if frame in ("white", "dark"):
        image.paste(
            (236, 240, 244) if frame == "white" else (40, 44, 60),
            (at[0] - 6, at[1] - 6, at[0] + portrait.width + 6, at[1] + portrait.height + 6),
        )
    mask = None
    if frame == "soft":
        mask = Image.new("L", portrait.size, 0)
        mask.paste(255, (14, 14, portrait.width - 14, portrait.height - 14))
        mask = mask.filter(ImageFilter.GaussianBlur(9))
    image.paste(portrait, at, mask)


def _rows(rng, sheet, person, run, value_font, label_font):
    """The twelve labelled rows; a long name or address takes a second line and pushes the rest down."""
    f = person.fields
    foreign = person.traits.get("foreign") and not person.traits.get("english")
    limit = run["photo"][0] - 0.008
    room = limit - run["value_x"]

    def fits(text):
        return sheet.width_of(text, value_font) <= room

    birth = date(f["birthDate"], run["date_sep"])
    rows = [
        ("Nama", [("name", f["name"])]),
        ("Tempat/Tgl Lahir", [("birthPlace", f["birthPlace"]), (None, ", "), ("birthDate", birth)]),
        ("Jenis kelamin", [("gender", f["gender"])]),
        ("Alamat", [("address", f["address"])]),
        ("RT/RW", [("rtRw", f["rtRw"])]),
        ("Kel/Desa", [("village", f["village"])]),
        ("Kecamatan", [("district", f["district"])]),
        ("Agama", [("religion", f["religion"])]),
        ("Status Perkawinan", [("maritalStatus", f["maritalStatus"])]),
        ("Pekerjaan", [("occupation", f["occupation"])]),
        ("Kewarganegaraan", [("citizenship", f["citizenship"])]),
        (
            "Berlaku Hingga",
            [("validUntil", f["validUntil"] if not f["validUntil"][0].isdigit() else date(f["validUntil"]))],
        ),
    ]
    if run.get("birth_lines"):
        rows[1][1][1:2] = [(None, "," if run["birth_comma"] else ""), (None, "\n")]
    wraps = {"Nama", "Alamat"}
    extra = sum(
        not fits(parts[0][1]) or title in run.get("two_lines", ()) for title, parts in rows if title in wraps
    ) + bool(run.get("birth_lines"))
    pitch = (
        run["pitch"]
        if run["row_y"] + (11 + extra) * run["pitch"] < 0.955
        else (0.955 - run["row_y"]) / (11 + extra)
    )
    line = 0
    for title, parts in rows:
        y = run["row_y"] + line * pitch
        indent = run["indent"] if title in ("RT/RW", "Kel/Desa", "Kecamatan") else 0
        shown = (
            "Kepercayaan"
            if title == "Agama" and f["religion"] == "-" and rng.random() < 0.5
            else label(title, run)
        )
        if foreign and title in ENGLISH:
            shown = f"{shown}/{ENGLISH[title]}"
        if title not in run.get("lost", ()):
            _label(sheet, shown, indent, y, run, label_font)
        if _has_colon(title, run):
            sheet.text(run["value_x"] - run["colon_gap"], y, ":", label_font, run["ink"])
        y += run.get("value_dy", 0.0)
        swell = run.get("swell", 0)
        if title in wraps and (not fits(parts[0][1]) or title in run.get("two_lines", ())):
            for at, piece in enumerate(paint.wrap(parts[0][1], fits, 2)):
                sheet.text(
                    run["value_x"], y + at * pitch, piece, value_font, run["ink"], parts[0][0], stroke=swell
                )
            line += 2
            continue
        font, whole = value_font, "".join(text for _, text in parts)
        while sheet.width_of(whole, font) > room and font.size > 14:
            font = fonts.sans(run["family"], font.size * 0.96, run["bold_values"])
        x = run["value_x"]
        for field, text in parts:
            if text == "\n":
                x, y, line = run["value_x"], y + pitch, line + 1
                continue
            sheet.text(x, y, text, font, run["ink"], field, stroke=swell)
            x += sheet.width_of(text, font)
        if title == "Jenis kelamin":
            _blood(rng, sheet, run, y, x, label_font, value_font, f.get("bloodType"))
        line += 1


def _label(sheet, shown, indent, y, run, font):
    """A row's label, made smaller or narrower until it ends before its colon."""
    x = run["label_x"] + indent
    room = run["value_x"] - x - run["colon_gap"] * 1.12
    wide = sheet.width_of(shown, font)
    scale = min(run.get("label_scale", 1.0), room / wide)
    if "label_fit" in run and run["label_fit"] == "condensed" and scale < 1:
        sheet.condensed(x, y, shown, font, run["ink"], wide * scale)
        return
    while sheet.width_of(shown, font) > wide * run.get("label_scale", 1.0) or (
        sheet.width_of(shown, font) > room and font.size > 12
    ):
        font = fonts.sans(run["family"], font.size * 0.96, run["bold_labels"])
    sheet.text(x, y, shown, font, run["ink"])


def _blood(rng, sheet, run, y, after, label_font, value_font, blood):
    """The blood group shares the row of the sex."""
    x = max(run["blood_x"], after + 0.03)
    long = len(blood or "") > 3
    if long:  # words in place of a letter: they begin further left and are set smaller
        x = min(x, max(after + 0.015, 0.46))
    end = sheet.text(
        x, y, rng.choice(["Gol. Darah", "Gol. Darah", "Gol Darah", "Gol.Darah"]), label_font, run["ink"]
    )
    if run.get("colons", True):
        end = sheet.text(end + rng.uniform(0.004, 0.015), y, ":", label_font, run["ink"])
    while long and end + 0.01 + sheet.width_of(blood, value_font) > run["photo"][0] and value_font.size > 14:
        value_font = fonts.sans(run["family"], value_font.size * 0.95, run["bold_values"])
    if blood:
        sheet.text(end + rng.uniform(0.004, 0.01), y, blood, value_font, run["ink"], "bloodType")
