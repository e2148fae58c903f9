"""Runs the programs of ops/ with tools that only record their calls."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FAKE = Path(__file__).resolve().parent / "fake"
MANIFEST = Path(__file__).resolve().parent / "manifest.json"


class WithFakeAws(unittest.TestCase):
    tools = ()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.state_file, self.calls_file = self.folder / "state.json", self.folder / "calls"
        bin_folder = self.folder / "bin"
        bin_folder.mkdir()
        (bin_folder / "aws").symlink_to(FAKE / "aws")
        (bin_folder / "python3").symlink_to(sys.executable)
        for tool in self.tools:
            (bin_folder / tool).symlink_to(FAKE / "tool")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FILOT_"))}
        self.environment = kept | {
            "PATH": f"{bin_folder}:{os.environ['PATH']}", "FAKE_STATE": str(self.state_file),
            "FAKE_CALLS": str(self.calls_file), "FILOT_SECRETS_MANIFEST": str(MANIFEST),
        }

    def given(self, **state):
        self.state_file.write_text(json.dumps(state))

    @property
    def state(self):
        return json.loads(self.state_file.read_text())

    @property
    def calls(self):
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []

    def run_program(self, *words, given=None, cwd=ROOT, program_root=ROOT, **environment):
        done = subprocess.run(
            [str(program_root / words[0]), *words[1:]], cwd=cwd, env=self.environment | environment, input=given or "",
            capture_output=True, text=True, timeout=60,
        )
        done.said = done.stdout + done.stderr
        return done
