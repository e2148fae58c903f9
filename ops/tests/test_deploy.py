"""ops/deploy with tools that only record their calls: the order of the steps, and rollbacks."""

import re
import shutil
import subprocess
import sys
import unittest

from support import ROOT, WithFakeAws

sys.path.insert(0, str(ROOT / "ops/lib"))
from prebuilt import prebuilt  # noqa: E402

BEFORE = "b" * 40


class Template(unittest.TestCase):
    def test_every_function_gets_its_built_code_and_nothing_else_changes(self):
        source = (ROOT / "template.yaml").read_text()
        text, binaries = prebuilt(source, "/code")
        self.assertEqual(source.count("Type: AWS::Serverless::Function"), len(binaries))
        programs = {path.stem for path in (ROOT / "functions/src/bin").glob("*.rs")}
        self.assertEqual(programs, set(binaries))
        added = re.findall(r"(?m)^      CodeUri: /code/[a-z-]+/$", text)
        self.assertEqual(len(binaries), len(added))
        left = [line for line in text.splitlines() if not line.startswith("      CodeUri: /code/")]
        dropped = [line for line in source.splitlines() if line not in left]
        self.assertTrue(all("Binary:" in line or "Metadata:" in line or "BuildMethod" in line for line in dropped), dropped)


class Deploying(WithFakeAws):
    tools = ("sam", "npx", "npm", "docker", "node")

    def setUp(self):
        super().setUp()
        # A checkout of its own: what is deployed is written below target/.
        self.root = self.folder / "checkout"
        self.root.mkdir()
        for name in ("ops/deploy", "ops/lib/prebuilt.py", "template.yaml"):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)
        (self.root / "cdk").mkdir()
        (self.root / "samconfig.toml").write_text(
            'version = 0.1\n[staging.deploy.parameters]\nparameter_overrides = ["FrontendOrigin=https://staging.example"]\n'
        )
        binaries = prebuilt((ROOT / "template.yaml").read_text(), "x")[1]
        built = " ".join(f"target/lambda/{name}" for name in binaries)
        self.script("dev", f'mkdir -p {built}; for each in {built}; do echo x >$each/bootstrap; done')
        self.script("ops/smoke", "")
        self.script("ops/secrets", "")
        for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x"]):
            subprocess.run(["git", *command], cwd=self.root, check=True)
        (self.root / ".git/info/exclude").write_text("target\n")
        self.sha = subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.root, check=True, capture_output=True, text=True).stdout.strip()
        self.foundation = {
            "AlarmTopicArn": "arn:topic", "OcrGpuEnabled": "true",
            "CpuRepositoryUri": "registry/filot-staging/cpu", "GpuRepositoryUri": "registry/filot-staging/gpu",
        }
        self.stacks = {
            "filot-staging-foundation": self.foundation,
            "filot-staging": {"ApiUrl": "https://api/staging", "ReviewCallbackUrl": "https://callback/"},
        }

    def script(self, name, body):
        path = self.root / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >>"$FAKE_CALLS"\n'
                        f'[[ -z "${{FAKE_FAILS:-}}" || "{name} $*" != *"$FAKE_FAILS"* || -e "$FAKE_STATE.failed" ]] || '
                        f'{{ touch "$FAKE_STATE.failed"; exit 1; }}\n{body}\n')
        path.chmod(0o755)

    def deploy(self, *words, **environment):
        return self.run_program(
            "ops/deploy", "staging", *words, cwd=self.root, program_root=self.root,
            **{"FILOT_SMOKE_TOKEN_COMMAND": "echo token", "AWS_REGION": "ap-southeast-1"} | environment,
        )

    def steps(self):
        known = {
            "dev package": "build", "sam package": "package", "deploy --app ../target/deploy/staging/cdk.out --exclusively "
            "--require-approval never filot-staging-foundation": "foundation", "docker buildx": "image",
            "update-function-code": "new migrate", "lambda invoke": "migrate", "sam deploy": "sam", "ImageTag": "worker", "ops/smoke": "smoke",
        }
        return [step for call in self.calls for words, step in known.items() if words in call]

    def before(self):
        packaged = f"s3://filot-artefacts-000000000000-ap-southeast-1/staging/{BEFORE}/packaged.yaml"
        archive = self.folder / "cdk.tar.gz"
        (self.folder / "cdk.out").mkdir()
        subprocess.run(["tar", "-C", self.folder, "-czf", archive, "cdk.out"], check=True)
        base = "s3://filot-artefacts-000000000000-ap-southeast-1/staging"
        return {
            f"{base}/current": BEFORE, packaged: "before", f"{base}/{BEFORE}/cdk.tar.gz": f"file:{archive}",
        }

    def current(self):
        return self.state["objects"]["s3://filot-artefacts-000000000000-ap-southeast-1/staging/current"]

    def test_the_first_time_migrations_come_after_the_functions(self):
        self.given(stacks=self.stacks)
        done = self.deploy()
        self.assertEqual(0, done.returncode, done.said)
        self.assertEqual(
            ["build", "package", "foundation", "image", "image", "sam", "migrate", "worker", "smoke"], self.steps()
        )
        self.assertEqual(self.sha, self.current())
        self.assertEqual("https://callback", self.state["secrets"]["filot/buli2-callback-url"][-1])
        deployed = next(call for call in self.calls if call.startswith("sam deploy"))
        for word in ("FrontendOrigin=https://staging.example", "AlarmTopicArn=arn:topic", "OcrGpuEnabled=true", "Environment=staging"):
            self.assertIn(word, deployed)
        self.assertIn(f"filot-staging-worker:ImageTag={self.sha}", "\n".join(self.calls))

    def test_later_the_schema_is_there_before_the_code_that_needs_it(self):
        self.given(stacks=self.stacks, functions={"filot-migrate-staging": ""}, objects=self.before())
        done = self.deploy()
        self.assertEqual(0, done.returncode, done.said)
        self.assertEqual(
            ["build", "package", "foundation", "image", "image", "new migrate", "migrate", "sam", "worker", "smoke"], self.steps()
        )
        self.assertEqual(self.sha, self.current())
        self.assertIn("--s3-bucket artefacts --s3-key code/migrate", "\n".join(self.calls))

    def test_a_failed_migration_stops_before_anything_changed(self):
        failed = {"filot-migrate-staging": {"error": True, "body": {"errorMessage": "no"}}}
        self.given(stacks=self.stacks, functions={"filot-migrate-staging": ""}, objects=self.before(), invoked=failed)
        done = self.deploy()
        self.assertEqual(1, done.returncode)
        self.assertIn("the migration failed", done.said)
        self.assertNotIn("sam", self.steps())
        self.assertEqual(BEFORE, self.current())

    def test_a_failed_smoke_test_brings_the_version_before_back(self):
        self.given(stacks=self.stacks, functions={"filot-migrate-staging": ""}, objects=self.before())
        done = self.deploy(FAKE_FAILS="ops/smoke")
        self.assertEqual(1, done.returncode)
        self.assertEqual(["sam", "worker", "smoke", "sam", "worker", "smoke"], self.steps()[-6:])
        self.assertIn(f"ImageTag={BEFORE}", "\n".join(self.calls))
        self.assertEqual("before", (self.root / "target/deploy/staging/packaged.yaml").read_text())
        self.assertEqual(1, self.steps().count("migrate"), "the database is not touched on the way back")
        self.assertEqual(BEFORE, self.current())
        self.assertIn("rolled back to bbbbbbbbbbbb", done.said)

    def test_a_failed_worker_stack_does_too(self):
        self.given(stacks=self.stacks, functions={"filot-migrate-staging": ""}, objects=self.before())
        done = self.deploy(FAKE_FAILS=f"ImageTag={self.sha}")
        self.assertEqual(1, done.returncode)
        self.assertEqual(["sam", "worker", "sam", "worker", "smoke"], self.steps()[-5:])

    def test_going_back_by_hand(self):
        objects = self.before()
        objects["s3://filot-artefacts-000000000000-ap-southeast-1/staging/current"] = self.sha
        objects["s3://filot-artefacts-000000000000-ap-southeast-1/staging/previous"] = BEFORE
        self.given(stacks=self.stacks, objects=objects)
        done = self.deploy("--roll-back")
        self.assertEqual(0, done.returncode, done.said)
        self.assertEqual(["sam", "worker", "smoke"], self.steps())
        self.assertEqual(BEFORE, self.current())

    def test_what_is_in_no_commit_is_not_deployed(self):
        self.given(stacks=self.stacks)
        (self.root / "template.yaml").write_text("changed")
        done = self.deploy()
        self.assertEqual(1, done.returncode)
        self.assertEqual([], self.steps())

    def test_a_dry_run_changes_nothing(self):
        self.given(stacks=self.stacks, functions={"filot-migrate-staging": ""}, objects=self.before())
        done = self.deploy("--dry-run")
        self.assertEqual(0, done.returncode, done.said)
        asking = ("get-", "describe-", "head-bucket", "s3 cp s3://")
        for call in self.calls:
            self.assertTrue(call.startswith("ops/secrets list") or any(word in call for word in asking), call)
        for words in ("sam deploy", "lambda invoke", "ImageTag", "docker buildx", "./dev package"):
            self.assertIn(words, done.stdout)

    def test_wrong_words_are_refused(self):
        for words in (("moon",), ("staging", "--architecture", "mips"), ("staging", "--what"), ()):
            done = subprocess.run([ROOT / "ops/deploy", *words], capture_output=True, env=self.environment)
            self.assertEqual(64, done.returncode, words)


if __name__ == "__main__":
    unittest.main()
