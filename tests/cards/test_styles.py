"""Checks of the held-out styles: python -m unittest discover -s tests/cards"""

import io
import random
import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cardgen import camera, fonts, grounds, make, negatives, nikfaces, others, paint, styles, tables
from PIL import Image, ImageOps

try:
    fonts.check(styles.HELD_OUT.families)
    MISSING = ""
except fonts.MissingFonts as error:
    MISSING = str(error)


class Apart(unittest.TestCase):
    """The held-out styles share nothing with the tuned ones."""

    def test_no_face_is_in_both_sets(self):
        tuned = styles.tuned(fonts.SANS)
        self.assertFalse(set(tuned.families) & set(styles.HELD_OUT.families))
        faces = {face for face, _ in tuned.nik_faces} & {face for face, _ in styles.HELD_OUT.nik_faces}
        self.assertEqual(faces, {"sans-bold"})  # the label's face, which differs
        files = [
            {p for entry in table.values() for p in entry[1:]}
            for table in (fonts.SANS | fonts.SPECIAL, fonts.HELD_OUT | fonts.HELD_OUT_SPECIAL)
        ]
        self.assertFalse(files[0] & files[1])

    def test_no_kind_of_table_ground_or_negative_is_in_both_sets(self):
        self.assertFalse(
            set(tables.KINDS)
            & {"wood", "cloth", "noise", "carpet", "plain", "tiles", "paper", "gradient", "check"}
        )
        self.assertFalse(set(grounds.FAMILIES) & {"waves", "crossed", "rosette", "fans"})
        self.assertFalse(set(others.KINDS) & set(negatives.KINDS))


class Drawn(unittest.TestCase):
    """The typefaces that are drawn from strokes."""

    def test_digits_differ_from_each_other(self):
        pictures = []
        for digit in "0123456789":
            sheet = paint.Sheet(Image.new("RGB", (120, 120), "white"))
            nikfaces.row(
                sheet,
                0.2,
                0.8,
                digit,
                70,
                0.5,
                {"width": 0.6, "stroke": 0.12, "corner": 0.1, "caps": "round"},
                (0, 0, 0),
                "nik",
            )
            pictures.append(np.asarray(sheet.image.convert("L"), np.float32))
            left, top, right, bottom = sheet.boxes["nik"]
            self.assertTrue(0 < left < right < 1 and 0 < top < bottom < 1)
        for at, one in enumerate(pictures):
            for other in pictures[:at]:
                self.assertGreater(np.abs(one - other).mean(), 4)


@unittest.skipIf(MISSING, MISSING)
class HeldOut(unittest.TestCase):
    """Pictures in the held-out styles."""

    def test_same_arguments_same_bytes_and_not_those_of_the_tuned_set(self):
        first, second = (make.sample(5, 1, style="held-out") for _ in range(2))
        self.assertEqual(first, second)
        self.assertNotEqual(first[2]["fields"], make.sample(5, 1, faces="core")[2]["fields"])

    def test_every_kind_and_difficulty_opens_and_tells_the_truth(self):
        for kind in ("ktp", "npwp"):
            for at, difficulty in enumerate(make.DIFFICULTIES):
                name, data, truth = make.sample(9, at, kind, difficulty, style="held-out")
                picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
                self.assertEqual(list(picture.size), truth["size"], name)
                self.assertLess(len(data), 2 * 1024 * 1024)
                for field in set(truth["fields"]) & {"nik", "name", "npwpNumber"}:
                    left, top, right, bottom = truth["layout"]["boxes"][field]
                    self.assertTrue(0 <= left < right <= 1 and 0 <= top < bottom <= 1, f"{name} {field}")

    def test_the_corners_are_where_the_card_is(self):
        card = Image.new("RGB", (1400, 883), (250, 10, 250))
        for seed in range(9):
            rng, nrng = random.Random(seed), np.random.default_rng(seed)
            difficulty = make.DIFFICULTIES[1 + seed % 3]
            picture, corners, quarter, _, _ = camera.take(rng, nrng, card, difficulty, seed % 4, "marble")
            self.assertEqual(quarter % 4, seed % 4)
            pixels = np.asarray(picture, np.float32)
            middle = np.mean(corners, axis=0)
            for corner, following in zip(corners, [*corners[1:], corners[0]], strict=True):
                edge = (np.array(corner) + following) / 2
                inside = edge + (middle - edge) * 0.08
                self.assertTrue(self.is_card(pixels, inside) or self.is_lit(pixels, inside), f"{seed} {edge}")

    @staticmethod
    def is_card(pixels, at):
        x, y = (int(v) for v in at)
        red, green, blue = pixels[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4].mean((0, 1))
        return min(red, blue) > green * 1.25

    @staticmethod
    def is_lit(pixels, at):
        """Glare, or a finger, or without colour."""
        x, y = (int(v) for v in at)
        patch = pixels[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4].mean((0, 1))
        return patch.min() > 150 or np.ptp(patch) < 12 or patch[0] > patch[2] * 1.2

    def test_every_other_thing_can_be_drawn(self):
        for at, kind in enumerate(others.KINDS):
            picture, said = others.draw(random.Random(at), np.random.default_rng(at), styles.HELD_OUT, kind)
            self.assertEqual(said, kind)
            self.assertGreater(min(picture.size), 600)

    def test_bending_is_undone_by_the_corners(self):
        for seed in range(6):
            picture = Image.new("RGB", (600, 400), "black")
            for x in (100, 500):
                for y in (80, 320):
                    picture.paste("white", (x - 4, y - 4, x + 4, y + 4))
            bent, moved = camera.barrel(
                random.Random(seed), picture, [(100, 80), (500, 80), (500, 320), (100, 320)], 0.02
            )
            for x, y in moved:
                self.assertGreater(bent.getpixel((int(x), int(y)))[0], 150)


if __name__ == "__main__":
    unittest.main()
