"""Secrets: the structure of the values, rotations, and that no value is ever shown."""

import base64
import json
import sys
import unittest
from datetime import datetime, timezone

from support import MANIFEST, ROOT, WithFakeAws

sys.path.insert(0, str(ROOT / "ops/lib"))
import keys  # noqa: E402
from filotops import Failure  # noqa: E402

OLD = "o" * 40
AT = datetime(2026, 11, 21, 8, 30, tzinfo=timezone.utc)
LATER = datetime(2026, 12, 21, 8, 30, tzinfo=timezone.utc)


class Shapes(unittest.TestCase):
    def test_a_jwt_key_becomes_known_then_active_then_the_only_one(self):
        shape = keys.Identified(lambda: "n" * 40)
        self.assertEqual("one key", shape.phase(OLD))
        begun = shape.step("begin", OLD, AT)
        self.assertEqual(f"1:{OLD},k202611210830:{'n' * 40}", begun)
        self.assertEqual("begun", shape.phase(begun))
        switched = shape.step("switch", begun)
        self.assertEqual(f"k202611210830:{'n' * 40},1:{OLD}", switched)
        self.assertEqual("switched", shape.phase(switched))
        self.assertEqual(f"k202611210830:{'n' * 40}", shape.step("finish", switched))
        self.assertEqual(AT, shape.made_at(begun))

    def test_aborting_goes_back_a_step_at_a_time(self):
        shape = keys.Identified(lambda: "n" * 40)
        begun = shape.step("begin", f"k202501010000:{OLD}", AT)
        switched = shape.step("switch", begun)
        self.assertEqual(begun, shape.step("abort", switched))
        self.assertEqual(f"k202501010000:{OLD}", shape.step("abort", begun))

    def test_steps_out_of_order_are_refused(self):
        shape = keys.Identified(lambda: "n" * 40)
        begun = shape.step("begin", OLD, AT)
        for step, value in (("finish", begun), ("begin", begun), ("switch", OLD), ("finish", OLD), ("abort", OLD), ("begin", "")):
            with self.assertRaises(Failure, msg=f"{step} {value}"):
                shape.step(step, value)
        with self.assertRaises(Failure):
            shape.step("switch", shape.step("switch", begun))
        with self.assertRaises(Failure):
            shape.step("begin", f"k202611210830:{OLD}", AT)

    def test_sealing_keys_may_pile_up_and_the_newest_is_active(self):
        shape = keys.Identified(keys.random_sealing_key)
        value = shape.step("switch", shape.step("begin", f"first:{base64.b64encode(b'1' * 32).decode()}", AT))
        value = shape.step("switch", shape.step("begin", value, LATER))
        ids = [item.split(":")[0] for item in value.split(",")]
        self.assertEqual(["k202612210830", "k202611210830", "first"], ids)
        self.assertEqual(32, len(base64.b64decode(value.split(",")[0].split(":")[1])))

    def test_of_two_plain_keys_the_second_is_the_new_one(self):
        shape = keys.Plain(lambda: "n" * 40)
        begun = shape.step("begin", OLD)
        self.assertEqual(f"{OLD},{'n' * 40}", begun)
        self.assertEqual("n" * 40, shape.step("finish", begun))
        self.assertEqual(OLD, shape.step("abort", begun))
        for step, value in (("begin", begun), ("finish", OLD), ("abort", OLD)):
            with self.assertRaises(Failure):
                shape.step(step, value)

    def test_what_the_product_would_refuse_is_not_made(self):
        with self.assertRaises(Failure):
            keys.Plain(lambda: "short").step("begin", OLD)
        with self.assertRaises(Failure):
            keys.Identified.pairs("an id that is long:" + OLD)
        for name in ("filot/jwt-secret", "filot/sealing-key", "filot/service-internal-key"):
            value = keys.generated(name, AT)
            self.assertGreaterEqual(len(value.split(":")[-1]), keys.KEY_CHARS_MIN)
            self.assertNotIn(",", value)
        self.assertRegex(keys.key_id(AT), keys.ID)
        self.assertRegex(keys.key_id(AT), keys.OURS)


def readers(name):
    return next(secret["used_by"] for secret in json.loads(MANIFEST.read_text()) if secret["name"] == name)


class Rotating(WithFakeAws):
    def setUp(self):
        super().setUp()
        functions = {f"filot-{name}-staging": "Does" for s in json.loads(MANIFEST.read_text()) for name in s["used_by"]}
        self.functions = functions

    def rotate(self, *words, given=None):
        done = self.run_program("ops/rotate-secret", *words, "--environment", "staging", given=given)
        for values in (self.state if self.state_file.exists() else {}).get("secrets", {}).values():
            for value in values:
                for key in value.split(","):
                    self.assertNotIn(key, done.said)
                    self.assertNotIn(key, "\n".join(self.calls))
        return done

    def test_each_step_stores_a_value_and_starts_its_readers_anew(self):
        self.given(secrets={"filot/jwt-secret": [OLD]}, functions=self.functions)
        self.assertEqual(0, self.rotate("jwt-secret", "--begin").returncode)
        early = self.rotate("jwt-secret", "--switch")
        self.assertEqual(1, early.returncode)
        self.assertIn("not known everywhere yet", early.said)
        for step in (("--switch", "--at-once"), ("--finish",)):
            done = self.rotate("jwt-secret", *step)
            self.assertEqual(0, done.returncode, done.said)
        values = self.state["secrets"]["filot/jwt-secret"]
        self.assertEqual(4, len(values))
        self.assertNotIn(OLD, values[-1])
        changed = [name for name, text in self.state["functions"].items() if text != "Does"]
        self.assertEqual(sorted(f"filot-{name}-staging" for name in readers("filot/jwt-secret")), sorted(changed))
        # The mark is replaced, not added each time.
        self.assertEqual(1, self.state["functions"][changed[0]].count("secrets of"))

    def test_a_dry_run_changes_nothing(self):
        self.given(secrets={"filot/service-internal-key": [OLD]}, functions=self.functions)
        done = self.rotate("service-internal-key", "--begin", "--dry-run")
        self.assertEqual(0, done.returncode, done.said)
        self.assertIn("would run: aws secretsmanager put-secret-value", done.said)
        self.assertEqual([OLD], self.state["secrets"]["filot/service-internal-key"])
        self.assertEqual(self.functions, self.state["functions"])

    def test_callbacks_are_accepted_with_either_secret_while_rotating(self):
        self.given(secrets={"filot/buli2-signature-secret": [OLD]}, functions=self.functions)
        self.assertEqual(0, self.rotate("buli2-signature-secret", "--begin").returncode)
        new = self.state["secrets"]["filot/buli2-hmac-secret"][-1]
        self.assertEqual(OLD, self.state["secrets"]["filot/buli2-signature-secret"][-1])
        self.assertEqual(1, self.rotate("buli2-signature-secret", "--begin").returncode)
        self.assertEqual(0, self.rotate("buli2-signature-secret", "--finish").returncode)
        self.assertEqual(new, self.state["secrets"]["filot/buli2-signature-secret"][-1])
        # The second one is never deleted: functions would not start until it is gone for good.
        self.assertFalse([call for call in self.calls if "delete" in call])
        self.assertEqual(0, self.rotate("buli2-signature-secret", "--begin").returncode)
        self.assertEqual(0, self.rotate("buli2-signature-secret", "--abort").returncode)
        self.assertEqual(new, self.state["secrets"]["filot/buli2-hmac-secret"][-1])

    def test_what_would_lose_data_is_refused(self):
        self.given(secrets={"filot/sealing-key": [keys.generated("filot/sealing-key", AT)], "filot/identity-hash-key": [OLD]}, functions=self.functions)
        self.assertEqual(1, self.rotate("identity-hash-key", "--begin").returncode)
        self.assertEqual(0, self.rotate("sealing-key", "--begin").returncode)
        self.assertEqual(0, self.rotate("sealing-key", "--switch", "--at-once").returncode)
        refused = self.rotate("sealing-key", "--finish")
        self.assertEqual(1, refused.returncode)
        self.assertIn("sealing-keys.sql", refused.said)
        self.assertEqual(0, self.rotate("sealing-key", "--finish", "--old-key-unused").returncode)

    def test_what_others_give_comes_through_standard_input(self):
        self.given(secrets={"filot/redis-url": ["rediss://old-password@somewhere"]}, functions=self.functions)
        done = self.rotate("redis-url", "--set", given="rediss://new-password@somewhere\n")
        self.assertEqual(0, done.returncode, done.said)
        self.assertEqual("rediss://new-password@somewhere", self.state["secrets"]["filot/redis-url"][-1])
        self.assertEqual(1, self.rotate("redis-url", "--begin").returncode)
        self.assertEqual(1, self.rotate("redis-url", "--set", given="").returncode)

    def test_every_secret_has_a_way(self):
        text = (ROOT / "ops/rotate-secret").read_text()
        for manifest in (MANIFEST, ROOT / "ops/secrets.json"):
            for secret in json.loads(manifest.read_text()) if manifest.is_file() else []:
                self.assertIn(f'"{secret["name"]}"', text)
                self.assertLessEqual({"name", "variable", "required", "kind", "used_by", "for"}, set(secret))
        self.assertEqual(64, self.rotate("no-such-secret").returncode)
        self.assertEqual(64, self.run_program("ops/rotate-secret", "jwt-secret", "--begin").returncode)


class Making(WithFakeAws):
    def test_missing_ones_are_listed_and_made_once(self):
        self.given(secrets={"filot/jwt-secret": [OLD]})
        listed = self.run_program("ops/secrets", "list")
        self.assertEqual(1, listed.returncode)
        self.assertIn("filot/jwt-secret: there", listed.said)
        self.assertIn("filot/database-url: MISSING", listed.said)
        given = {
            secret["variable"]: f"given-for-{secret['variable']}-{'x' * 32}"
            for secret in json.loads(MANIFEST.read_text()) if secret["required"]
        }
        made = self.run_program("ops/secrets", "create", "--from-environment", **given)
        self.assertEqual(0, made.returncode, made.said)
        secrets = self.state["secrets"]
        self.assertEqual([OLD], secrets["filot/jwt-secret"])
        self.assertEqual([given["DATABASE_URL"]], secrets["filot/database-url"])
        self.assertNotIn("filot/buli2-callback-url", secrets)
        self.assertNotIn("filot/redis-password", secrets)
        for values in secrets.values():
            self.assertNotIn(values[0], made.said + listed.said + "\n".join(self.calls))
        self.assertEqual(0, self.run_program("ops/secrets").returncode)

    def test_keys_of_ours_are_drawn(self):
        self.given()
        done = self.run_program("ops/secrets", "create", "--from-environment")
        self.assertEqual(1, done.returncode)
        secrets = self.state["secrets"]
        self.assertEqual(
            {"filot/jwt-secret", "filot/sealing-key", "filot/identity-hash-key", "filot/service-internal-key"}, set(secrets)
        )

    def test_a_dry_run_makes_nothing(self):
        self.given()
        self.run_program("ops/secrets", "create", "--from-environment", "--dry-run")
        self.assertEqual({}, self.state.get("secrets", {}))


if __name__ == "__main__":
    unittest.main()
