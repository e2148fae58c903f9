"""How far the hashes of one picture, altered, and of different cards lie apart: counts as Markdown.

Owns the set and the tables of `accuracy.py --pictures`. Prints each card once and takes it in several ways; runs no program.
"""

import io
import json
import random
from multiprocessing import Pool

import board
import numpy as np
from cardgen import files, fonts, ktp, make, people, photo, styles
from PIL import Image

# Two hashes that differ in at most this many bits are of one picture: `PictureHash::SAME_WITHIN`.
WITHIN = 7
ALTERED = {
    "scan": "the scan itself",
    "saved": "saved again at 70 % of its size, JPEG quality 55",
    "numbers": "another number and date of birth printed",
    "renamed": "and another name",
    "photo": "photographed (T1)",
    "typical": "photographed (T2)",
}


def jobs(seed, count):
    """(seed, index, kind) of every card; every other one is of one print run."""
    return [(seed, index, kind) for kind in ("ktp", "npwp") for index in range(count)]


def _taken(tag, card, difficulty):
    """A picture of the card, as JPEG."""
    rng, nrng = random.Random(tag), np.random.default_rng(list(tag.encode()))
    picture, *_ = photo.take(rng, nrng, card, difficulty, 0, "border" if difficulty == "T0" else None)
    return files.jpeg(picture, 90)


def _smaller(data):
    """The same picture, smaller and coarser."""
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    picture = picture.resize((picture.width * 7 // 10, picture.height * 7 // 10), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=55)
    return out.getvalue()


def _ktps(rng, nrng, plain):
    """The card, with another number and date, and with another name besides; the same to the pixel otherwise."""
    someone, other = people.person(rng, plain=plain), people.person(rng, plain=plain)
    drawn = random.Random("one run") if plain else rng
    run = ktp.print_run(drawn, styles.tuned(fonts.CORE), plain=plain)
    states = rng.getstate(), nrng.bit_generator.state
    for changed in ((), ("nik", "birthDate"), ("nik", "birthDate", "name")):
        someone.fields.update({name: other.fields[name] for name in changed})
        rng.setstate(states[0])
        nrng.bit_generator.state = states[1]
        yield ktp.draw(rng, nrng, someone, run)[0]


def draw(job):
    """The pictures of one card, in a worker process."""
    seed, index, kind, folder = job
    tag = f"pictures/{seed}/{kind}/{index}"
    rng, nrng = random.Random(tag), np.random.default_rng(list(tag.encode()))
    plain = index % 2 == 0
    if kind == "ktp":
        card, numbers, renamed = _ktps(rng, nrng, plain)
        altered = {"numbers": _taken(tag, numbers, "T0"), "renamed": _taken(tag, renamed, "T0")}
    else:
        faces = styles.tuned(["liberation"] if plain else fonts.CORE)
        card, altered = make.npwp_card(rng, nrng, "old" if index % 4 < 2 else "new", faces, plain)[0], {}
    scan = _taken(tag, card, "T0")
    taken = {"scan": scan, "saved": _smaller(scan), **altered}
    taken |= {"photo": _taken(f"{tag}/1", card, "T1"), "typical": _taken(f"{tag}/2", card, "T2")}
    truths = []
    for how, data in taken.items():
        name = f"{kind}_{index:04}_{how}.jpg"
        (folder / name).write_bytes(data)
        truths.append({"file": name, "kind": kind.upper(), "card": index, "taken": how})
    return truths


def generate(folder, seed, count, processes, progress):
    """Draw the set into a folder, with its truth."""
    folder.mkdir(parents=True, exist_ok=True)
    work = [(*job, folder) for job in jobs(seed, count)]
    with Pool(processes) as pool, (folder / "truth.jsonl").open("w", encoding="utf-8") as file:
        for done, truths in enumerate(pool.imap(draw, work), 1):
            file.writelines(json.dumps(truth) + "\n" for truth in truths)
            progress(f"drawn {done}/{len(work)}", done == len(work))


def _hash(answer):
    return int(answer["picture_hash"], 16) if answer.get("picture_hash") else None


def _distances(pairs):
    return sorted((a ^ b).bit_count() for a, b in pairs if a is not None and b is not None)


def _row(what, distances):
    if not distances:
        return [what, 0, "", "", "", ""]
    at = lambda share: distances[min(len(distances) - 1, int(share * len(distances)))]  # noqa: E731
    same = sum(distance <= WITHIN for distance in distances)
    share = f"{100 * same / len(distances):.2f} %"
    return [what, len(distances), distances[0], at(0.5), distances[-1], f"{same} ({share})"]


def tables(truths, answers):
    """Lines of Markdown."""
    for kind in ("KTP", "NPWP"):
        hashes = {}
        for truth in truths:
            # A picture that was read as another kind of card, or as none, has a hash of other places.
            answer = answers[truth["file"]]
            if truth["kind"] == kind and answer.get("kind") == kind:
                hashes[truth["card"], truth["taken"]] = _hash(answer)
        cards = sorted({card for card, _ in hashes})
        rows = [
            _row(
                ALTERED[how],
                _distances([(hashes.get((card, "scan")), hashes.get((card, how))) for card in cards]),
            )
            for how in ALTERED
            if how != "scan" and any(taken == how for _, taken in hashes)
        ]
        honest = [card for card in cards if (card, "scan") in hashes]
        every = ("scan", "photo", "typical")
        others = [
            (hashes.get((one, how)), hashes.get((two, again)))
            for one in honest
            for two in honest
            if one < two
            for how in every
            for again in every
        ]
        rows.append(_row("of two different cards, however taken", _distances(others)))
        run = [
            (hashes[one, "scan"], hashes[two, "scan"])
            for one in honest
            for two in honest
            if one < two and one % 2 == two % 2 == 0
        ]
        rows.append(_row("scans of two different cards of one print run", _distances(run)))
        yield from board.table(
            [f"{kind}: bits between a scan and the same picture", "pairs", "least", "median", "most", f"at most {WITHIN}"],
            rows,
        )
