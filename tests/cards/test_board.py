"""Checks of the score board and of the legacy service: python -m unittest discover -s tests/cards"""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import board
import legacy

FIELDS = {"nik": "7505030503620007", "name": "CHRISTIAN MANURUNG", "birthDate": "1962-03-05"}


def truth(**other):
    return {
        "file": "a.jpg",
        "kind": "KTP",
        "difficulty": "T1",
        "inconsistent": False,
        "fields": dict(FIELDS),
        "layout": {"style": "ktp"},
        "traits": {},
    } | other


def answer(decision="auto_approve", confidence=0.95, **fields):
    fields = {**FIELDS, **fields}
    return {
        "kind": "KTP",
        "fields": fields,
        "confidence": dict.fromkeys(fields, confidence),
        "decision": decision,
        "reasons": [],
    }


class Counting(unittest.TestCase):
    """Every document is counted in the right place."""

    def test_edits(self):
        self.assertEqual(board.distance("", "ABC"), 3)
        self.assertEqual(board.distance("KITTEN", "SITTING"), 3)
        self.assertEqual(board.distance("SITI  A", "SITI A"), 1)

    def test_an_interval_holds_its_share(self):
        for right, total in ((0, 20), (19, 20), (20, 20), (500, 1000)):
            low, high = board.likely(right, total)
            self.assertTrue(0 <= low <= right / total <= high + 1e-9 <= 1 + 1e-8)

    def test_a_right_card(self):
        counts = board.Board()
        counts.add(truth(), answer())
        self.assertEqual(counts.whole["KTP", "critical", "T1"].right, 1)
        self.assertEqual(counts.fair.right, 1)
        self.assertEqual(counts.false_approvals, [])

    def test_a_wrong_name_is_a_wrong_approval_and_a_false_certainty(self):
        counts = board.Board()
        counts.add(truth(), answer(name="CHRISTIAN MANURUNQ"))
        self.assertEqual(counts.whole["KTP", "critical", "T1"].right, 0)
        self.assertEqual(counts.false_approvals, ["a.jpg"])
        self.assertEqual(counts.sure_and_wrong, ["a.jpg name"])
        self.assertEqual((counts.sure["critical"].right, counts.sure["critical"].total), (2, 3))
        self.assertEqual(counts.fields["KTP", "name", "T1"].edits, 1)

    def test_a_contradictory_card_must_not_be_approved(self):
        counts = board.Board()
        counts.add(truth(inconsistent=True), answer())
        self.assertEqual(counts.false_approvals, ["a.jpg"])
        self.assertEqual(counts.fair.total, 0)

    def test_what_is_for_a_human_must_not_be_approved(self):
        for mark in ("human", "incomplete"):
            counts = board.Board()
            counts.add(truth(**{mark: True}), answer())
            self.assertEqual(counts.false_approvals, ["a.jpg"])
            self.assertEqual(counts.fair.total, 0)
            counts.add(truth(**{mark: True}), answer("needs_review"))
            self.assertEqual(len(counts.false_approvals), 1)

    def test_an_honest_card_held_back_counts_its_reasons_and_misses(self):
        counts = board.Board()
        counts.add(truth(), answer())
        counts.add(truth(), answer("needs_review", name="") | {"reasons": ["low_confidence", "glare"]})
        counts.add(truth(), answer("needs_review") | {"reasons": ["glare"]})
        counts.add(truth(difficulty="T3"), answer("needs_review") | {"reasons": ["blurred"]})
        self.assertEqual(dict(counts.held), {"low_confidence": 1, "glare": 2})
        self.assertEqual(dict(counts.held_alone), {"glare": 1})
        self.assertEqual(dict(counts.held_misses), {"name": 1})
        self.assertEqual((counts.held_right.right, counts.held_right.total), (1, 2))
        self.assertEqual((counts.share["KTP"].right, counts.share["KTP"].total), (11, 12))

    def test_a_foreign_resident_must_not_be_approved(self):
        counts = board.Board()
        counts.add(truth(traits={"foreign": True}), answer())
        counts.add(truth(traits={"foreign": True}), answer("needs_review"))
        self.assertEqual(counts.false_approvals, ["a.jpg"])
        self.assertEqual(counts.fair.total, 0)

    def test_something_read_from_no_card(self):
        counts = board.Board()
        nothing = truth(kind="negative", difficulty="NEG", fields={}, layout={"style": "receipt"})
        counts.add(nothing, {"kind": "unknown", "fields": {}, "decision": "auto_reject"})
        counts.add(nothing, {"kind": "NPWP", "fields": {"name": "TOKO"}, "decision": "needs_review"})
        self.assertEqual((counts.nothing.right, counts.nothing.total), (1, 2))
        self.assertEqual(counts.read_from_nothing, ["a.jpg (receipt)"])

    def test_an_unreadable_file_counts(self):
        counts = board.Board()
        counts.add(truth(), {"error": {"code": "reader_crashed"}})
        self.assertEqual(counts.decisions["KTP", "T1", "unreadable"], 1)
        self.assertEqual(counts.fields["KTP", "nik", "T1"].total, 1)

    def test_every_table_is_one(self):
        counts = board.Board()
        counts.add(truth(), answer())
        lines = [
            *board.summary(counts),
            *board.fields_table(counts, "KTP"),
            *board.fields_table(counts, "NPWP"),
            *board.calibration_table(counts),
            *board.decisions_table(counts),
            *board.reasons_table(counts),
            *board.traits_table(counts),
            *board.families_table([("column", counts, 0.3), ("all", counts, 0.3)]),
            *list(board.held_tables(counts))[2:],
            *board.legacy_table({"x": counts}),
        ]
        columns = None
        for line in lines:
            if not line:
                columns = None
                continue
            columns = columns or line.count("|")
            self.assertEqual(line.count("|"), columns, line)


class Legacy(unittest.TestCase):
    """The regular expressions of the legacy service."""

    TEXT = "PROVINSI GORONTALO\nKABUPATEN BOALEMO\nNIK : 7505030503620007\nNama : CHRISTIAN MANURUNG\nTempat/Tgl Lahir : BOALEMO, 05-03-1962\n"

    def test_a_capture_runs_over_the_line_and_its_first_line_is_right(self):
        whole, first = (legacy.fields(self.TEXT, "KTP", first_line) for first_line in (False, True))
        self.assertNotEqual(whole["name"], FIELDS["name"])
        self.assertEqual({name: first[name] for name in FIELDS}, FIELDS)

    def test_a_tax_number(self):
        text = "NPWP : 82.361.421.9-127.000\nMARLINA SUPRIYADI\nNIK : 7103095009769486\n"
        fields = legacy.fields(text, "NPWP", True)
        self.assertEqual((fields["npwpNumber"], fields["name"]), ("823614219127000", "MARLINA SUPRIYADI"))


if __name__ == "__main__":
    unittest.main()
