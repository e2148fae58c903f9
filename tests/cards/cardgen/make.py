"""One sample from (seed, index): what is decided by chance, and the truth that goes with the picture."""

import random
import zlib

import numpy as np
from independent import sample as independent

from . import camera, families, files, ktp, negatives, npwp, people, photo, styles, varieties

KINDS = ("ktp", "npwp", "negative")
DIFFICULTIES = ("T0", "T1", "T2", "T3")


def sample(
    seed,
    index,
    kind="mixed",
    difficulty="mixed",
    inconsistent=0.1,
    pdf=0.0,
    faces="wide",
    foreign=0.02,
    turns=None,
    plain=False,
    style="tuned",
    family=None,
    variety=None,
):
    """(file name, bytes, truth) of one sample. The same arguments always give the same bytes.

    `family` is the name of one of `families.ALL`, which then decides what `mixed` means.
    """
    if family and families.ALL[family].independent:
        return independent.sample(families.ALL[family].independent, seed, index, kind, difficulty)
    if family:
        return _of_family(families.ALL[family], seed, index, kind, difficulty, style, faces == "core")
    tag = "" if style == "tuned" else f"/{style}"
    rng = random.Random(f"{seed}/{index}/{kind}/{difficulty}{tag}")
    nrng = np.random.default_rng([seed, index, len(tag)] if tag else [seed, index])
    style = styles.named(style, faces == "core")
    if kind == "mixed":
        kind = rng.choices(KINDS, [60, 30, 10])[0]
    if difficulty == "mixed":
        difficulty = rng.choices(DIFFICULTIES, [25, 30, 30, 15])[0]
    contradiction = ""
    if kind == "ktp" and rng.random() < inconsistent:
        contradiction = rng.choice(["birthDate", "gender"])
    if kind == "negative":
        picture, what = negatives.draw(rng, nrng, style)
        truth = {
            "kind": "negative",
            "difficulty": "NEG",
            "inconsistent": False,
            "fields": {},
            "layout": {"style": what},
        }
    else:
        card, boxes, truth = _card(rng, nrng, kind, style, contradiction, rng.random() < foreign, plain, variety)
        take = camera.take if style.held_out else photo.take
        picture, corners, quarter, tilt, traits = take(rng, nrng, card, difficulty, turns)
        truth |= {
            "difficulty": difficulty,
            "corners": [[round(x, 1), round(y, 1)] for x, y in corners],
            "rotation": quarter * 90,
            "tilt": round(tilt, 2),
        }
        truth["layout"]["boxes"] = boxes
        truth["traits"] |= {k: v for k, v in traits.items() if v}
    stem = f"{kind}_{index:04}"
    name, data, how = _encode(rng, picture, stem, truth["difficulty"], pdf, style.held_out)
    return name, data, {"file": name} | truth | how


def _of_family(family, seed, index, kind, difficulty, style, core):
    """As `sample`: a consistent card of this family."""
    tag = f"{family.name}/{style}"
    rng = random.Random(f"{seed}/{index}/{kind}/{difficulty}/{tag}")
    nrng = np.random.default_rng([seed, index, zlib.crc32(tag.encode())])
    style = styles.named(style, core)
    if kind == "mixed":
        kind = "npwp" if rng.random() < family.npwp else "ktp"
    if difficulty == "mixed":
        difficulty = rng.choices(list(family.levels), list(family.levels.values()))[0]
    card, boxes, truth = _card(rng, nrng, kind, style, "", False, False, family=family, index=index)
    if family.card:
        card = family.card(rng, nrng, card, boxes)
    take = family.take or _usual
    picture, corners, quarter, tilt, traits = take(rng, nrng, card, difficulty, style)
    truth["traits"] |= {k: v for k, v in traits.items() if v}
    if family.picture:
        picture, corners = family.picture(rng, picture, corners, truth["traits"], index)
    human = truth["traits"].pop("human", False)
    truth |= {
        "family": family.name,
        "difficulty": difficulty,
        "corners": [[round(x, 1), round(y, 1)] for x, y in corners],
        "rotation": quarter * 90,
        "tilt": round(tilt, 2),
    }
    truth["layout"]["boxes"] = boxes
    stem = f"{family.name}_{kind}_{index:04}"
    if family.encode:
        (name, data), how = family.encode(rng, picture, stem), {"size": list(picture.size)}
    else:
        name, data, how = _encode(rng, picture, stem, difficulty, 0.0, style.held_out)
    marks = {"human": human, "incomplete": "_half." in name}
    return name, data, {"file": name} | truth | how | {mark: True for mark, is_so in marks.items() if is_so}


def _usual(rng, nrng, card, difficulty, style):
    """A photograph or a scan as the other sets have them."""
    return (camera.take if style.held_out else photo.take)(rng, nrng, card, difficulty)


def _card(rng, nrng, kind, style, contradiction, foreign, plain, variety=None, family=None, index=0):
    """(card, boxes, the part of the truth that the card gives)."""
    if kind == "ktp":
        someone = people.person(rng, contradiction, foreign, plain)
        if not plain:
            _rarities(rng, someone, style)
            varieties.vary(someone, variety)
        run = ktp.print_run(rng, style, plain) | varieties.scheme(someone)
        if family and family.run:
            family.run(rng, index, run, someone)
        card, boxes = ktp.draw(rng, nrng, someone, run)
        layout = {
            "style": "ktp",
            "family": run["family"],
            "nikFace": run["nik_face"],
            "bold": run["bold_values"],
            "nikX": round(run["nik_x"], 4),
            "nikPitch": round(run["nik_pitch"], 5),
        }
        if family:
            layout["valueX"] = round(run["value_x"], 4)
        if "ground_family" in run:
            layout |= {"ground": run["ground_family"], "colons": run["colons"], "labels": run["caps"]}
        truth = {
            "kind": "KTP",
            "inconsistent": bool(contradiction),
            "fields": someone.fields,
            "layout": layout,
            "traits": {k: v for k, v in someone.traits.items() if v},
        }
        if contradiction:
            truth["contradiction"] = contradiction
        return card, boxes, truth
    age = rng.choice(["old", "new"])
    return npwp_card(rng, nrng, age, style, plain)


def _rarities(rng, someone, style):
    """What few cards have: a blank blood group; held-out, long names and a Jakarta header without `KOTA`."""
    fields = someone.fields
    if rng.random() < 0.03:
        fields.pop("bloodType")
    if not style.held_out:
        return
    while "," not in fields["name"] and (rng.random() < 0.08 or 26 < len(fields["name"]) < 32):
        fields["name"] += " " + rng.choice(people.words()["last"])
    if fields["province"] == "DKI JAKARTA" and rng.random() < 0.5:
        fields["regency"] = people.short(fields["regency"])


def npwp_card(rng, nrng, age, style, plain=False):
    """An NPWP of a given layout, `old` or `new`."""
    fields, extra = npwp.invent(rng, age, plain)
    card, boxes = npwp.draw(rng, nrng, age, fields, extra, style, plain)
    layout = {"style": f"npwp-{age}"} | {k: extra[k] for k in ("nitku", "npwp16") if k in extra}
    return (
        card,
        boxes,
        {"kind": "NPWP", "inconsistent": False, "fields": fields, "layout": layout, "traits": {}},
    )


def _encode(rng, picture, stem, difficulty, pdf, held_out):
    """(name, bytes, what the truth should say of the encoding)."""
    levels = camera.LEVELS if held_out else photo.LEVELS
    low, high = levels[difficulty]["quality"] if difficulty in levels else (84, 95)
    if difficulty == "NEG":
        low, high = 50, 92
    quality = rng.randint(low, high)
    as_pdf, as_png, orientation = (
        rng.random() < pdf,
        rng.random() < 0.06,
        rng.choice([6, 8, 3]) if rng.random() < 0.04 else 1,
    )
    if as_pdf:
        data = files.jpeg(picture, quality)
        return f"{stem}.pdf", files.pdf(data, picture.size), {"size": list(picture.size)}
    if as_png:
        data = files.png(picture)
        if data:
            return f"{stem}.png", data, {"size": list(picture.size)}
    stored = picture
    if orientation != 1:
        # Stored turned; the tag turns it back, and the truth's corners are those of the turned-back picture.
        stored = picture.rotate({6: 90, 8: 270, 3: 180}[orientation], expand=True)
    return (
        f"{stem}.jpg",
        files.jpeg(stored, quality, orientation),
        {"size": list(picture.size)} | ({"exif": orientation} if orientation != 1 else {}),
    )
