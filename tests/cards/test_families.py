"""Checks of the families and of the independent renderers: python -m unittest discover -s tests/cards"""

import io
import random
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import numpy as np
from cardgen import families, fonts, ktp, make, people, styles
from independent import optics, press, vector
from independent import sample as independent
from PIL import Image, ImageOps

try:
    fonts.check(fonts.SANS)
    fonts.check(styles.HELD_OUT.families)
    independent.check()
    MISSING = ""
except fonts.MissingFonts as error:
    MISSING = str(error)


def drawn(family, index=0, seed=5, **other):
    """(picture, truth) of one sample."""
    name, data, truth = make.sample(seed, index, family=family, **other)
    if name.endswith(".pdf"):
        return None, truth
    return ImageOps.exif_transpose(Image.open(io.BytesIO(data))), truth


def run_of(seed, style="tuned"):
    """A print run and somebody."""
    rng = random.Random(seed)
    return rng, ktp.print_run(rng, styles.named(style)), people.person(rng)


class Runs(unittest.TestCase):
    """What the families change about the print."""

    def test_columns_go_from_a_fifth_to_three_tenths(self):
        seen = []
        for index in range(28):
            rng, run, person = run_of(index)
            families.column(rng, index, run, person)
            seen.append(run["value_x"])
            self.assertLess(run["nik_x"] + 16 * run["nik_pitch"], run["photo"][0])
            self.assertGreater(run["nik_x"], run["label_x"] + 0.09)
        self.assertAlmostEqual(min(seen), 0.21)
        self.assertAlmostEqual(max(seen), 0.30)

    def test_rows_stay_on_the_card(self):
        for seed in range(60):
            rng, run, person = run_of(seed, ("tuned", "held-out")[seed % 2])
            families.rows(rng, 0, run, person)
            self.assertLess(run["row_y"] + 11 * run["pitch"], 0.96)
            self.assertGreater(run["head_y"], 0.03)

    def test_no_label_scan_keeps_number_and_values(self):
        for index in range(0, 60, 2):
            rng, run, person = run_of(index)
            families.no_labels(rng, index, run, person)
            self.assertLess(person.traits["cutAt"], min(run["nik_x"], run["value_x"]))
            self.assertGreater(person.traits["cutAt"], 0.1)

    def test_a_foreigner_is_for_a_human(self):
        rng, run, person = run_of(3)
        families.values(rng, 4, run, person)
        self.assertTrue(person.traits["human"])
        self.assertIn(person.fields["gender"], ("MALE", "FEMALE"))


class Pictures(unittest.TestCase):
    """What the families change about the picture."""

    def test_a_cut_moves_the_corners(self):
        picture = Image.new("RGB", (1000, 600))
        cut, corners = families.crop(picture, [(0, 0), (1000, 0), (1000, 600), (0, 600)], 25, 6, 0, 12)
        self.assertEqual(cut.size, (975, 582))
        self.assertEqual(corners[0], (-25, -6))
        self.assertEqual(corners[2], (975, 594))

    def test_every_second_group_of_columns_is_cut(self):
        picture = Image.new("RGB", (1000, 600))
        widths = [
            families.cut_left(None, picture, [(0, 0)] * 4, {}, at)[0].width for at in (0, 27, 28, 55, 56)
        ]
        self.assertEqual(widths, [1000, 1000, 975, 975, 1000])

    def test_a_squeezed_picture_has_its_shape(self):
        for index, shape in enumerate(families.SHAPES.values()):
            picture = Image.new("RGB", (1000, 630))
            squeezed, corners = families.squeeze(
                random.Random(index), picture, [(0, 0), (1000, 0), (1000, 630), (0, 630)], {}, index
            )
            self.assertAlmostEqual(squeezed.width / squeezed.height, shape, delta=0.01)
            self.assertAlmostEqual(corners[2][0], squeezed.width, delta=2)

    def test_a_threshold_parts_print_from_paper(self):
        gray = np.full((40, 40), 200, np.uint8)
        gray[10:20, 5:35] = 60
        self.assertTrue(60 <= families.otsu(gray) < 200)

    def test_a_neighbour_does_not_cover_the_card(self):
        corners = [(0, 0), (100, 0), (100, 63), (0, 63)]
        for seed in range(40):
            rng = random.Random(seed)
            below = families.next_to(rng, corners, "below", 0.15)
            right = families.next_to(rng, corners, "right", 0.15)
            self.assertGreater(min(y for _, y in below), 62)
            self.assertGreater(min(x for x, _ in right), 100)


@unittest.skipIf(MISSING, MISSING)
class Samples(unittest.TestCase):
    """Whole samples."""

    def test_every_family_draws_and_tells_the_truth(self):
        for at, family in enumerate(families.ALL):
            with self.subTest(family):
                picture, truth = drawn(family, at, style=("tuned", "held-out")[at % 2])
                self.assertEqual(truth["family"], family)
                self.assertTrue({"name", "nik"} & set(truth["fields"]))
                if picture and not truth.get("incomplete"):
                    self.assertEqual(list(picture.size), truth["size"])
                    picture.load()

    def test_same_arguments_same_bytes(self):
        for family in ("squeezed", "press"):
            first, second = (make.sample(7, 2, family=family) for _ in range(2))
            self.assertEqual(first, second)
            self.assertNotEqual(first[1], make.sample(8, 2, family=family)[1])

    def test_birth_place_and_date_stand_on_two_lines(self):
        _, truth = drawn("birth-lines")
        place, date = (truth["layout"]["boxes"][field] for field in ("birthPlace", "birthDate"))
        self.assertLess(place[3], date[1] + 0.01)
        self.assertAlmostEqual(place[0], date[0], delta=0.01)

    def test_black_and_white_is_that(self):
        for index in range(4):
            picture, truth = drawn("bilevel", index)
            if truth["file"].endswith(".png"):
                self.assertLessEqual(len(picture.convert("L").getcolors()), 2)


@unittest.skipIf(MISSING, MISSING)
class Independent(unittest.TestCase):
    """The renderers that share nothing with the tuned ones."""

    def test_no_typeface_is_shared(self):
        tables = (vector.FONTS, press.FACES, press.NUMBERS)
        # What digits and lines are trained on is named in the trainers themselves.
        trained = "".join(
            (HERE / name).read_text("utf-8") for name in ("train_digits.py", "cardgen/lines.py")
        )
        own = {file for table in tables for _, *files in table.values() for file in files}
        others = (
            fonts.SANS | fonts.LIGHT,
            fonts.HELD_OUT | fonts.HELD_OUT_LIGHT,
            fonts.SPECIAL,
            fonts.HELD_OUT_SPECIAL,
        )
        self.assertFalse(own & {file for table in others for _, *files in table.values() for file in files})
        self.assertEqual([file for file in own if Path(file).name in trained], [])

    def test_values_end_before_the_portrait(self):
        for seed in range(12):
            person = people.person(random.Random(seed))
            drawing, _ = vector.ktp(random.Random(seed), person)
            plates, _ = press.ktp(random.Random(seed), np.random.default_rng(seed), person)
            for boxes in (drawing.boxes, plates.boxes):
                self.assertLess(max(boxes[f][2] for f in ("nik", "name", "address", "birthDate")), 0.77)
                self.assertLess(max(box[3] for box in boxes.values()), 0.99)

    def test_a_projection_is_undone(self):
        quad = [(3, 4), (90, 9), (84, 66), (1, 58)]
        matrix = optics.homography([(0, 0), (1, 0), (1, 1), (0, 1)], quad)
        np.testing.assert_allclose(optics.project(matrix, [(0, 0), (1, 0), (1, 1), (0, 1)]), quad, atol=1e-6)
        self.assertTrue(np.allclose(optics.project(np.linalg.inv(matrix), quad)[2], (1, 1)))

    def test_blur_keeps_light_and_place(self):
        light = np.zeros((41, 51, 3), np.float32)
        light[20, 25] = 1
        for kernel in (optics.defocus_kernel(2.2), optics.motion_kernel(random.Random(1), 5.0)):
            seen = optics.convolved(light, kernel)
            self.assertEqual(seen.shape, light.shape)
            self.assertAlmostEqual(float(seen[..., 0].sum()), 1.0, places=3)
            y, x = np.mgrid[0:41, 0:51]
            self.assertAlmostEqual(float((seen[..., 0] * x).sum()), 25, delta=0.6)
            self.assertAlmostEqual(float((seen[..., 0] * y).sum()), 20, delta=0.6)

    def test_bytes_and_light_are_each_others_inverse(self):
        levels = np.arange(256, dtype=np.uint8)
        np.testing.assert_array_equal(optics.srgb(optics.linear(levels)), levels)


if __name__ == "__main__":
    unittest.main()
