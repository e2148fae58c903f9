#!/usr/bin/env python3
"""Trains the second reader of text lines and writes its weights.

    python tests/cards/train_lines.py shared/ocr/data/lines.bin [--lines 400000] [--state FILE] [--real LINES CARDS]

Needs torch, numpy, Pillow and opencv-python-headless, and the Debian packages named in PACKAGES. Two processes draw and
learn side by side: about an hour on two cores. `--state` keeps what was learned after every part, and goes on from there.

What is learned: a line of print as the reader crops it (a row's capitals, three tenths of their height above, four below),
36 pixels high, is a string of capital letters, digits and the marks of names and addresses. Nothing but convolutions: what
a letter is taken for hangs on what is printed within about two letters of it, so that no language is learned and no name is
repaired. Half of the text has no meaning at all for the same reason. None of the typefaces is one that cards of the
held-out set are printed in.

`--real LINES CARDS` mixes in crops of generated cards of the tuned set: CARDS of generate.py, LINES of `filot-read --lines`.

Network: conv 5x5x16, relu, max-pool 3x3; conv 3x3x48, relu, max-pool 2 down; conv 3x3x64, relu, max-pool 2 down;
conv 3x3x96, relu; conv 3x3x128 without padding above and below, relu; along the line two residual convolutions of five
(the second with every other neighbour), relu; dense. Connectionist temporal classification (Graves et al. 2006).
File: magic `FLN1`, then bfloat16 little-endian tensors, weights in the order height, width, input, output, each layer's
bias behind them.
"""
import argparse
import json
import math
import multiprocessing
import os
import random
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent))
from cardgen import fonts as card_fonts  # noqa: E402
from cardgen import people  # noqa: E402

HEIGHT = 36
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,'-/():&+"
BLANK = 0

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


def draw_forever(seed, queue, count):
    """Fills the queue with `count` lines at a time, of about the same width."""
    cv2.setNumThreads(1)
    rng = random.Random(seed)
    faces, words = Faces(), Words()
    while True:
        queue.put([sample(rng, faces, words) for _ in range(count)])


class Recogniser(nn.Module):
    """The network of the module's description."""

    def __init__(self):
        super().__init__()
        sizes = [(1, 16, (5, 5), (2, 2)), (16, 48, (3, 3), (1, 1)), (48, 64, (3, 3), (1, 1)), (64, 96, (3, 3), (1, 1)),
                 (96, 128, (3, 3), (0, 1)), (128, 128, (1, 5), (0, 2)), (128, 128, (1, 5), (0, 4))]
        self.convs = nn.ModuleList(
            nn.Conv2d(i, o, k, padding=p, bias=False, dilation=(1, 2) if n == 6 else 1) for n, (i, o, k, p) in enumerate(sizes))
        self.norms = nn.ModuleList(nn.BatchNorm2d(o) for _, o, _, _ in sizes)
        self.last = nn.Conv2d(128, len(ALPHABET) + 1, 1)

    def forward(self, x):
        pools = {0: (3, 3), 1: (2, 1), 2: (2, 1)}
        for n, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            y = F.relu(norm(conv(x)))
            if n in pools:
                y = F.max_pool2d(y, pools[n])
            x = x + y if n >= 5 else y
        return self.last(x).squeeze(2).permute(2, 0, 1)  # time, line, class


def batch_of(lines):
    """Ink 0 to 1, white behind the ends; lengths in steps; targets."""
    width = max(-(-image.shape[1] // 3) * 3 for image, _ in lines)
    x = np.zeros((len(lines), 1, HEIGHT, width), np.float32)
    for i, (image, _) in enumerate(lines):
        x[i, 0, :, : image.shape[1]] = (255 - image.astype(np.float32)) / 255
    steps = torch.tensor([image.shape[1] // 3 for image, _ in lines])
    codes = [[ALPHABET.index(c) + 1 for c in text] for _, text in lines]
    return torch.from_numpy(x), steps, torch.tensor([c for code in codes for c in code]), torch.tensor([len(c) for c in codes])


def told(logits, steps):
    """The texts that the best path spells."""
    best = logits.argmax(2).T.numpy()
    out = []
    for line, n in zip(best, steps):
        text, before = "", BLANK
        for c in line[:n]:
            if c not in (BLANK, before):
                text += ALPHABET[c - 1]
            before = c
        out.append(" ".join(text.split()))
    return out


def score(model, lines):
    """Share of lines and of characters that are right."""
    model.eval()
    right = wrong = total = 0
    with torch.no_grad():
        for at in range(0, len(lines), 50):
            part = sorted(lines[at : at + 50], key=lambda line: line[0].shape[1])
            x, steps, _, _ = batch_of(part)
            for (_, text), read in zip(part, told(model(x), steps)):
                right += text == read
                wrong += distance(text, read)
                total += len(text)
    model.train()
    return right / len(lines), 1 - wrong / total


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (x != y))
    return row[-1]


def printed(fields):
    """The lines that a card has, as far as its truth tells."""
    lines = [v for k, v in fields.items() if k not in ("birthDate", "birthPlace", "issueDate", "province", "regency", "nik")]
    if fields.get("birthPlace") and fields.get("birthDate"):
        year, month, day = fields["birthDate"].split("-")
        lines.append(f"{fields['birthPlace']}, {day}-{month}-{year}")
    if fields.get("province"):
        lines.append(f"PROVINSI {fields['province']}")
    if fields.get("regency"):
        lines.append(fields["regency"])
    return [line for line in lines if line]


def real_lines(folder, cards):
    """Crops of generated cards with what is printed there: (image, text, what the line engine read), HEIGHT rows.

    What the engine read tells which line of the card it is; where it is like none, or like two, the crop is left out.
    """
    truth = {}
    for line in (cards / "truth.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        if entry.get("fields"):
            truth[Path(entry["file"]).stem] = printed(entry["fields"])
    out, before = [], None
    for line in (folder / "lines.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        read = entry["read"]
        if entry["class"] not in ("Upper", "Name", "Digits") or entry["card"] not in truth or len(read) < 2:
            continue
        near = sorted((distance(read, text) / max(len(text), len(read)), text) for text in truth[entry["card"]])
        if not near or near[0][0] > 0.34 or (len(near) > 1 and near[1][1] != near[0][1] and near[1][0] < near[0][0] + 0.2):
            continue
        text = near[0][1]
        piece = cv2.imread(str(folder / entry["file"]), cv2.IMREAD_GRAYSCALE)
        # A name is shown twice.
        if before is not None and before.shape == piece.shape and (before == piece).all():
            continue
        before = piece
        width = round(piece.shape[1] * HEIGHT / piece.shape[0])
        room = width // 3 >= len(text) + sum(p == q for p, q in zip(text, text[1:])) + 1
        if all(c in ALPHABET for c in text) and 12 <= width <= 900 and room:
            out.append((cv2.resize(piece, (width, HEIGHT), interpolation=cv2.INTER_CUBIC), text, read))
    return out


def write(model, path):
    """The layers with their normalisation folded in, as bfloat16."""
    data = bytearray(b"FLN1")
    model.eval()
    layers = []
    for conv, norm in zip(model.convs, model.norms):
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        layers.append((conv.weight * gain[:, None, None, None], norm.bias - norm.running_mean * gain))
    layers.append((model.last.weight, model.last.bias))
    for weight, bias in layers:
        for tensor in (weight.permute(2, 3, 1, 0), bias):
            data += tensor.detach().contiguous().to(torch.bfloat16).view(torch.int16).numpy().astype("<i2").tobytes()
    path.write_bytes(bytes(data))
    model.train()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--lines", type=int, default=400_000, help="how many lines are looked at")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rate", type=float, default=2.5e-3)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--threads", type=int, default=1, help="of the learning process")
    parser.add_argument("--painters", type=int, default=1, help="processes that draw")
    parser.add_argument("--state", type=Path, help="keeps what was learned and goes on from there")
    parser.add_argument("--start", type=Path, help="a state to begin from, its schedule forgotten")
    parser.add_argument("--real", type=Path, nargs=2, metavar=("LINES", "CARDS"), help="crops of generated cards to mix in")
    parser.add_argument("--real-share", type=float, default=0.5)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    rng = random.Random(args.seed)
    model = Recogniser()
    if args.start:
        model.load_state_dict(torch.load(args.start)["model"])
    model = model.to(memory_format=torch.channels_last)
    steps = args.lines // args.batch
    learner = torch.optim.AdamW(model.parameters(), lr=args.rate, weight_decay=1e-2)
    plan = torch.optim.lr_scheduler.OneCycleLR(learner, args.rate, total_steps=steps, pct_start=0.08, final_div_factor=300)
    done = 0
    if args.state and args.state.exists():
        kept = torch.load(args.state)
        model.load_state_dict(kept["model"])
        learner.load_state_dict(kept["learner"])
        plan.load_state_dict(kept["plan"])
        done = kept["done"]
    checks = [sample(random.Random(4242 + i), FACES, WORDS) for i in range(300)]
    real, real_checks = [], []
    if args.real:
        real = [line[:2] for line in real_lines(*args.real)]
        rng.shuffle(real)
        real_checks, real = real[:600], real[600:]
        print(f"{len(real)} lines of cards", flush=True)
    # OpenCV's threads do not outlive a fork.
    context = multiprocessing.get_context("spawn")
    queue = context.Queue(4)
    painters = [context.Process(target=draw_forever, args=(args.seed * 1000 + done + i, queue, args.batch * 8), daemon=True)
                for i in range(args.painters)]
    for painter in painters:
        painter.start()
    began, losses, parts = time.time(), [], []
    first = done
    while done < steps:
        if not parts:
            pool = queue.get()
            if real:
                pool = rng.sample(pool, int(len(pool) * (1 - args.real_share))) + rng.sample(real, min(len(real), int(len(pool) * args.real_share)))
            pool.sort(key=lambda line: line[0].shape[1])
            parts = [pool[i : i + args.batch] for i in range(0, len(pool) - args.batch + 1, args.batch)]
            # Drawing a line takes as long as learning it: each is looked at twice.
            parts += parts
            rng.shuffle(parts)
        x, lengths, targets, sizes = batch_of(parts.pop())
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(x.to(memory_format=torch.channels_last))
        loss = F.ctc_loss(logits.float().log_softmax(2), targets, lengths, sizes, blank=BLANK, zero_infinity=True)
        learner.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        learner.step()
        plan.step()
        losses.append(loss.item())
        done += 1
        if done % 250 == 0 or done == steps:
            lines, characters = score(model, checks)
            told_real = "cards {:.3f} lines {:.4f} characters".format(*score(model, real_checks)) if real_checks else ""
            rate = (done - first) * args.batch / (time.time() - began)
            print(f"{done}/{steps} loss {np.mean(losses):.4f} drawn {lines:.3f} lines {characters:.4f} characters {told_real} {rate:.0f} lines/s", flush=True)
            losses.clear()
            if args.state:
                part = args.state.with_suffix(".part")
                torch.save({"model": model.state_dict(), "learner": learner.state_dict(), "plan": plan.state_dict(), "done": done}, part)
                os.replace(part, args.state)
            write(model, args.out)
    for painter in painters:
        painter.terminate()


if __name__ == "__main__":
    FACES, WORDS = Faces(), Words()
    main()
