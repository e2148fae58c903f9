"""How many forgeries of each kind are caught, and how many honest pictures are suspected: counts as Markdown.

Owns the set and the tables of `accuracy.py --forgeries`. Draws with `cardgen.forgeries`; runs no program.
"""

import collections
import json
from multiprocessing import Pool

import board
from cardgen import forgeries

SIGNS = {
    "drawing": "drawing_suspected",
    "screen": "screen_suspected",
    "copy": "copy_suspected",
    "edit": "edit_suspected",
}
# Honest pictures of each treatment for one forgery of each kind: a bar of two percent needs many.
HONEST_FOR_ONE = 4
BAR = 2


def jobs(seed, count):
    """(seed, index, kind, style) of every picture; both sets of styles take turns."""
    kinds = [(kind, count) for family in forgeries.KINDS.values() for kind in family]
    kinds += [(kind, HONEST_FOR_ONE * count) for kind in forgeries.HONEST]
    return [
        (seed, index, kind, ("tuned", "held-out")[index % 2]) for kind, many in kinds for index in range(many)
    ]


def draw(job):
    """One picture, in a worker process."""
    *arguments, folder = job
    name, data, truth = forgeries.sample(*arguments)
    (folder / name).write_bytes(data)
    return truth


def generate(folder, seed, count, processes, progress):
    """Draw the set into a folder, with its truth."""
    folder.mkdir(parents=True, exist_ok=True)
    work = [(*job, folder) for job in jobs(seed, count)]
    with Pool(processes) as pool, (folder / "truth.jsonl").open("w", encoding="utf-8") as file:
        for done, truth in enumerate(pool.imap(draw, work), 1):
            file.write(json.dumps(truth, ensure_ascii=False) + "\n")
            progress(f"drawn {done}/{len(work)}", done == len(work))


class Count:
    """Pictures of one kind by what was said of them."""

    def __init__(self):
        self.total = self.any = self.approved = 0
        self.signs = collections.Counter()

    def add(self, answer):
        """Count one answer of the reader."""
        found = set(answer.get("reasons", [])) & set(SIGNS.values())
        self.total += 1
        self.any += bool(found)
        self.approved += answer.get("decision") == "auto_approve"
        self.signs.update(found)


def tables(truths, answers):
    """Lines of Markdown."""
    kinds, honest = collections.defaultdict(Count), Count()
    suspected = []
    for truth in truths:
        answer = answers[truth["file"]]
        kinds[truth["treatment"]].add(answer)
        if not truth["forgery"]:
            honest.add(answer)
            if set(answer.get("reasons", [])) & set(SIGNS.values()):
                suspected.append(truth["file"])

    def row(kind):
        count = kinds[kind]
        signs = [count.signs[sign] or "" for sign in SIGNS.values()]
        return [
            kind,
            count.total,
            *signs,
            f"{count.any} ({100 * count.any / count.total:.0f} %)",
            count.approved,
        ]

    head = [*SIGNS.values(), "any sign", "approved"]
    yield from board.table(
        ["forgery", "pictures", *head], [row(k) for f in forgeries.KINDS.values() for k in f if k in kinds]
    )
    yield from board.table(
        ["honest", "pictures", *head], [row(kind) for kind in forgeries.HONEST if kind in kinds]
    )
    if honest.total:
        low, high = board.likely(honest.any, honest.total)
        yield (
            f"Honest pictures with any sign: {honest.any} of {honest.total} ({100 * honest.any / honest.total:.1f} %, "
            f"95 % interval {100 * low:.1f} to {100 * high:.1f}), bar at most {BAR} %."
        )
        yield ""
    if suspected:
        yield f"Honest and suspected: {', '.join(suspected)}"
