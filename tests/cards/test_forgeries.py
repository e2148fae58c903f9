"""Checks of the forgeries and of their board: python -m unittest discover -s tests/cards"""

import io
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import forgery_board
import numpy as np
from cardgen import fonts, forgeries
from PIL import Image

try:
    fonts.check(fonts.SANS)
    MISSING = ""
except fonts.MissingFonts as error:
    MISSING = str(error)


@unittest.skipIf(MISSING, MISSING)
class Pictures(unittest.TestCase):
    """What is drawn."""

    def test_every_kind_is_a_picture_with_its_truth(self):
        for kind in [kind for family in forgeries.KINDS.values() for kind in family]:
            with self.subTest(kind):
                name, data, truth = forgeries.sample(3, 0, kind)
                picture = Image.open(io.BytesIO(data))
                self.assertEqual((truth["forgery"], truth["file"]), (kind, name))
                xs, ys = zip(*truth["corners"], strict=True)
                self.assertLess(max(xs), picture.width * 1.1)
                self.assertLess(max(ys), picture.height * 1.1)

    def test_the_same_arguments_draw_the_same_bytes(self):
        first, second = (forgeries.sample(5, 1, "edit-typed")[1] for _ in range(2))
        self.assertEqual(first, second)

    def test_a_drawing_has_flat_ground_and_a_clean_scan_has_none(self):
        def flat(data):
            gray = np.asarray(forgeries.opened(data).convert("L"), np.int16)
            middle = gray[gray.shape[0] // 4 : -gray.shape[0] // 4, gray.shape[1] // 4 : gray.shape[1] // 2]
            return float((np.diff(middle, axis=1) == 0).mean())

        self.assertGreater(flat(forgeries.sample(3, 0, "drawing-flat")[1]), 0.5)
        self.assertLess(flat(forgeries.sample(3, 0, "light-noise")[1]), 0.5)


class Board(unittest.TestCase):
    """What is counted."""

    def test_caught_and_wrongly_suspected_are_counted_apart(self):
        truths = [
            {"file": "a", "treatment": "drawing-flat", "forgery": "drawing-flat"},
            {"file": "b", "treatment": "grey", "forgery": ""},
            {"file": "c", "treatment": "grey", "forgery": ""},
        ]
        answers = {
            "a": {"reasons": ["drawing_suspected", "retake"], "decision": "needs_review"},
            "b": {"reasons": ["glare"], "decision": "auto_approve"},
            "c": {"reasons": ["edit_suspected"], "decision": "needs_review"},
        }
        text = "\n".join(forgery_board.tables(truths, answers))
        self.assertIn("| drawing-flat | 1 | 1 |  |  |  | 1 (100 %) | 0 |", text)
        self.assertIn("| grey | 2 |  |  |  | 1 | 1 (50 %) | 1 |", text)
        self.assertIn("1 of 2 (50.0 %", text)
        self.assertIn("suspected: c", text)


if __name__ == "__main__":
    unittest.main()
