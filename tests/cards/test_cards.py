"""Checks of the generator itself: python -m unittest discover tests/cards"""

import datetime
import io
import json
import random
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cardgen import demo, make, people, varieties
from PIL import Image, ImageOps


class Numbers(unittest.TestCase):
    """Check digits and the parts of NIK and NPWP."""

    def test_check_digit_of_the_worked_example(self):
        self.assertEqual(people.check_digit("71423650"), "2")
        self.assertEqual(people.check_digit("82361421"), "9")

    def test_a_consistent_person_agrees_with_the_nik(self):
        for seed in range(300):
            someone = people.person(random.Random(seed))
            self.assertEqual(self.told_by(someone), (someone.fields["birthDate"][2:], someone.gender))

    def test_a_contradiction_is_one(self):
        for seed in range(300):
            date = people.person(random.Random(seed), "birthDate")
            self.assertNotEqual(self.told_by(date)[0], date.fields["birthDate"][2:])
            sex = people.person(random.Random(seed), "gender")
            self.assertNotEqual(self.told_by(sex)[1], sex.gender)

    def test_every_field_is_printable_and_tidy(self):
        for seed in range(300):
            fields = people.person(random.Random(seed)).fields
            self.assertEqual(len(fields), 17)
            for name, value in fields.items():
                self.assertTrue(value and value == " ".join(value.split()), f"{seed} {name}: {value!r}")
            datetime.date.fromisoformat(fields["birthDate"])

    def test_every_variety_is_what_its_name_says(self):
        is_one = {
            "apostrophe": lambda f: "'" in f["name"],
            "title": lambda f: "." in f["name"] or "," in f["name"],
            "long-name": lambda f: 40 <= len(f["name"]) <= 60,
            "rt-rw": lambda f: "-" in f["rtRw"] or f["rtRw"] == "000/000",
            "blood": lambda f: f["bloodType"] in ("TDK TAHU", "TIDAK TAHU"),
            "expired": lambda f: f["validUntil"] == "SEUMUR HIDUP" or f["validUntil"] < "2019",
            "foreigner": lambda f: f["gender"] in ("MALE", "FEMALE") and f["citizenship"] not in ("WNI", "WNA"),
        }
        self.assertEqual(set(is_one), set(varieties.KINDS))
        for kind, test in is_one.items():
            for seed in range(60):
                someone = people.person(random.Random(seed))
                varieties.vary(someone, kind)
                self.assertTrue(test(someone.fields), f"{seed} {kind}: {someone.fields}")
                self.assertEqual(self.told_by(someone), (someone.fields["birthDate"][2:], someone.gender))
                self.assertEqual(bool(varieties.scheme(someone)), kind == "foreigner")

    @staticmethod
    def told_by(someone):
        """(YY-MM-DD, sex) according to the NIK."""
        digits = someone.fields["nik"]
        day = int(digits[6:8])
        date = f"{digits[10:12]}-{digits[8:10]}-{day - 40 if day > 40 else day:02}"
        return date, "P" if day > 40 else "L"


class Pictures(unittest.TestCase):
    """The files that the generator writes."""

    def test_same_arguments_same_bytes(self):
        for index in range(3):
            first, second = (make.sample(5, index, faces="core") for _ in range(2))
            self.assertEqual(first, second)
        self.assertNotEqual(make.sample(6, 0, faces="core")[1], make.sample(5, 0, faces="core")[1])

    def test_every_kind_and_difficulty_opens_and_tells_the_truth(self):
        for kind in ("ktp", "npwp"):
            for at, difficulty in enumerate(make.DIFFICULTIES):
                name, data, truth = make.sample(9, at, kind, difficulty, faces="core")
                picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
                self.assertEqual(list(picture.size), truth["size"], name)
                self.assertLess(len(data), 2 * 1024 * 1024)
                (ax, ay), (bx, by) = truth["corners"][:2]
                side = ((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5
                self.assertGreater(side, 300, name)
                for field in set(truth["fields"]) & {"nik", "name", "npwpNumber"}:
                    left, top, right, bottom = truth["layout"]["boxes"][field]
                    self.assertTrue(0 <= left < right <= 1 and 0 <= top < bottom <= 1, f"{name} {field}")

    def test_quarter_turns_move_the_corners(self):
        for turns in range(4):
            _, _, truth = make.sample(4, 0, "ktp", "T1", faces="core", turns=turns)
            (ax, ay), (bx, by) = truth["corners"][:2]
            along = [(1, 0), (0, 1), (-1, 0), (0, -1)][turns]
            self.assertGreater((bx - ax) * along[0] + (by - ay) * along[1], 200)
            self.assertEqual(truth["rotation"], turns * 90)

    def test_the_demonstration_covers_every_outcome(self):
        with tempfile.TemporaryDirectory() as folder:
            demo.write(Path(folder))
            manifest = json.loads((Path(folder) / "manifest.json").read_text("utf-8"))
            self.assertEqual(
                {m["expected"] for m in manifest}, {"approved", "reviewed", "rejected", "failed"}
            )
            for item in manifest:
                self.assertTrue((Path(folder) / item["file"]).stat().st_size > 0)


if __name__ == "__main__":
    unittest.main()
