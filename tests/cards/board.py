"""Counts readings against the truth and formats the counts as Markdown. Opens no file and runs no program."""

import collections
import math

CRITICAL = {"KTP": ("nik", "name", "birthDate"), "NPWP": ("npwpNumber", "name")}
KTP_FIELDS = (
    "nik", "name", "birthPlace", "birthDate", "gender", "bloodType", "address", "rtRw", "village", "district",
    "religion", "maritalStatus", "occupation", "citizenship", "validUntil", "province", "regency",
)  # fmt: skip
NPWP_FIELDS = ("npwpNumber", "name", "nik", "address")
LEVELS = ("T0", "T1", "T2", "T3")
BINS = (0.0, 0.5, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1.01)
# The share that each level must reach, in percent.
BARS = {
    "KTP critical fields all right": (97, 95, 80, None),
    "KTP all 17 fields": (97, 93, 80, None),
    "NIK alone": (99, 98, 95, 75),
    "NPWP critical fields all right": (97, 95, 85, None),
}


def distance(a, b):
    """The Levenshtein distance of two texts."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def likely(right, total, z=1.96):
    """The Wilson interval (low, high) of a share, 95 % for this z."""
    if not total:
        return 0.0, 1.0
    p, n = right / total, total
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - reach), min(1.0, middle + reach)


class Tally:
    """Right values among all values, and edits among all characters."""

    def __init__(self):
        self.right = self.total = self.edits = self.length = 0

    def add(self, good, edits=0, length=0):
        """Count one."""
        self.right += bool(good)
        self.total += 1
        self.edits += edits
        self.length += length

    def merge(self, other):
        """Count what another counted."""
        self.right += other.right
        self.total += other.total
        self.edits += other.edits
        self.length += other.length

    def share(self, digits=0):
        """The share in percent, with both counts."""
        return (
            f"{100 * self.right / self.total:.{digits}f} % ({self.right}/{self.total})" if self.total else "–"
        )

    def errors(self):
        """Character error rate in percent."""
        return f"{100 * self.edits / self.length:.1f}" if self.length else "–"

    def against(self, bar):
        """The share, its bar, and whether the bar is met."""
        if not self.total:
            return "–"
        if bar is None:
            return self.share()
        _, high = likely(self.right, self.total)
        met = 100 * self.right >= bar * self.total
        mark = "met" if met else "chance?" if 100 * high >= bar else "**missed**"
        return f"{self.share()}, bar {bar}: {mark}"


class Board:
    """The counts of one reader over a set of documents."""

    def __init__(self):
        tally = lambda: collections.defaultdict(Tally)  # noqa: E731
        self.fields, self.whole, self.bins, self.traits = tally(), tally(), tally(), tally()
        self.decisions = collections.Counter()
        self.reasons = collections.Counter()
        self.fair, self.nothing, self.share = Tally(), Tally(), collections.defaultdict(Tally)
        self.held, self.held_alone, self.held_misses = (collections.Counter() for _ in range(3))
        self.held_right = Tally()
        self.sure = {"critical": Tally(), "other": Tally()}
        self.false_approvals, self.read_from_nothing, self.wrong, self.sure_and_wrong = [], [], [], []
        self.documents = 0

    def add(self, truth, answer):
        """Count one document, from its truth and the reader's answer."""
        self.documents += 1
        kind, level, file = truth["kind"], truth["difficulty"], truth["file"]
        got, decision = answer.get("fields", {}), answer.get("decision", "unreadable")
        if kind == "negative":
            silent = not got and answer.get("kind", "unknown") == "unknown"
            self.nothing.add(silent)
            self.traits["negative", truth["layout"]["style"]].add(silent)
            if not silent:
                self.read_from_nothing.append(f"{file} ({truth['layout']['style']})")
            self.decide(kind, level, decision, False, file)
            return
        if truth.get("incomplete"):
            # Half of a picture: what can still be read is no matter, but it must not be approved.
            self.decide(kind, level, decision, False, file, True)
            return
        right = {}
        for field, value in truth["fields"].items():
            read = got.get(field, "")
            right[field] = read == value
            self.share[kind].add(right[field])
            self.fields[kind, field, level].add(right[field], distance(read, value), len(value))
            if not right[field]:
                self.wrong.append((file, level, field, read, value, answer.get("confidence", {}).get(field)))
        for field, confidence in answer.get("confidence", {}).items():
            self.believe(kind, field, confidence, right.get(field, False), file)
        critical = all(right[field] for field in CRITICAL[kind])
        self.whole[kind, "critical", level].add(critical)
        self.whole[kind, "all", level].add(all(right.values()))
        for trait in traits(truth):
            self.traits[kind, trait].add(critical)
        # Nobody but a human may approve what contradicts itself, is of a foreign resident, or was cut off.
        human = (
            truth["inconsistent"] or truth.get("human", False) or bool(truth.get("traits", {}).get("foreign"))
        )
        good = critical and not human
        self.decide(kind, level, decision, good, file, human)
        for reason in answer.get("reasons", []):
            self.reasons[reason, level] += 1
        if level in ("T0", "T1") and not human:
            self.fair.add(decision == "auto_approve" and good)
            if decision != "auto_approve":
                self.hold(answer.get("reasons", []), right, critical)

    def hold(self, reasons, right, critical):
        """Count why an honest scan or good photograph was not approved, and which of its fields were missed."""
        self.held_right.add(critical)
        self.held.update(reasons or ["(no reason)"])
        self.held_alone.update(reasons if len(reasons) == 1 else ())
        self.held_misses.update(field for field, good in right.items() if not good)

    def believe(self, kind, field, confidence, good, file):
        """Count one field's confidence, and whether the field was right."""
        group = "critical" if field in CRITICAL[kind] else "other"
        self.bins[group, sum(confidence >= edge for edge in BINS) - 1].add(good, confidence, 1)
        if confidence >= 0.9:
            self.sure[group].add(good)
            if group == "critical" and not good:
                self.sure_and_wrong.append(f"{file} {field}")

    def decide(self, kind, level, decision, good, file, human=False):
        """Count one decision; an approval is right only for a good reading."""
        group = "for a human" if human else kind
        if decision == "auto_approve":
            decision = "approved, right" if good else "approved, wrong"
            if not good:
                self.false_approvals.append(file)
        self.decisions[group, level, decision] += 1


def traits(truth):
    """Names of what is special about a card and its picture."""
    layout, marks = truth["layout"], truth.get("traits", {})
    yield f"{layout['style']}"
    if "nikFace" in layout:
        yield f"NIK in {layout['nikFace']}"
    for name in ("ground", "table", "blur"):
        if layout.get(name) or marks.get(name):
            yield f"{name}: {layout.get(name) or marks.get(name)}"
    if layout.get("colons") is False:
        yield "no colons"
    if isinstance(layout.get("labels"), str):
        yield f"labels: {layout['labels']}"
    for name, value in sorted(marks.items()):
        if value is True:
            yield name
    if marks.get("scan"):
        yield f"scan: {marks['scan']}"
    if truth.get("rotation"):
        yield f"turned by {truth['rotation']}"
    if truth.get("exif"):
        yield "EXIF orientation"


def table(head, rows):
    """Lines of a Markdown table."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(map(str, row)) + " |"
    yield ""


def summary(board):
    """The shares that have a bar."""
    whole, nik = board.whole, [board.fields["KTP", "nik", level] for level in LEVELS]
    lines = {
        "KTP critical fields all right": [whole["KTP", "critical", level] for level in LEVELS],
        "KTP all 17 fields": [whole["KTP", "all", level] for level in LEVELS],
        "NIK alone": nik,
        "NPWP critical fields all right": [whole["NPWP", "critical", level] for level in LEVELS],
    }
    rows = [
        [name, *(t.against(bar) for t, bar in zip(lines[name], bars, strict=True))]
        for name, bars in BARS.items()
    ]
    rows.append(["NPWP all fields", *(whole["NPWP", "all", level].share() for level in LEVELS)])
    yield from table(["", *LEVELS], rows)
    wrong, total = len(board.false_approvals), board.documents
    yield from table(
        ["", "measured", "bar"],
        [
            [
                "wrong automatic approvals",
                f"{wrong} of {total} ({100 * wrong / max(total, 1):.2f} %)",
                "at most 0.5 %",
            ],
            ["consistent T0 and T1 approved, and right", board.fair.share(), "at least 80 %"],
            [
                "critical fields of confidence 0.9 and more: right",
                board.sure["critical"].share(1),
                "at least 99 %",
            ],
            ["nothing read from a picture of no card", board.nothing.share(), "at least 95 %"],
        ],
    )


def fields_table(board, kind):
    """Exact match and character error rate of each field."""
    rows = []
    for field in KTP_FIELDS if kind == "KTP" else NPWP_FIELDS:
        cells = [board.fields[kind, field, level] for level in LEVELS]
        rows.append([field, *(f"{c.share()}, {c.errors()}" if c.total else "–" for c in cells)])
    yield from table([f"{kind}: exact (of), CER %", *LEVELS], rows)


def calibration_table(board):
    """Confidence against truth."""
    rows = []
    for at, low in enumerate(BINS[:-1]):
        row = [f"{low:.2f} – {min(BINS[at + 1], 1):.2f}"]
        for group in ("critical", "other"):
            t = board.bins[group, at]
            row += [f"{t.edits / t.total:.3f}" if t.total else "–", t.share(1)]
        rows.append(row)
    yield from table(["confidence", "critical: mean", "right", "other: mean", "right"], rows)


def decisions_table(board):
    """Who was approved, sent to a human, rejected."""
    columns = ["approved, right", "approved, wrong", "needs_review", "auto_reject", "unreadable"]
    groups = sorted({(kind, level) for kind, level, _ in board.decisions})
    rows = [[kind, level, *(board.decisions[kind, level, c] for c in columns)] for kind, level in groups]
    yield from table(["", "", *columns], rows)


def reasons_table(board):
    """How often each reason was given."""
    codes = sorted({code for code, _ in board.reasons})
    yield from table(
        ["reason", *LEVELS],
        [[code, *(board.reasons[code, level] or "" for level in LEVELS)] for code in codes],
    )


def families_table(boards):
    """One row for each family of cards, from (name, board, CPU seconds a document)."""
    rows = []
    for name, board, seconds in boards:
        critical = {kind: Tally() for kind in CRITICAL}
        for (kind, what, _), tally in board.whole.items():
            if what == "critical":
                critical[kind].merge(tally)
        wrong = len(board.false_approvals)
        rows.append(
            [
                name,
                board.documents,
                critical["KTP"].share(),
                board.share["KTP"].share(1),
                critical["NPWP"].share(),
                f"**{wrong}**" if wrong else 0,
                board.fair.share(),
                f"{seconds:.3f}",
            ]
        )
    head = ["family", "pictures", "KTP critical all right", "KTP fields right", "NPWP critical all right"]
    yield from table([*head, "wrong approvals", "T0, T1 approved and right", "CPU s"], rows)


def held_tables(board):
    """Why honest T0 and T1 cards were held back, by reason and by missed field."""
    total = board.held_right.total
    rows = [[reason, n, board.held_alone[reason] or ""] for reason, n in board.held.most_common()]
    yield f"Honest T0 and T1 cards not approved: {total} of {board.fair.total}; critical fields all right on {board.held_right.share()}."
    yield ""
    yield from table(["held back for", "cards", "for nothing else"], rows)
    yield from table(["field missed on them", "cards"], board.held_misses.most_common())


def traits_table(board):
    """Critical fields all right (negatives: nothing read), by trait of the picture."""
    rows = [[kind, trait, t.share()] for (kind, trait), t in sorted(board.traits.items())]
    yield from table(["kind", "what is special", "critical all right (negatives: nothing read)"], rows)


def legacy_table(boards):
    """The critical fields as the legacy service reads them."""
    rows = []
    for name, board in boards.items():
        for kind in CRITICAL:
            cells = [board.whole[kind, "critical", level].share() for level in LEVELS]
            rows.append([name, kind, *cells])
        rows.append([name, "no card: nothing read", board.nothing.share(), "", "", ""])
    yield from table(["critical fields all right", "", *LEVELS], rows)
