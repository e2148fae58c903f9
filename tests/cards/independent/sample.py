"""One sample of an independent family from (seed, index): who is on the card, who draws it, how it is taken."""

import io
import random
import zlib

import numpy as np
from cardgen import fonts, npwp, people
from PIL import Image

from . import optics, press, vector

RENDERERS = {"vector": vector.sheet, "press": press.sheet}


def check():
    """Raise `fonts.MissingFonts` unless every typeface is there."""
    fonts.require([*vector.FONTS.values(), *press.FACES.values(), *press.NUMBERS.values()])


def sample(renderer, seed, index, kind="mixed", difficulty="mixed"):
    """(file name, bytes, truth) of one consistent card. The same arguments always give the same bytes."""
    rng = random.Random(f"{renderer}/{seed}/{index}/{kind}/{difficulty}")
    nrng = np.random.default_rng([seed, index, zlib.crc32(renderer.encode())])
    kind = rng.choices(["ktp", "npwp"], [65, 35])[0] if kind == "mixed" else kind
    if difficulty == "mixed":
        difficulty = rng.choices(["T0", "T1", "T2", "T3"], [30, 30, 25, 15])[0]
    person, content = None, None
    if kind == "ktp":
        person = people.person(rng)
        fields, traits = person.fields, {k: v for k, v in person.traits.items() if v}
    else:
        age = rng.choice(["old", "new"])
        fields, extra = npwp.invent(rng, age)
        content, traits = (age, fields, extra), {}
    sheet, boxes, layout = RENDERERS[renderer](rng, nrng, kind, person, content)
    if difficulty == "T0":
        picture, corners, roll, seen = optics.scanned(rng, nrng, sheet)
        quality, subsampling = rng.randint(82, 95), rng.choice([0, 2])
    else:
        picture, corners, roll, seen = optics.photograph(rng, nrng, sheet, difficulty)
        level = optics.LEVELS[difficulty]
        quality, subsampling = rng.randint(*level.quality), 2 if rng.random() < level.subsampled else 0
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=quality, subsampling=subsampling)
    name = f"{renderer}_{kind}_{index:04}.jpg"
    truth = {
        "file": name,
        "kind": kind.upper(),
        "family": renderer,
        "inconsistent": False,
        "fields": fields,
        "layout": layout | {"boxes": boxes},
        "traits": traits | {k: v for k, v in seen.items() if v},
        "difficulty": difficulty,
        "corners": [[round(float(v), 1) for v in corner] for corner in corners],
        "rotation": 0,
        "tilt": round(roll, 2),
        "size": [picture.shape[1], picture.shape[0]],
    }
    return name, out.getvalue(), truth
