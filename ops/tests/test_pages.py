"""Queries, runbook and costs agree with the code."""

import importlib.machinery
import importlib.util
import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

from support import ROOT

sys.path.insert(0, str(ROOT / "ops/lib"))
sys.dont_write_bytecode = True


def program(name):
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(ROOT / "ops" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


query, costs, load_test = program("query"), program("costs"), program("load-test")
SOURCES = "\n".join(
    path.read_text() for top in ("shared", "gpu-worker", "functions") for path in (ROOT / top).rglob("src/**/*.rs")
)
ALARMS = (
    "api-5xx api-latency function-errors function-throttles function-duration queue-age queue-length dead-letters "
    "gpu-worker-absent tasks-below-desired breaker-open buli2-retries verification-latency review-backlog database-down "
    "redis-unavailable sweeper-silent dispatch-silent"
).split()


class Queries(unittest.TestCase):
    files = sorted((ROOT / "ops/queries").glob("*.logs-insights"))

    def test_every_message_and_metric_is_one_that_is_written(self):
        for path in self.files:
            text = path.read_text()
            messages = re.findall(r'message = "([^"]+)"', text)
            for found in re.findall(r"message (?:not )?in \[([^\]]*)\]", text):
                messages += re.findall(r'"([^"]+)"', found)
            for message in messages:
                self.assertIn(f'"{message}"', SOURCES, path.name)
            for metric in re.findall(r"`filot\.([a-z0-9._]+)`", text):
                self.assertIn(f'"{metric}"', SOURCES, path.name)

    def test_every_query_says_what_it_is_for_and_where(self):
        for path in self.files:
            what, groups, parameters = query.head(path.read_text())
            self.assertTrue(what, path.name)
            wanted = query.groups(groups, "staging")
            self.assertTrue(wanted)
            for name in wanted:
                function = re.match(r"/aws/lambda/filot-(.+)-staging", name)
                self.assertTrue(name.startswith("/ecs/") or (ROOT / f"functions/src/bin/{function[1]}.rs").is_file(), name)
            self.assertEqual(set(re.findall(r"\{(\w+)\}", path.read_text())) - {"id", "reviewId"}, set(parameters) - {"id"})

    def test_a_parameter_is_an_id_and_no_more_of_a_query(self):
        text = (ROOT / "ops/queries/document.logs-insights").read_text()
        self.assertIn('documentId = "abc-1"', query.filled(text, ["id"], {"id": "abc-1"}))
        for wrong in ({}, {"id": 'x" or 1 = 1 | "'}, {"id": ""}):
            with self.assertRaises(query.Failure):
                query.filled(text, ["id"], wrong)


def anchors(text):
    """The anchors of a page: its headings as they are linked to, and those that are named."""
    found = set(re.findall(r'<a id="([^"]+)"></a>', text))
    for heading in re.findall(r"(?m)^#+ (.+)$", text):
        found.add(re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-"))
    return found


class Runbook(unittest.TestCase):
    text = (ROOT / "docs/runbook.md").read_text()

    def test_every_alarm_has_its_section(self):
        self.assertEqual([], [name for name in ALARMS if name not in anchors(self.text)])

    def test_whatever_links_here_arrives(self):
        found = anchors(self.text)
        linking = [ROOT / "template.yaml", ROOT / "README.md", *(ROOT / "ops").glob("*"), *(ROOT / "docs").glob("*.md")]
        linking += [path for path in (ROOT / "cdk").rglob("*.ts") if "node_modules" not in path.parts]
        for path in linking:
            if path.is_file():
                for anchor in re.findall(r"runbook\.md#([a-z0-9-]+)", path.read_text()):
                    self.assertIn(anchor, found, path.name)
        for anchor in re.findall(r"\]\(#([a-z0-9-]+)\)", self.text):
            self.assertIn(anchor, found)
        contract = ROOT / "cdk/lib/contract.json"
        if contract.is_file():
            self.assertEqual([], [name for name in json.loads(contract.read_text())["runbookSections"] if name not in found])

    def test_every_command_it_names_is_there(self):
        for name in set(re.findall(r"ops/([a-z-]+)\b", self.text)) - {"tests", "queries"}:
            self.assertTrue((ROOT / "ops" / name).is_file(), name)
        for name in re.findall(r"ops/query ([a-z-]+) ENV", self.text):
            self.assertTrue((ROOT / f"ops/queries/{name}.logs-insights").is_file(), name)


class Costs(unittest.TestCase):
    def test_the_page_is_what_the_program_prints(self):
        printed = subprocess.run([sys.executable, ROOT / "ops/costs"], capture_output=True, text=True, check=True).stdout
        page = (ROOT / "docs/costs.md").read_text()
        self.assertEqual(printed, page.split(costs.BEGIN + "\n")[1].split(costs.END)[0], "run ops/costs --write")

    def test_the_measured_number_is_the_measured_one(self):
        parameters = json.loads((ROOT / "ops/costs.json").read_text())
        measured = re.search(r"(?m)^\|  \| ([0-9.]+) \| [0-9.]+ \| [0-9.]+ \| at most", (ROOT / "docs/benchmarks.md").read_text())
        self.assertEqual(float(measured[1]), parameters["work"]["cpu_s_per_document"]["value"])

    def test_twice_the_documents_cost_twice_what_varies(self):
        numbers = costs.flat(json.loads((ROOT / "ops/costs.json").read_text()))
        self.assertTrue(all(dollars >= 0 for _, dollars in costs.variable(numbers) + costs.fixed(numbers)))
        twice = numbers | {"cpu_s_per_document": 2 * numbers["cpu_s_per_document"]}
        worker = [dict(costs.variable(p))["worker on Fargate (2 GB to a vCPU)"] for p in (numbers, twice)]
        self.assertAlmostEqual(2 * worker[0], worker[1])


class Scripts(unittest.TestCase):
    names = sorted(path.name for path in (ROOT / "ops").iterdir() if path.is_file() and path.suffix == "")

    def test_each_can_be_run_and_tells_how(self):
        for name in self.names:
            self.assertTrue((ROOT / "ops" / name).stat().st_mode & 0o111, name)
            done = subprocess.run([ROOT / "ops" / name, "--help"], capture_output=True, text=True, timeout=30)
            self.assertEqual(0, done.returncode, name)
            self.assertIn(f"ops/{name}", done.stdout)

    def test_none_names_a_machine_or_an_account(self):
        for path in [*(ROOT / "ops").rglob("*"), ROOT / "docs/runbook.md", ROOT / "docs/images.md", ROOT / "docs/costs.md"]:
            if path.is_file() and path.suffix != ".pyc":
                found = re.findall(r"(?<!\d)(?!0{12})\d{12}(?!\d)|/work/", path.read_text())
                self.assertEqual([], [text for text in found if not path.name.startswith("test_")], path.name)


if __name__ == "__main__":
    unittest.main()
