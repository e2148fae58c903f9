"""Cards of a forger: three people, and for each what may be sent in their name. Few files, fixed seeds."""

import random

import numpy as np

from . import demo, files, fonts, ktp, npwp, people, photo, styles

SEED = 20261
PEOPLE = "abc"


def _serial(nik, by):
    """The same NIK with another serial: valid, and nobody's."""
    return f"{nik[:12]}{(int(nik[12:]) + by - 1) % 9999 + 1:04}"


def _other_day(nik):
    """The same NIK with another day of birth than the card has."""
    day = int(nik[6:8])
    return f"{nik[:6]}{day + (1 if day % 40 < 20 else -1):02}{nik[8:]}"


def _ktp(tag):
    """A function that prints and scans one KTP with these numbers; everything else is the same to the pixel."""
    rng, nrng = random.Random(f"adversary/{tag}"), np.random.default_rng([SEED, ord(tag)])
    someone = people.person(rng, plain=True)
    run = ktp.print_run(rng, styles.tuned(fonts.CORE), plain=True)
    states = rng.getstate(), nrng.bit_generator.state

    def scan(number):
        rng.setstate(states[0])
        nrng.bit_generator.state = states[1]
        own, someone.fields["nik"] = someone.fields["nik"], number
        card, _ = ktp.draw(rng, nrng, someone, run)
        fields, someone.fields["nik"] = dict(someone.fields), own
        picture, *_ = photo.take(rng, nrng, card, "T0", 0, "border")
        return picture, fields

    return someone, scan


def _npwp(tag, holder):
    """A scan of the white NPWP card of somebody whose KTP has these fields."""
    rng, nrng = random.Random(f"adversary/npwp/{tag}"), np.random.default_rng([SEED, ord(tag), 2])
    fields, extra = npwp.invent(rng, "new", plain=True)
    fields |= {"name": holder["name"], "npwpNumber": holder["nik"], "nik": holder["nik"]}
    card, _ = npwp.draw(rng, nrng, "new", fields, extra, styles.tuned(["liberation"]), plain=True)
    picture, *_ = photo.take(rng, nrng, card, "T0", 0, "border")
    return picture, fields


def items():
    """(file, document type, what is expected of it if nothing is known of its sender, fields, why, bytes)."""
    for tag in PEOPLE:
        someone, scan = _ktp(tag)
        own = someone.fields["nik"]
        genuine, fields = scan(own)
        yield f"{tag}-genuine.jpg", "KTP", "approved", fields, "a clean scan", files.jpeg(genuine, 92)
        yield f"{tag}-again.jpg", "KTP", "approved", fields, "the same picture, saved again", files.jpeg(genuine, 80)
        forged, fields = scan(_other_day(own))
        yield (
            f"{tag}-forged.jpg",
            "KTP",
            "reviewed",
            fields,
            "the NIK says another birth date than the card",
            files.jpeg(forged, 92),
        )
        forged, fields = scan(_serial(own, 1234))
        yield f"{tag}-renumbered.jpg", "KTP", "approved", fields, "a valid NIK of nobody", files.jpeg(forged, 92)
        card, fields = _npwp(tag, someone.fields)
        yield f"{tag}-npwp.jpg", "NPWP", "approved", fields, "a clean scan", files.jpeg(card, 92)


def write(out, progress=None):
    """Write the files and manifest.json to the folder."""
    demo.write_all(out, items(), progress)
