"""Lines of print as the reader's line recognisers get them, with what they say: what `train_lines.py` teaches.

Owns its own typefaces, words and photographs: of cards it knows only how the reader evens and crops them.
"""

import math
import random
import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from . import fonts as card_fonts
from . import people

HEIGHT = 36
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,'-/():&+"

PACKAGES = """fonts-lato fonts-cantarell fonts-droid-fallback fonts-quicksand fonts-sil-andika fonts-dosis fonts-oxygen
fonts-jura fonts-linuxlibertine fonts-adf-universalis fonts-adf-verana fonts-adf-gillius fonts-adf-ikarius
fonts-averia-sans-gwf fonts-cabin fonts-play fonts-texgyre fonts-nanum fonts-wqy-microhei fonts-junction fonts-sora
fonts-karla fonts-karmilla fonts-manrope fonts-crosextra-caladea fonts-umeplus fonts-league-spartan fonts-noto-core
fonts-noto-mono fonts-go fonts-lexi-gulim fonts-ipafont-gothic fonts-vlgothic fonts-dejavu-core fonts-dejavu-extra""".split()
# path, how often it is drawn beside the faces of the tuned cards
OTHER = """truetype/lato/Lato-Regular.ttf truetype/lato/Lato-Medium.ttf truetype/lato/Lato-Bold.ttf
opentype/cantarell/Cantarell-Regular.otf opentype/cantarell/Cantarell-Bold.otf
truetype/droid/DroidSansFallbackFull.ttf truetype/andika/Andika-Regular.ttf truetype/andika/Andika-Bold.ttf
opentype/dosis/Dosis-Medium.otf opentype/dosis/Dosis-Bold.otf truetype/oxygen/Oxygen-Sans.ttf
truetype/oxygen/Oxygen-Sans-Bold.ttf opentype/jura/Jura-Bold.otf opentype/linux-libertine/LinBiolinum_R.otf
opentype/linux-libertine/LinBiolinum_RB.otf truetype/adf/UniversalisADFStd-Regular.otf
truetype/adf/UniversalisADFStd-Bold.otf truetype/adf/UniversalisADFStd-Cond.otf truetype/adf/UniversalisADFStd-BoldCond.otf
truetype/adf/Verana-Regular.otf truetype/adf/Verana-Bold.otf truetype/adf/VeranaSans-Regular.otf
truetype/adf/VeranaSans-Bold.otf truetype/adf/VeranaSansMedium-Regular.otf truetype/adf/GilliusADF-Regular.otf
truetype/adf/GilliusADF-Bold.otf truetype/adf/GilliusADF-Cond.otf truetype/adf/GilliusADF-BoldCond.otf
truetype/adf/GilliusADFNo2-Regular.otf truetype/adf/IkariusADFStd-Regular.otf truetype/adf/IkariusADFStd-Bold.otf
truetype/averia-gwf/AveriaSansGWF-Regular.ttf opentype/cabin/Cabin-Regular.otf opentype/cabin/Cabin-Bold.otf
truetype/play/Play-Regular.ttf truetype/play/Play-Bold.ttf
/usr/share/texmf/fonts/opentype/public/tex-gyre/texgyreheros-regular.otf
/usr/share/texmf/fonts/opentype/public/tex-gyre/texgyreheros-bold.otf
/usr/share/texmf/fonts/opentype/public/tex-gyre/texgyreheroscn-regular.otf
/usr/share/texmf/fonts/opentype/public/tex-gyre/texgyreheroscn-bold.otf
/usr/share/texmf/fonts/opentype/public/tex-gyre/texgyreadventor-regular.otf truetype/nanum/NanumGothic.ttf
truetype/nanum/NanumGothicBold.ttf truetype/wqy/wqy-microhei.ttc opentype/junction/Junction.otf
opentype/sora/Sora-Regular.otf truetype/karla/Karla-Regular.otf truetype/karla/Karla-Bold.otf
truetype/karmilla/Karmilla-Regular.ttf truetype/karmilla/Karmilla-Bold.ttf truetype/manrope/Manrope-Medium.ttf
truetype/manrope/Manrope-Bold.ttf truetype/umeplus/umeplus-p-gothic.ttf opentype/league-spartan/LeagueSpartan-Medium.otf
truetype/noto/NotoSans-Regular.ttf truetype/noto/NotoSans-Bold.ttf truetype/noto/NotoSansDisplay-Regular.ttf
truetype/noto/NotoSansDisplay-Bold.ttf truetype/noto/NotoSansMono-Regular.ttf fonts-go/Go-Regular.ttf fonts-go/Go-Medium.ttf
fonts-go/Go-Bold.ttf fonts-go/Go-Mono.ttf truetype/dejavu/DejaVuSansCondensed.ttf
truetype/dejavu/DejaVuSansCondensed-Bold.ttf truetype/dejavu/DejaVuSans-Bold.ttf""".split()

ROOT = Path("/usr/share/fonts")
INK = 56  # pixels of a capital where text is drawn
CAPITAL = 27.0  # pixels of a capital on a levelled card


def faces():
    """(path, weight) of the typefaces: half the lines in those near Arial, which most cards have."""
    near, known = [], []
    for family, (_, regular, bold) in card_fonts.SANS.items():
        (near if family in ("liberation", "arimo", "nimbus", "freesans") else known).extend((regular, bold))
    mono = ["truetype/liberation/LiberationMono-Regular.ttf", "truetype/liberation/LiberationMono-Bold.ttf"]
    weighted = [(p, 0.3 / len(near)) for p in near] + [(p, 0.15 / len(known)) for p in known]
    weighted += [(p, 0.02) for p in mono] + [(p, 0.51 / len(OTHER)) for p in OTHER]
    missing = [p for p, _ in weighted if not (ROOT / p).exists()]
    if missing:
        sys.exit(f"missing {missing[:3]} and {len(missing)} in all: apt-get install {' '.join(PACKAGES)}")
    return weighted


class Faces:
    """Opened typefaces, at a size at which their capitals are INK pixels high."""

    def __init__(self):
        self.fonts, self.weights = [], []
        for path, weight in faces():
            font = ImageFont.truetype(str(ROOT / path), 100)
            box = font.getbbox("H")
            font = ImageFont.truetype(str(ROOT / path), round(100 * INK / (box[3] - box[1])))
            self.fonts.append((font, font.getbbox("H")))
            self.weights.append(weight)

    def pick(self, rng):
        return rng.choices(self.fonts, self.weights)[0]


CONSONANTS = "BCDFGHJKLMNPRSTWYKNSTR"
VOWELS = "AIUEOAIUA"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TITLES = ["H.", "HJ.", "DR.", "DRS.", "IR.", "MOH.", "M.", "RA.", "R.", "ST.", "ABD."]
DEGREES = [", SE", ", S.H", ", S.PD", ", M.KOM", ", ST", ", S.E., M.M.", ", S.KOM", ", AMD", ", S.T., M.T."]
STREETS = ["JL.", "JL", "JLN", "JLN.", "GG.", "GG", "DSN", "DUSUN", "DUKUH", "KP.", "KP", "KAMPUNG", "PERUM", "LINGK.", "LINK.",
           "LORONG", "KOMP.", "KAV.", "BTN", "GANG", "JALAN", "RUSUN", "APT.", "BANJAR", "LR."]


def syllables(rng, n):
    out = ""
    for _ in range(n):
        out += rng.choice(CONSONANTS) if rng.random() < 0.9 else ""
        if rng.random() < 0.1:
            out += rng.choice("RLYWH")
        out += rng.choice(VOWELS)
        if rng.random() < 0.3:
            out += rng.choice("NNGSRTKMHL")
    return out


class Words:
    """Words that are printed on cards, and others."""

    def __init__(self):
        table, _, villages = people.areas()
        self.places = sorted({v for v in table.values()} | {v for _, v in villages})
        self.known = sorted({w for section in people.words().values() for line in section for w in [line.upper()]
                             if all(c in ALPHABET for c in w)})

    def word(self, rng):
        kind = rng.random()
        if kind < 0.35:
            return syllables(rng, rng.randint(1, 4))
        if kind < 0.6:
            return rng.choice(self.known)
        if kind < 0.75:
            return rng.choice(self.places)
        return "".join(rng.choice(LETTERS) for _ in range(rng.choice([1, 2, 2, 3, 4, 5, 6, 7, 8])))

    def name(self, rng):
        text = " ".join(self.word(rng) for _ in range(rng.choice([1, 2, 2, 2, 3, 3, 4])))
        if rng.random() < 0.12:
            text = rng.choice(TITLES) + rng.choice([" ", " ", ""]) + text
        if rng.random() < 0.1:
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice([" M. ", "'", "-", " A. ", ". ", " S ", " I ", " II "]) + text[at:]
        if rng.random() < 0.1:
            text += rng.choice(DEGREES)
        if rng.random() < 0.08:
            text += rng.choice([" A", " S.", " P", " K.", " I", " W", " M", " R"])
        return text

    def address(self, rng):
        parts = []
        if rng.random() < 0.8:
            parts.append(rng.choice(STREETS))
        parts.append(" ".join(self.word(rng) for _ in range(rng.choice([1, 1, 2, 2, 3]))))
        roman = rng.choice(["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"])
        number = str(rng.randint(1, rng.choice([9, 99, 299])))
        letter = rng.choice(LETTERS)
        for share, part in (
            (0.25, roman), (0.6, rng.choice(["NO. ", "NO.", "NO ", "NO: "]) + number + rng.choice(["", "", "", letter, "/" + number])),
            (0.25, "BLOK " + letter + rng.choice(["", number, "-" + number, "/" + number, " NO. " + number, "." + number])),
            (0.15, "KM " + number), (0.2, f"RT {rng.randint(0, 20):03}/{rng.randint(0, 20):03}"),
            (0.2, rng.choice(["RT ", "RT.", "RT. "]) + f"{rng.randint(1, 20):0{rng.choice([1, 2, 3])}}" + rng.choice([" ", "/"]) + "RW "
             + f"{rng.randint(1, 20):0{rng.choice([1, 2, 3])}}")):
            if rng.random() < share:
                parts.append(part)
        return " ".join(parts)

    def text(self, rng):
        kind = rng.random()
        if kind < 0.40:
            text = self.name(rng)
        elif kind < 0.68:
            text = self.address(rng)
        elif kind < 0.76:
            text = (rng.choice(self.places) + ", " if rng.random() < 0.8 else "") + \
                f"{rng.randint(1, 31):02}-{rng.randint(1, 12):02}-{rng.randint(1930, 2030)}"
        elif kind < 0.82:
            text = rng.choice(self.places)
        elif kind < 0.86:
            text = "".join(rng.choice("0123456789./-") for _ in range(rng.randint(3, 18)))
        else:
            text = " ".join("".join(rng.choice(ALPHABET) for _ in range(rng.randint(1, 9))) for _ in range(rng.randint(1, 3)))
        return " ".join("".join(c for c in text if c in ALPHABET).split())[: rng.choice([22, 28, 34, 40])].strip()


def drawn(rng, faces, text):
    """The text as ink 0 to 255 on a canvas, and where its capitals begin and end."""
    font, box = faces.pick(rng)
    spacing = rng.choice([0, 0, 0, rng.uniform(-1.5, 4), rng.uniform(-2.5, 9)])
    bold = 1 if rng.random() < 0.2 else 0
    blank = rng.choice([1, 1, rng.uniform(0.8, 1.5)])
    room, above = INK * 2, INK * 2
    widths = [font.getlength(c) * (blank if c == " " else 1) + spacing for c in text]
    width = int(sum(widths) + room * 2)
    canvas = Image.new("L", (width, INK * 5), 0)
    draw = ImageDraw.Draw(canvas)
    top = above - box[1]
    if spacing == 0 and blank == 1 and rng.random() < 0.8:
        draw.text((room, top), text, fill=255, font=font, stroke_width=bold)
        end = room + font.getlength(text)
    else:
        x = float(room)
        for c, w in zip(text, widths):
            draw.text((round(x), top), c, fill=255, font=font, stroke_width=bold)
            x += w
        end = x
    if rng.random() < 0.15:  # the rows above and below
        other = "".join(rng.choice(ALPHABET) for _ in range(len(text)))
        gap = INK * rng.uniform(1.6, 2.1)
        for y in (top - gap, top + gap):
            draw.text((room + rng.uniform(-40, 40), y), other, fill=255, font=font)
    ink = np.asarray(canvas)
    kind = rng.random()
    if kind < 0.12:
        ink = cv2.erode(ink, np.ones((3, 3), np.uint8))
    elif kind < 0.27:
        ink = cv2.dilate(ink, np.ones((3, 3), np.uint8))
    return ink, room, end, above, above + box[3] - box[1]


def waves(rng, width, height):
    """Fine lines as banknotes have them, -1 to 1."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    out = np.zeros((height, width), np.float32)
    for _ in range(rng.randint(1, 2)):
        angle, pitch = rng.uniform(0, math.pi), rng.uniform(3, 16)
        bend = rng.uniform(0, 4) * np.sin(x / rng.uniform(15, 80) + rng.uniform(0, 6)) + rng.uniform(0, 3) * np.sin(y / rng.uniform(15, 60))
        out += np.sin((x * math.cos(angle) + y * math.sin(angle) + bend) * (2 * math.pi / pitch))
    return np.clip(out, -1, 1) if rng.random() < 0.5 else (out > rng.uniform(0.3, 0.9)).astype(np.float32) * -1


def photographed(rng, ink, room, end, top, bottom):
    """The line on a levelled card as a camera saw it: grey, capitals about CAPITAL high, and the row's place in it."""
    # What the camera resolves: pixels per capital, from a scan to a hardly legible photograph.
    seen = math.exp(rng.uniform(math.log(8.5), math.log(34)))
    scale = seen / (bottom - top)
    stretch = rng.choice([1, 1, rng.uniform(0.85, 1.2)])
    sx = scale * stretch
    tilt, slant = rng.gauss(0, 0.006), rng.gauss(0, 0.03)
    width, height = int((end + room) * sx) + 2, int(ink.shape[0] * scale) + 2
    turn = np.float32([[sx, slant * scale, rng.random() - slant * scale * top], [tilt * sx, scale, rng.random()]])
    turn[1, 2] -= tilt * sx * (room + end) / 2
    soft = cv2.GaussianBlur(ink, (0, 0), max(0.45 / min(scale, sx), 0.4))
    ink = cv2.warpAffine(soft, turn, (width, height), flags=cv2.INTER_LINEAR).astype(np.float32) / 255
    ground = rng.uniform(70, 235) * np.ones((height, width), np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    if rng.random() < 0.6:  # light falls off, shadows have edges
        ground *= 1 + rng.uniform(-0.35, 0.35) * (x / width - 0.5) + rng.uniform(-0.15, 0.15) * (y / height - 0.5)
    if rng.random() < 0.12:
        ground *= 1 - rng.uniform(0.1, 0.45) / (1 + np.exp(np.clip((rng.uniform(0, width) - x) / rng.uniform(1, 12), -30, 30)))
    if rng.random() < 0.7:
        ground *= 1 + rng.uniform(0, 0.10) * waves(rng, width, height)
    dark = rng.uniform(0.04, 0.6) if rng.random() < 0.8 else rng.uniform(0.6, 0.78)
    picture = ground * (1 - ink * (1 - dark))
    if rng.random() < 0.2:  # a reflection lies over the print
        at, wide = rng.uniform(0, width), rng.uniform(0.5, 4) * seen
        veil = rng.uniform(0.1, 0.75) * np.exp(-(((x - at) / wide) ** 2) - ((y - height / 2) / (rng.uniform(0.5, 3) * seen)) ** 2)
        picture = picture + (250 - picture) * veil
    blur = abs(rng.gauss(0, 0.045)) * seen ** 0.5 * 2.2
    if blur > 0.25:
        picture = cv2.GaussianBlur(picture, (0, 0), min(blur, 0.16 * seen))
    if rng.random() < 0.15:  # the hand moved
        n = rng.randint(2, max(2, int(seen * 0.22)))
        kernel = np.zeros((n, n), np.float32)
        cv2.line(kernel, (0, rng.randint(0, n - 1)), (n - 1, rng.randint(0, n - 1)), 1.0)
        picture = cv2.filter2D(picture, -1, kernel / max(kernel.sum(), 1))
    if rng.random() < 0.85:
        noise = np.random.default_rng(rng.getrandbits(32)).normal(0, abs(rng.gauss(0, 4.5)), picture.shape)
        if rng.random() < 0.3:
            noise = cv2.GaussianBlur(noise, (0, 0), 0.8) * 2
        picture = picture + noise
    if rng.random() < 0.2:
        mean = picture.mean()
        picture = mean + (picture - mean) * rng.uniform(0.5, 1.5)
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    if rng.random() < 0.75:
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(35, 96)])
        picture = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    # Levelled: capitals come to their height on the card, whatever the camera had.
    up = CAPITAL / seen
    picture = cv2.resize(picture, None, fx=up / (1 if rng.random() < 0.5 else stretch ** rng.random()), fy=up,
                         interpolation=rng.choice([cv2.INTER_LINEAR, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
                         if up >= 1 else cv2.INTER_AREA)
    across = picture.shape[1] / width
    left = (turn[0] @ np.float32([room, top, 1])) * across
    right = (turn[0] @ np.float32([end, top, 1])) * across
    y0 = (turn[1] @ np.float32([(room + end) / 2, top, 1])) * up
    y1 = (turn[1] @ np.float32([(room + end) / 2, bottom, 1])) * up
    return picture, left, right, y0, y1


def evened(rng, gray):
    """What `normalise` and `even_contrast` of shared/ocr make of a card, on a piece of it."""
    small = cv2.resize(gray, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    square = np.ones((9, 9), np.uint8)
    ground = cv2.erode(cv2.dilate(small, square), square)
    ground = cv2.blur(cv2.blur(ground, (7, 7)), (7, 7))
    ground = cv2.resize(ground, gray.shape[::-1], interpolation=cv2.INTER_LINEAR).astype(np.float32)
    ratio = np.minimum(gray / np.maximum(ground, 8), 1.5)
    usual = float(np.median(ratio))
    white = usual * 0.95
    black = float(np.clip(np.quantile(ratio, rng.uniform(0.005, 0.06)) * rng.uniform(0.85, 1.15), 0.05 * usual, 0.62 * usual))
    even = np.clip((ratio - black) / (white - black) * 255, 0, 255)
    if rng.random() < 0.85:
        cells = 255 - cv2.erode(even, np.ones((24, 96)))
        gain = np.clip(205 / np.maximum(cells, 1), 1, 3.2)
        solid = np.clip((cells - rng.uniform(20, 60)) / rng.uniform(12, 30), 0, 1)
        even = np.maximum(255 - (255 - even) * (1 + (gain - 1) * cv2.blur(solid, (9, 9))), 0)
    return even


def sample(rng, faces, words):
    """A line as the recogniser gets it, uint8 of HEIGHT rows, and its text."""
    while True:
        text = words.text(rng)
        if not text:
            continue
        gray, left, right, top, bottom = photographed(rng, *drawn(rng, faces, text))
        even = evened(rng, gray)
        high = bottom - top
        # The row is found by its ink: a pixel or two too high, too low, too much.
        top += rng.gauss(0, 0.035) * high
        bottom += rng.gauss(0, 0.035) * high
        high = bottom - top
        a, b = int(top - 0.3 * high), int(bottom + 0.4 * high)
        x0 = int(left - rng.uniform(0.15, 0.55) * high)
        x1 = int(right + rng.uniform(0.05, 0.6 if rng.random() < 0.9 else 2.5) * high)
        a, x0 = max(a, 0), max(x0, 0)
        piece = even[a:b, x0:x1]
        if piece.shape[0] < 16 or piece.shape[1] < 8:
            continue
        width = max(round(piece.shape[1] * HEIGHT / piece.shape[0]), 12)
        if width > 900 or width // 3 < len(text) + sum(p == q for p, q in zip(text, text[1:])) + 1:
            continue
        how = cv2.INTER_AREA if piece.shape[0] > HEIGHT else cv2.INTER_LINEAR
        return cv2.resize(piece.astype(np.uint8), (width, HEIGHT), interpolation=how), text
