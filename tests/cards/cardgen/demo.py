"""The demonstration set: few files, fixed seeds, and what the product should decide for each."""

import json
import random

import numpy as np

from . import files, fonts, ktp, make, negatives, people, photo, styles

SEED = 20260


def _ktp(tag, difficulty, contradiction=""):
    """A plain KTP, printed like the commonest run, photographed at this difficulty."""
    rng, nrng = random.Random(f"demo/{tag}"), np.random.default_rng([SEED, len(tag), ord(tag[-1])])
    someone = people.person(rng, contradiction, plain=True)
    card, boxes = ktp.draw(rng, nrng, someone, ktp.print_run(rng, styles.tuned(fonts.CORE), plain=True))
    picture, *_ = photo.take(rng, nrng, card, difficulty, 0, "border" if difficulty == "T0" else "wood")
    return picture, "KTP", someone.fields


def _npwp(tag, style):
    """An NPWP scan."""
    rng, nrng = random.Random(f"demo/{tag}"), np.random.default_rng([SEED, len(tag)])
    card, _, truth = make.npwp_card(rng, nrng, style, styles.tuned(["liberation"]), plain=True)
    picture, *_ = photo.take(rng, nrng, card, "T0", 0, "border")
    return picture, "NPWP", truth["fields"]


def _receipt():
    """A till receipt."""
    rng, nrng = random.Random("demo/receipt"), np.random.default_rng([SEED, 99])
    return negatives.draw(rng, nrng, styles.tuned(["liberation"]), "receipt")[0]


def items():
    """(file, document type claimed, expected outcome, fields or None, why, bytes)."""
    picture, kind, fields = _ktp("ktp-scan", "T0")
    scan = files.jpeg(picture, 92)
    yield "ktp-scan.jpg", kind, "approved", fields, "a clean scan", scan
    picture, kind, fields = _ktp("ktp-photo", "T1")
    yield "ktp-photo.jpg", kind, "approved", fields, "a good telephone photograph", files.jpeg(picture, 90)
    picture, kind, fields = _npwp("npwp-old", "old")
    yield "npwp-old.jpg", kind, "approved", fields, "the yellow layout, 15 digits", files.jpeg(picture, 92)
    picture, kind, fields = _npwp("npwp-fresh", "new")
    yield (
        "npwp-new.png" if files.png(picture) else "npwp-new.jpg",
        kind,
        "approved",
        fields,
        "the white layout, 16 digits",
        (files.png(picture) or files.jpeg(picture, 92)),
    )
    picture, kind, fields = _ktp("ktp-page", "T0")
    yield (
        "ktp-page.pdf",
        kind,
        "approved",
        fields,
        "a scan in a PDF of one page",
        files.pdf(files.jpeg(picture, 92), picture.size),
    )
    picture, kind, fields = _ktp("ktp-contradiction", "T0", "birthDate")
    yield (
        "ktp-contradiction.jpg",
        kind,
        "reviewed",
        fields,
        "the NIK says another birth date than the card",
        files.jpeg(picture, 92),
    )
    yield "receipt.jpg", "KTP", "rejected", None, "a till receipt, no card", files.jpeg(_receipt(), 85)
    yield (
        "corrupt.jpg",
        "KTP",
        "failed",
        None,
        "a JPEG with a valid header and no picture behind it",
        corrupt(scan),
    )


def corrupt(data):
    """A JPEG whose frame header is whole, and whose code tables and picture data are gone.

    The product's decoder refuses it. Cutting the data short would not do: tolerant decoders fill the
    rest with grey. (Decoders that supply standard tables, as libjpeg does, show noise.)
    """
    out, at = bytearray(data[:2]), 2
    while True:
        marker, end = data[at + 1], at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker != 0xC4:
            out += data[at:end]
        at = end
        if marker == 0xDA:
            break
    noise = np.random.default_rng(SEED).integers(0, 255, 2000, dtype=np.uint8).tobytes()
    return bytes(out) + noise + b"\xff\xd9"


def write(out, progress=None):
    """Write the files and manifest.json to the folder."""
    write_all(out, items(), progress)


def write_all(out, cards, progress=None):
    """Write these files, and a manifest.json of them, to the folder."""
    manifest = []
    for name, kind, expected, fields, why, data in cards:
        (out / name).write_bytes(data)
        manifest.append(
            {"file": name, "documentType": kind, "expected": expected, "why": why, "fields": fields or {}}
        )
        if progress:
            print(f"{name}: {len(data)} bytes, expected {expected}", file=progress, flush=True)
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")
