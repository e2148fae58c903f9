#!/usr/bin/env python3
"""Line images, and what libtesseract 5.3.0 reads in them.

    python lines.py check --lines target/release/examples/lines [--lang ind+eng] [--count 10000] [--seed 1]
    python lines.py fixtures
    python lines.py time --lines target/release/examples/lines [--lang ind]

`check` draws lines, reads each with libtesseract (through oracle.cpp) and with this crate's example, in one of the
languages by turns, and prints every difference in text or confidence. `fixtures` writes the pictures and answers that
the crate's tests use. `time` compares lines a second of one core. The same seed draws the same lines. Needs Pillow, numpy,
g++, libtesseract-dev 5.3.0 and the typefaces of Debian that the lists below name; one that is missing is an error.
"""

import argparse
import json
import math
import os
import random
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

HERE = Path(__file__).resolve().parent
CRATE = HERE.parent.parent
FIXTURES = CRATE / "tests" / "fixtures"
CARD_DATA = CRATE.parent.parent / "tests" / "cards" / "data"
TYPEFACES = Path("/usr/share/fonts")
# Where Debian's packages of typefaces put them.
FONT_FOLDERS = {
    "truetype/liberation": "fonts-liberation",
    "truetype/dejavu": "fonts-dejavu-core",
    "truetype/ocr-a": "fonts-ocr-a",
    "opentype/ocr-b": "fonts-ocr-b",
}

LABELS = (
    "NIK", "Nama", "Tempat/Tgl Lahir", "Jenis Kelamin", "Gol. Darah", "Alamat", "RT/RW", "Kel/Desa", "Kecamatan",
    "Agama", "Status Perkawinan", "Pekerjaan", "Kewarganegaraan", "Berlaku Hingga", "NPWP", "PROVINSI", "KABUPATEN",
)
VALUES = (
    "LAKI-LAKI", "PEREMPUAN", "ISLAM", "KRISTEN", "KATHOLIK", "BELUM KAWIN", "KAWIN", "SEUMUR HIDUP", "WNI",
    "KARYAWAN SWASTA", "PELAJAR/MAHASISWA", "MENGURUS RUMAH TANGGA", "JAKARTA SELATAN", "DKI JAKARTA",
)
ENGLISH = (
    "the", "quick", "brown", "fox", "jumps", "over", "lazy", "dog", "office", "staff", "affluent", "final", "fluffy",
    "Marriage", "certificate", "number", "issued", "MALE", "FEMALE", "CATHOLIC", "Singapore", "valid", "until", "don't",
)
MARKS = list(".,:;!?()[]{}<>/\\|-_+=*&^%$#@~'\"") + ["“", "”", "‘", "’", "—", "©", "®", "€", "£", "°", "é", "ü"]


def faces():
    """Paths of all typefaces, in an order that does not depend on the file system."""
    found = []
    for folder, package in FONT_FOLDERS.items():
        paths = sorted(p for p in (TYPEFACES / folder).rglob("*") if p.suffix.lower() in (".ttf", ".otf"))
        if not paths:
            sys.exit(f"no typefaces in {TYPEFACES / folder}: apt-get install {package}")
        found += paths
    return found


class Lines:
    """Draws lines of text; the same seed draws the same ones."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.noise = np.random.default_rng(seed)
        self.faces = faces()
        words = (CARD_DATA / "words.txt").read_text()
        words = "\n".join(line for line in words.split("\n") if not line.startswith("#"))
        self.words = [word for word in words.replace("|", "\n").split("\n") if word]

    def number(self, digits):
        return "".join(self.rng.choice("0123456789") for _ in range(digits))

    def date(self):
        return f"{self.rng.randint(1, 31):02}-{self.rng.randint(1, 12):02}-{self.rng.randint(1930, 2030)}"

    def word(self):
        rng = self.rng
        kind = rng.random()
        if kind < 0.45:
            word = rng.choice(self.words)
        elif kind < 0.6:
            word = rng.choice(VALUES)
        elif kind < 0.8:
            word = rng.choice(ENGLISH)
        elif kind < 0.92:
            word = self.number(rng.randint(1, 16))
        else:
            word = "".join(rng.choice(MARKS) for _ in range(rng.randint(1, 4)))
        case = rng.random()
        return word.upper() if case < 0.4 else word.title() if case < 0.6 else word.lower() if case < 0.8 else word

    def text(self):
        rng = self.rng
        kind = rng.random()
        if kind < 0.3:
            value = rng.choice([self.number(16), rng.choice(VALUES), f"{self.word()}, {self.date()}", self.date(),
                                f"{self.number(3)}/{self.number(3)}", "JL. " + self.word().upper() + " NO. " + self.number(2)])
            return f"{rng.choice(LABELS)} : {value}" if rng.random() < 0.6 else value
        if kind < 0.36:
            return f"{self.number(2)}.{self.number(3)}.{self.number(3)}.{self.number(1)}-{self.number(3)}.{self.number(3)}"
        if kind < 0.92:
            marked = lambda word: word + rng.choice([",", ".", ":", ";", "?", "!", ")"]) if rng.random() < 0.12 else word
            spaces = "  " if rng.random() < 0.05 else " "
            return spaces.join(marked(self.word()) for _ in range(rng.randint(1, 7)))
        return "".join(rng.choice([*MARKS, *"abcXYZ0189", " "]) for _ in range(rng.randint(1, 24)))

    def picture(self):
        """A line as a photo or a scan may show it."""
        rng = self.rng
        if rng.random() < 0.01:
            return self.without_text()
        size = rng.choice([rng.randint(8, 16), rng.randint(14, 34), rng.randint(14, 34), rng.randint(30, 70), rng.randint(60, 160)])
        font = ImageFont.truetype(str(rng.choice(self.faces)), size)
        text = self.text()
        left, top, right, bottom = font.getbbox(text)
        pad = [rng.randint(0, max(1, size // 3)) for _ in range(4)]
        if rng.random() < 0.05:
            pad = [rng.randint(-size // 4, 0) for _ in range(4)]
        width, height = max(1, right - left + pad[0] + pad[1]), max(1, bottom - top + pad[2] + pad[3])
        width = min(width, 4000)
        is_color = rng.random() < 0.4
        ground = [rng.randint(150, 255) for _ in range(3)]
        ink = [rng.randint(0, 110) for _ in range(3)]
        if rng.random() < 0.12:
            ground, ink = ink, ground
        if not is_color:
            ground, ink = ground[0], ink[0]
        else:
            ground, ink = tuple(ground), tuple(ink)
        picture = Image.new("RGB" if is_color else "L", (width, height), ground)
        if rng.random() < 0.2:
            self.waves(picture)
        ImageDraw.Draw(picture).text((pad[0] - left, pad[2] - top), text, font=font, fill=ink)
        return self.worn(picture)

    def card_line(self):
        """A clean line of a card, as the reader cuts it out."""
        rng = self.rng
        font = ImageFont.truetype(str(rng.choice(self.faces)), rng.randint(22, 34))
        text = f"{rng.choice(LABELS)} : {rng.choice(VALUES)} {self.number(rng.randint(2, 16))}"
        left, top, right, bottom = font.getbbox(text)
        picture = Image.new("L", (right - left + 12, bottom - top + 12), rng.randint(200, 255))
        ImageDraw.Draw(picture).text((6 - left, 6 - top), text, font=font, fill=rng.randint(0, 60))
        return picture

    def waves(self, picture):
        """Lines like those of a card's ground."""
        rng, draw = self.rng, ImageDraw.Draw(picture)
        color = tuple(rng.randint(90, 230) for _ in picture.getbands())
        length, depth = rng.uniform(15, 90), rng.uniform(1, 8)
        for base in range(0, picture.height, rng.randint(4, 14)):
            points = [(x, base + depth * math.sin(x / length + base)) for x in range(0, picture.width, 3)]
            draw.line(points, fill=color if len(color) > 1 else color[0])

    def worn(self, picture):
        rng = self.rng
        if rng.random() < 0.15:
            picture = picture.rotate(rng.uniform(-2.5, 2.5), resample=Image.Resampling.BICUBIC, fillcolor=picture.getpixel((0, 0)))
        if rng.random() < 0.35:
            picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, max(0.4, picture.height / 30))))
        if rng.random() < 0.1:
            scale = rng.uniform(0.4, 2.5)
            size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
            picture = picture.resize(size, rng.choice([Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC]))
        if rng.random() < 0.45:
            pixels = np.asarray(picture, dtype=np.float32)
            pixels = pixels + self.noise.normal(0, rng.uniform(1, 40), pixels.shape)
            picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        if rng.random() < 0.08:
            picture = picture.convert("L").point(lambda value: 255 if value > 128 else 0)
        return picture

    def without_text(self):
        rng = self.rng
        width, height = rng.randint(1, 600), rng.randint(1, 90)
        kind = rng.random()
        if kind < 0.4:
            return Image.new("L", (width, height), rng.randint(0, 255))
        pixels = self.noise.integers(0, 256, (height, width) if kind < 0.7 else (height, width, 3))
        return Image.fromarray(pixels.astype(np.uint8))


def build_oracle(folder):
    oracle = Path(folder) / "oracle"
    source = HERE / "oracle.cpp"
    subprocess.run(
        ["g++", "-O2", "-rdynamic", "-o", oracle, source, "-ltesseract", "-llept", "-ldl"], check=True
    )
    return oracle


def answers(command, paths, environment=None):
    """One JSON object for each path."""
    done = subprocess.run(
        command, input="\n".join(map(str, paths)) + "\n", text=True, stdout=subprocess.PIPE, check=True,
        # More threads would wait for each other, busily, on one core.
        env={**os.environ, "OMP_THREAD_LIMIT": "1", **(environment or {})},
    )
    return [json.loads(line) for line in done.stdout.split("\n") if line]


BATCH = 250


def check(options):
    """Compares many lines; returns how many differ."""
    lines = Lines(options.seed)
    different = done = 0
    with tempfile.TemporaryDirectory() as folder:
        oracle = build_oracle(folder)
        while done < options.count:
            paths = []
            for number in range(done, min(done + BATCH, options.count)):
                path = Path(folder) / f"{number}.png"
                lines.picture().save(path, compress_level=1)
                paths.append(path)
            lang = options.lang[done // BATCH % len(options.lang)]
            theirs = answers([oracle, lang], paths)
            ours = answers([options.lines, "--lang", lang, *engine(options), "-"], paths)
            for path, their, our in zip(paths, theirs, ours, strict=True):
                expected = [their["text"].removesuffix("\n"), their["confidence"]]
                found = [our["text"], our["confidence"]]
                if expected != found:
                    different += 1
                    difference = {"line": path.stem, "lang": lang, "libtesseract": expected, "ours": found}
                    print(json.dumps(difference, ensure_ascii=False), flush=True)
                    if options.keep:
                        options.keep.mkdir(parents=True, exist_ok=True)
                        path.rename(options.keep / path.name)
                path.unlink(missing_ok=True)
            done += len(paths)
            print(f"{done - different} identical, {different} different", file=sys.stderr, flush=True)
    print(f"{done - different} identical, {different} different")
    return different


def engine(options):
    """The example's argument that names an engine."""
    return ["--engine", options.engine] if options.engine else []


# Lines of the fixtures beside those of `Lines`: each shows one thing, and most one way of scaling.
SIZES = {
    "same-height": 36, "half": 72, "quarter": 144, "double": 18, "fourfold": 9, "enlarged": 14, "little-enlarged": 30,
    "little-reduced": 44, "reduced": 60, "much-reduced": 300, "very-high": 1900,
}


def named_pictures():
    """(name, picture) of every fixture."""
    face = str(TYPEFACES / "truetype/liberation/LiberationSans-Regular.ttf")

    def drawn(text, height, mode="L", ground=255, ink=0):
        font = ImageFont.truetype(face, max(5, round(height * 0.7)))
        left, _, right, _ = font.getbbox(text)
        picture = Image.new(mode, (right - left + height // 2, height), ground)
        ImageDraw.Draw(picture).text((height // 4, height // 2), text, font=font, fill=ink, anchor="lm")
        return picture

    for name, height in SIZES.items():
        text = "NIK" if height > 200 else "Nama : BUDI SANTOSO"
        yield name, drawn(text, height, ground=230, ink=20)
        if height < 200:
            yield f"{name}-color", drawn(text, height, "RGB", (250, 236, 200), (30, 40, 120))
    yield "inverted", drawn("Berlaku Hingga : SEUMUR HIDUP", 40, ground=20, ink=240)
    yield "inverted-color", drawn("PROVINSI DKI JAKARTA", 30, "RGB", (20, 60, 20), (250, 240, 160))
    yield "wide", drawn("Jl. Merdeka No. 17, Kel. Gambir, Kec. Gambir, Jakarta Pusat, DKI Jakarta 10110 " * 2, 28)
    yield "tiny", drawn("RT/RW : 001/002", 8)
    yield "ligatures", drawn("Office staff: affluent, final, fluffy", 40)
    yield "marks", drawn("(021) 555-1234; 50% @ #7 & <x>", 34)
    yield "white", Image.new("L", (120, 36), 255)
    yield "black", Image.new("L", (90, 20), 0)
    yield "two-pixels", Image.new("L", (2, 36), 128)
    yield "three-pixels", Image.new("L", (3, 36), 128)
    noise = np.random.default_rng(5)
    yield "noise", Image.fromarray(noise.integers(0, 256, (30, 110), dtype=np.uint8))
    yield "noise-color", Image.fromarray(noise.integers(0, 256, (40, 90, 3), dtype=np.uint8))
    lines = Lines(20)
    small = (picture for picture in iter(lines.picture, None) if picture.width * picture.height < 12_000)
    for number, picture in zip(range(24), small):
        yield f"drawn-{number:02}", picture


def tiny_model():
    """A model of a few hundred weights with everything that the loader knows: a dictionary, and a character of three
    outputs. Its weights are random, and so is what it reads."""
    rng = random.Random(3)

    def text(value):
        return struct.pack("<I", len(value)) + value.encode()

    def layer(kind, inputs, outputs, body):
        header = b"\0" + text(kind) + b"\0\0" + struct.pack("<iiii", 0, inputs, outputs, 0) + text(kind.lower())
        return header + body

    def weights(outputs, inputs):
        values = bytes(rng.randint(-127, 127) & 255 for _ in range(outputs * (inputs + 1)))
        scales = b"".join(struct.pack("<d", rng.uniform(0.005, 0.03)) for _ in range(outputs))
        return struct.pack("<BIIb", 129, outputs, inputs + 1, 0) + values + struct.pack("<I", outputs) + scales

    def lstm(kind, inputs, states):
        gates = b"".join(weights(states, inputs + states) for _ in range(4))
        return layer(kind, inputs, states, struct.pack("<i", inputs + states) + gates)

    def within(kind, inputs, outputs, *layers):
        return layer(kind, inputs, outputs, struct.pack("<I", len(layers)) + b"".join(layers))

    convolution = within("Series", 1, 3, layer("Convolve", 1, 9, struct.pack("<ii", 1, 1)), layer("Tanh", 9, 3, weights(3, 9)))
    network = within(
        "Series", 12, 5, layer("Input", 12, 1, struct.pack("<iiiii", 1, 12, 0, 1, 1)), convolution,
        layer("Maxpool", 3, 3, struct.pack("<ii", 3, 3)), within("XYTranspose", 3, 5, lstm("SummLSTM", 3, 5)),
        lstm("LSTM", 5, 4), within("RTLReversed", 4, 6, lstm("LSTM", 4, 6)), layer("Softmax", 6, 5, weights(5, 6)),
    )
    null = 4
    network += text("") + struct.pack("<iiiifff", 65, 0, 7, null, 0, 0, 0)
    unicharset = "6\nNULL 0 Common 0\nJoined 7 Latin 1\n|Broken|0|1 f Common 2\na 3 Latin 3\nb 3 Latin 4\nbab 3 Latin 5\n"
    # Space, Joined, the null, a, b, and one that is written b, a, b.
    codes = [[0], [3], [null], [1], [2], [2, 1, 2]]
    recoder = struct.pack("<I", len(codes))
    for code in codes:
        recoder += struct.pack(f"<bi{len(code)}i", 1, len(code), *code)

    def dawg(*edges):
        # Three bits for a character; flags: the last edge of its node, and the end of a word.
        packed = (letter | last << 3 | end << 5 | node << 6 for letter, node, last, end in edges)
        return struct.pack(f"<hii{len(edges)}Q", 42, 6, len(edges), *packed)

    components = {
        17: network, 18: dawg((0, 0, 1, 1)), 19: dawg((3, 2, 0, 1), (4, 0, 1, 1), (4, 3, 1, 1), (3, 2, 1, 0)),
        20: dawg((0, 0, 1, 1)), 21: unicharset.encode(), 22: recoder, 23: b"5.3.0",
    }
    offset = 4 + 8 * 24
    table = struct.pack("<I", 24)
    for slot in range(24):
        table += struct.pack("<q", offset if slot in components else -1)
        offset += len(components.get(slot, b""))
    return table + b"".join(components[slot] for slot in sorted(components))


def fixtures():
    """Writes pictures and what libtesseract says of them."""
    FIXTURES.mkdir(parents=True, exist_ok=True)
    (FIXTURES / "tiny.traineddata").write_bytes(tiny_model())
    pictures = FIXTURES / "lines"
    pictures.mkdir(parents=True, exist_ok=True)
    for path in pictures.glob("*.png"):
        path.unlink()
    paths = []
    for name, picture in named_pictures():
        paths.append(pictures / f"{name}.png")
        picture.save(paths[-1], optimize=True)
    with tempfile.TemporaryDirectory() as folder:
        oracle = build_oracle(folder)
        rows = []
        for lang in ("ind", "eng", "ind+eng", "tiny"):
            environment = {"TESSDATA_PREFIX": FIXTURES} if lang == "tiny" else {}
            for answer in answers([oracle, lang], paths, environment):
                answer["file"] = Path(answer["file"]).name
                answer["text"] = answer["text"].removesuffix("\n")
                rows.append(json.dumps({"lang": lang, **answer}, ensure_ascii=False))
    (FIXTURES / "answers.jsonl").write_text("\n".join(rows) + "\n")


def time(options):
    """Lines a second of one core, cropped beforehand, without reading files and loading models."""
    lines = Lines(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        oracle = build_oracle(folder)
        paths = []
        for number in range(options.count):
            paths.append(Path(folder) / f"{number}.png")
            lines.card_line().save(paths[-1])
        rates = {}
        for _ in range(options.rounds):
            theirs = answers([oracle, options.lang, "--time", "1"], paths)
            rates.setdefault("libtesseract", []).append(theirs[0]["lines"] / theirs[0]["seconds"])
            for name in options.engine or ["avx512-vnni", "avx2", "portable"]:
                ours = answers([options.lines, "--lang", options.lang, "--engine", name, "--time", "-"], paths)
                rates.setdefault(name, []).append(ours[0]["lines"] / ours[0]["seconds"])
    base = sorted(rates["libtesseract"])[len(rates["libtesseract"]) // 2]
    print("| engine | lines/s of one core | times libtesseract |\n|---|---|---|")
    for name, values in rates.items():
        rate = sorted(values)[len(values) // 2]
        print(f"| {name} | {rate:.0f} | {rate / base:.1f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check")
    checking.add_argument("--lines", required=True, help="the crate's example, built")
    checking.add_argument("--lang", action="append", help="may be given several times (default ind, eng, ind+eng)")
    checking.add_argument("--count", type=int, default=10000)
    checking.add_argument("--seed", type=int, default=1)
    checking.add_argument("--engine")
    checking.add_argument("--keep", type=Path, metavar="DIR", help="keep pictures of lines that differ")
    commands.add_parser("fixtures")
    timing = commands.add_parser("time")
    timing.add_argument("--lines", required=True, help="the crate's example, built")
    timing.add_argument("--lang", default="ind")
    timing.add_argument("--count", type=int, default=300)
    timing.add_argument("--seed", type=int, default=1)
    timing.add_argument("--rounds", type=int, default=5)
    timing.add_argument("--engine", action="append", help="may be given several times (default: those of x86-64)")
    options = parser.parse_args()
    if options.command == "check":
        options.lang = options.lang or ["ind", "eng", "ind+eng"]
        sys.exit(1 if check(options) else 0)
    elif options.command == "fixtures":
        fixtures()
    else:
        time(options)


if __name__ == "__main__":
    main()
