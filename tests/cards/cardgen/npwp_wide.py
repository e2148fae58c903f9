"""NPWP cards as other printers might make them: where things stand and how they are labelled is left to chance.

The plain layouts are in `npwp`. Here the band has other shapes, values may have labels in several spellings, a colon
column or labels above them, the name may come before the number, and codes stand where there is room.
"""

import math

from . import fonts, paint

WIDTH = 1400
HEIGHT = round(WIDTH * paint.CARD_RATIO)

MINISTRY = (
    "KEMENTERIAN KEUANGAN REPUBLIK INDONESIA",
    "KEMENTERIAN KEUANGAN R.I.",
    "REPUBLIK INDONESIA",
    "DEPARTEMEN KEUANGAN RI",
)
BANDS = ("wave", "bow", "steps", "level", "rule", "side", "none")
GROUNDS = {
    "old": ((246, 206, 88), (253, 228, 140), (238, 196, 96), (250, 240, 200), (228, 214, 150)),
    "new": ((240, 243, 248), (222, 233, 246), (250, 250, 246), (232, 244, 236), (216, 226, 238)),
}
LABELS = {
    "npwpNumber": ("NPWP", "NPWP", "NPWP", "No. NPWP", "Nomor NPWP", "NPWP No.", "N P W P"),
    "name": ("Nama", "Nama", "NAMA", "Nama Wajib Pajak", "Nama WP", "NAMA WAJIB PAJAK", "Name"),
    "nik": ("NIK", "NIK", "Nik", "N.I.K.", "No. KTP", "NIK/No. Paspor", "No. NIK"),
    "address": ("Alamat", "Alamat", "ALAMAT", "Alamat WP", "Alamat Domisili", "Address"),
}
SINCE = (
    "Terdaftar",
    "Tgl. Terdaftar",
    "Tgl Terdaftar",
    "Tanggal Daftar",
    "Tgl. Daftar",
    "TERDAFTAR SEJAK",
    "Terdaftar pada",
    "TGL TERDAFTAR",
)
SLOGANS = (
    "www.pajak.go.id",
    "Kring Pajak 1500200",
    "LUNASI PAJAKNYA AWASI PENGGUNAANNYA",
    "pajak.go.id | 1500200",
    "Pajak Kuat, Indonesia Maju",
)


def number_text(rng, number):
    """A number with one of the usual separators."""
    if len(number) == 15:
        n = number
        dotted = f"{n[:2]}.{n[2:5]}.{n[5:8]}.{n[8]}-{n[9:12]}.{n[12:]}"
        other = f"{n[:2]}.{n[2:5]}.{n[5:8]}.{n[8]}.{n[9:12]}.{n[12:]}"
        return rng.choice([dotted] * 9 + [other, dotted.replace("-", " - "), n, dotted.replace(".", ". ")])
    groups = [number[i : i + 4] for i in range(0, 16, 4)]
    return rng.choice([" ", " ", "", "", ".", "-", " - "]).join(groups)


def vary(rng, fields, extra):
    """Addresses with other words in other lines, a few values not in capitals. Changes what the truth has."""
    words = " ".join(extra["lines"])
    if rng.random() < 0.2 and len(extra["lines"]) > 1:
        first, second, *rest = extra["lines"]
        village, _, district = second.partition(" ")
        if district:
            second = rng.choice(
                [f"KEL. {village} KEC. {district}", f"{village}, {district}", f"KEL {village}, KEC {district}"]
            )
        words = " ".join([first, second, *rest])
    count = rng.choice([1, 2, 2, 3, 3])
    room = max(34, len(words) / count + 5)
    extra["lines"] = paint.wrap(words, lambda text: len(text) <= room, count + 1)
    if rng.random() < 0.06:
        fields["name"] = fields["name"].title()
        extra["lines"] = [line.title() for line in extra["lines"]]
    fields["address"] = " ".join(extra["lines"])


def draw(rng, nrng, age, fields, extra, faces, when):
    """(card image, boxes of the fields as fractions). `when` is the printed date of registration."""
    family = rng.choice(faces.families)
    ground, dust = rng.choice(GROUNDS[age]), tuple(rng.randint(130, 200) for _ in range(3))
    image = paint.guilloche(rng, nrng, (WIDTH, HEIGHT), ground, dust, rng.uniform(0.1, 0.5))
    card = Card(rng, paint.Sheet(image), family, age)
    card.top = _band(card)
    card.y = card.top + rng.uniform(0.05, 0.1)
    code = _code(rng, nrng, card, image, age)
    if code == "left":
        card.x = rng.uniform(0.24, 0.27)
    order = ["npwpNumber", "name", "nik", "address"]
    rarer = [["name", "npwpNumber", "nik", "address"], ["npwpNumber", "nik", "name", "address"]]
    order = rng.choice([order] * 7 + rarer)
    for field in order:
        card.put(field, fields, extra)
    if "nitku" in extra:
        card.down()
        card.labelled(None, extra["nitku"], "NITKU", card.size, False, rng.choice(["line", "column"]))
    _foot(card, extra, when)
    return image, card.sheet.boxes


class Card:
    """The habits of one print run, and how far down the card is printed."""

    def __init__(self, rng, sheet, family, age):
        self.rng, self.sheet, self.family = rng, sheet, family
        self.ink = tuple(rng.randint(0, 64) for _ in range(3))
        self.x, self.y, self.top = rng.uniform(0.035, 0.11), 0.0, 0.0
        self.right = 0.74 if age == "new" else 0.95
        self.size = rng.uniform(0.036, 0.05) * HEIGHT
        self.pitch = max(self.size / HEIGHT * 1.28, rng.uniform(0.054, 0.066))
        self.habit = rng.choice(["bare", "bare", "line", "column", "column", "above"])
        self.column = rng.uniform(0.11, 0.17)
        self.colon = rng.choice([":", ":", ":", ":", "", " :"])
        self.bold_labels, self.small_labels = rng.random() < 0.2, rng.choice([1.0, 1.0, 0.85])
        self.words = {field: rng.choice(words) for field, words in LABELS.items()}
        longest = max(len(word) for word in self.words.values())
        if self.habit == "column" and longest > 10:
            self.column = max(self.column, longest * self.size * 0.6 / WIDTH + 0.02)

    def face(self, grow=1.0, bold=False):
        """The run's typeface."""
        return fonts.sans(self.family, self.size * grow, bold)

    def down(self, low=1.0, high=1.06):
        """The next line."""
        self.y += self.pitch * self.rng.uniform(low, high)

    def put(self, field, fields, extra):
        """One field with what belongs to it."""
        rng = self.rng
        if field not in fields:
            return
        habit, word = self.habit, self.words[field]
        if field == "npwpNumber":
            grow, bold = rng.choice([1.0, 1.25, 1.4, 1.55]), rng.random() < 0.75
            text = number_text(rng, fields[field])
            habit = rng.choice(["line", "line", "above", "bare"]) if habit == "bare" else habit
            self.down(max(1.0, grow * 0.9), 1.5)
            self.labelled(field, text, word, self.size * grow, bold, habit)
            if "npwp16" in extra:
                self.down()
                self.labelled(None, extra["npwp16"], "NPWP16", self.size, False, "line")
            self.down(0.2, 0.5)
        elif field == "name":
            self.down()
            bold = rng.random() < 0.6
            self.labelled(field, fields[field], word, self.size * rng.uniform(1.0, 1.25), bold, habit)
        elif field == "nik":
            self.down()
            self.labelled(field, fields[field], word, self.size, False, "line" if habit == "bare" else habit)
        else:
            for at, line in enumerate(self.folded(extra["lines"])):
                self.down()
                first = at == 0
                margin = habit if first or habit == "column" else "bare"
                self.labelled(field, line, word if first else "", self.size, False, margin)

    def folded(self, lines):
        """Lines too long for the card take two."""
        room = self.right - self.x - (self.column + 0.02 if self.habit != "bare" else 0)

        def fits(text):
            return self.sheet.width_of(text, self.face(0.85)) <= room

        return [part for line in lines for part in paint.wrap(line, fits, 3)]

    def labelled(self, field, text, label, size, bold, habit):
        """Print a value, and its label where the habit has one."""
        x = self.x
        plain = fonts.sans(self.family, self.size * self.small_labels, self.bold_labels)
        if habit == "above" and label:
            little = fonts.sans(self.family, self.size * 0.75, self.bold_labels)
            self.sheet.text(x, self.y, label, little, self.ink)
            self.y += max(self.pitch * 0.95, size / HEIGHT * 1.2)
        elif habit == "line" and label:
            end = self.sheet.text(x, self.y, label, plain, self.ink)
            x = self.mark(end + self.rng.uniform(0.003, 0.02), plain)
        elif habit == "column":
            if label:
                self.sheet.text(x, self.y, label, plain, self.ink)
            x = self.mark(x + self.column, plain, bool(label))
        face = fonts.sans(self.family, size, bold)
        while self.sheet.width_of(text, face) > self.right - x and face.size > 15:
            face = fonts.sans(self.family, face.size * 0.96, bold)
        self.sheet.text(x, self.y, text, face, self.ink, field)

    def mark(self, x, face, shown=True):
        """The colon; gives where the value begins."""
        if not self.colon:
            return x + 0.008
        if shown:
            self.sheet.text(x, self.y, self.colon, face, self.ink)
        return x + self.sheet.width_of(self.colon, face) + 0.008


def _band(card):
    """The head of the card; gives where it ends."""
    rng, d = card.rng, card.sheet.draw
    kind, top = rng.choice(BANDS), rng.uniform(0.12, 0.2)
    blue = rng.choice([(22, 58, 130), (8, 42, 100), (40, 80, 160), (30, 100, 170), (110, 30, 40), (20, 90, 80)])
    paper = False
    if kind == "wave":
        low = [(t * WIDTH / 60, (top + 0.018 * math.sin(t / 7 + top * 90)) * HEIGHT) for t in range(61)]
        d.polygon([(0, 0), *low, (WIDTH, 0)], fill=blue)
    elif kind == "bow":
        d.ellipse((-0.3 * WIDTH, -top * 2 * HEIGHT, 1.3 * WIDTH, (top + 0.01) * HEIGHT), fill=blue)
        d.rectangle((0, 0, WIDTH, top * 0.7 * HEIGHT), fill=blue)
    elif kind == "steps":
        d.rectangle((0, 0, WIDTH, top * HEIGHT), fill=blue)
        low = top * HEIGHT
        d.polygon([(0.6 * WIDTH, 0), (WIDTH, 0), (WIDTH, low), (0.66 * WIDTH, low)], fill=(230, 180, 40))
    elif kind == "level":
        d.rectangle((0, 0, WIDTH, top * HEIGHT), fill=blue)
    elif kind == "side":
        d.rectangle((0, 0, 0.022 * WIDTH, HEIGHT), fill=blue)
        paper = True
    else:
        paper = True
        if kind == "rule":
            d.line((0.03 * WIDTH, top * HEIGHT, 0.97 * WIDTH, top * HEIGHT), fill=blue, width=rng.randint(3, 9))
    if rng.random() < 0.5 and kind not in ("side", "none"):
        foot = 1 - rng.uniform(0.04, 0.09)
        slope = rng.uniform(-0.02, 0.02)
        edge = [(0, foot * HEIGHT), (WIDTH, (foot + slope) * HEIGHT)]
        d.polygon([*edge, (WIDTH, HEIGHT), (0, HEIGHT)], fill=blue)
    pale = blue if paper else tuple(rng.randint(215, 255) for _ in range(3))
    words = [rng.choice(MINISTRY), "DIREKTORAT JENDERAL PAJAK"]
    if rng.random() < 0.3:
        words = [word.title() for word in words]
    if rng.random() < 0.12:
        words.pop(0)
    x, anchor = rng.choice([(0.12, "ls"), (0.05, "ls"), (0.5, "ms")])
    size = rng.uniform(0.032, 0.046) * HEIGHT
    for word, at in zip(words, (0.42, 0.8), strict=False):
        card.sheet.text(x, top * at, word, fonts.sans(card.family, size, rng.random() < 0.6), pale, None, anchor)
    if x == 0.12:
        cx, cy, r = 0.066 * WIDTH, top * 0.5 * HEIGHT, top * 0.32 * HEIGHT
        d.regular_polygon((cx, cy, r), rng.choice([5, 6, 8]), fill=(224, 184, 60), outline=pale)
        d.ellipse((cx - r * 0.4, cy - r * 0.4, cx + r * 0.4, cy + r * 0.4), fill=(40, 90, 160))
    if x != 0.5 and rng.random() < 0.4:
        title = rng.choice(["NPWP", "NPWP", "KARTU NPWP"])
        card.sheet.text(0.96, top * 0.6, title, fonts.sans(card.family, size * 1.4, True), pale, None, "rs")
    elif rng.random() < 0.15:
        top += 0.05
        title = rng.choice(["NOMOR POKOK WAJIB PAJAK", "KARTU NPWP", "Nomor Pokok Wajib Pajak"])
        card.sheet.text(0.5, top, title, fonts.sans(card.family, size, True), card.ink, None, "ms")
    return top


def _code(rng, nrng, card, image, age):
    """A code on the right, on the left or none; says which."""
    where = rng.choices(["right", "left", "none"], [8, 1, 2] if age == "new" else [2, 0.5, 8])[0]
    if where == "none":
        return where
    side = round(rng.uniform(0.12, 0.18) * WIDTH)
    code = paint.code_block(nrng, rng.choice([21, 25, 29, 37])).resize((side, side), 0).convert("RGB")
    x = WIDTH - side - round(rng.uniform(0.03, 0.06) * WIDTH) if where == "right" else round(0.035 * WIDTH)
    if where == "right":
        card.right = min(card.right, x / WIDTH - 0.02)
    image.paste(code, (x, round(rng.uniform(card.top + 0.1, 0.66) * HEIGHT)))
    return where


def _foot(card, extra, when):
    """Date and office in either order, the site, the number of the card itself."""
    rng = card.rng
    office = extra["office"]
    if rng.random() < 0.25:
        office = rng.choice(
            [office.title().replace("Kpp", "KPP"), office.replace("KPP", "KPP :"), "Kantor Pelayanan Pajak Pratama"]
        )
    date = f"{rng.choice(SINCE)}{rng.choice([' : ', ': ', ' '])}{when}"
    lines = [date, office]
    if rng.random() < 0.25:
        lines.reverse()
    lines = lines[: rng.choice([1, 2, 2, 2])]
    x = card.x if rng.random() < 0.85 else rng.uniform(0.4, 0.5)
    card.y = max(card.y + rng.uniform(0.055, 0.08), rng.uniform(0.55, 0.8))
    for line in lines:
        if card.y > 0.93:
            return
        card.sheet.text(x, card.y, line, card.face(0.9, rng.random() < 0.3), card.ink)
        card.down()
    if card.y < 0.93 and rng.random() < 0.3:
        text = rng.choice(SLOGANS) if rng.random() < 0.7 else f"No. Kartu {rng.randrange(10**8):08}"
        x, anchor = rng.choice([(0.5, "ms"), (0.95, "rs"), (card.x, "ls")])
        card.sheet.text(x, 0.955, text, card.face(0.75), card.ink, None, anchor)
