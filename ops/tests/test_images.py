"""The images, as far as they can be tested without a container engine."""

import fnmatch
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("Dockerfile", "Dockerfile.gpu")


def text(name):
    return (ROOT / name).read_text()


def instructions(dockerfile):
    """(instruction, rest) with continued lines joined and comments left out."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


class Images(unittest.TestCase):
    def test_the_two_differ_only_where_the_gpu_matters(self):
        ours, theirs = (set(instructions(text(name))) for name in NAMES)
        differing = ours ^ theirs
        self.assertEqual({"ENV", "LABEL"}, {instruction for instruction, _ in differing})
        envs = [rest for instruction, rest in differing if instruction == "ENV"]
        self.assertEqual(1, len(envs))
        self.assertIn("NVIDIA_DRIVER_CAPABILITIES=compute,utility", envs[0])

    def test_base_images_and_compiler_are_pinned(self):
        channel = re.search(r'channel = "([^"]+)"', text("rust-toolchain.toml")).group(1)
        for name in NAMES:
            self.assertIn(f"ARG RUST=rust:{channel}-slim-bookworm\n", text(name))
            self.assertIn(f"ENV RUSTUP_TOOLCHAIN={channel}\n", text(name))
            self.assertRegex(text(name), r"(?m)^ARG DEBIAN=debian:12\.\d+-slim$")
            for instruction, rest in instructions(text(name)):
                if instruction == "FROM":
                    self.assertRegex(rest, r"^\$\{(RUST|DEBIAN)\}")

    def test_the_version_is_the_workspaces(self):
        version = re.search(r'(?m)^version = "([^"]+)"', text("Cargo.toml")).group(1)
        for name in NAMES:
            self.assertIn(f"ARG VERSION={version}\n", text(name))

    def test_what_ships_is_nobodys_and_has_an_init(self):
        for name in NAMES:
            final = dict(instructions(text(name).rsplit("\nFROM ${DEBIAN}\n", 1)[1]))
            self.assertEqual("10001:10001", final["USER"])
            self.assertTrue(final["ENTRYPOINT"].startswith('["/usr/bin/tini", "-s", "--"'), final)
            self.assertIn("worker-healthy", final["HEALTHCHECK"])

    def test_what_the_build_copies_is_a_workspace_that_cargo_takes(self):
        """The lines of the Dockerfile, on a copy: the context without what .dockerignore leaves out."""
        if not shutil.which("cargo"):
            self.skipTest("no cargo")
        rules = [line for line in text(".dockerignore").splitlines() if line and not line.startswith("#")]
        with tempfile.TemporaryDirectory() as folder:
            src = Path(folder)
            for instruction, rest in instructions(text("Dockerfile")):
                if instruction == "FROM" and "DEBIAN" in rest:
                    break
                if instruction == "COPY":
                    *sources, target = rest.split()
                    for source in sources:
                        copy(source, src / target, target.endswith("/"), rules)
                if instruction == "RUN" and rest.startswith("for member"):
                    subprocess.run(["bash", "-euc", rest], cwd=src, check=True)
            graph = subprocess.run(
                ["cargo", "metadata", "--locked", "--offline", "--format-version", "1"],
                cwd=src, capture_output=True, text=True, timeout=60,
            )
            self.assertEqual(0, graph.returncode, graph.stderr)
            self.assertTrue((src / "gpu-worker/src/main.rs").is_file())
            self.assertTrue((src / "shared/store/migrations").is_dir())
            self.assertTrue((src / "shared/domain/data/README.md").is_file())
            self.assertTrue((src / "ops/images/worker-healthy").is_file())
            self.assertFalse((src / "shared/store/tests").exists())
            # What the build reads at compile time is there too.
            for crate in linked("gpu-worker"):
                for path in (src / crate / "src").rglob("*.rs"):
                    for named in re.findall(r'include_(?:str|bytes)!\(\s*"([^"]+)"', path.read_text()):
                        if "test" not in path.name:
                            self.assertTrue((path.parent / named).exists(), f"{path} includes {named}")

    def test_nothing_secret_is_in_the_context(self):
        rules = [line for line in text(".dockerignore").splitlines() if line and not line.startswith("#")]
        for name in (".env", ".git/config", ".local/run/x", "target/debug/x", "ops/secrets.json", "tests/src/lib.rs"):
            self.assertTrue(is_ignored(name, rules), name)
        for name in ("Cargo.lock", "shared/ocr/data/digits.bin", "shared/domain/data/README.md", "gpu-worker/src/main.rs"):
            self.assertFalse(is_ignored(name, rules), name)


def linked(crate):
    """Folders of the crate and of ours that are linked into it."""
    found, todo = set(), [crate]
    while todo:
        folder = todo.pop()
        if folder not in found:
            found.add(folder)
            wanted = text(f"{folder}/Cargo.toml").split("[dependencies]")[1].split("\n[")[0]
            todo += [f"shared/{name}" for name in re.findall(r"(?m)^filot-(\w+)", wanted)]
    return found


def is_ignored(path, rules):
    """.dockerignore's rules: the last that matches the path or a folder above it decides."""
    parts = path.split("/")
    above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    ignored = False
    for rule in rules:
        keeps = rule.startswith("!")
        pattern = rule.lstrip("!")
        if pattern.startswith("**/"):
            hit = any(fnmatch.fnmatchcase(part, pattern[3:]) for part in parts)
        else:
            # A star of .dockerignore stays within one folder.
            hit = any(
                candidate.count("/") == pattern.count("/") and fnmatch.fnmatchcase(candidate, pattern)
                for candidate in above
            )
        if hit:
            ignored = not keeps
    return ignored


def copy(source, target, into, rules):
    start = ROOT / source
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", source],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.split()
    for name in tracked:
        if is_ignored(name, rules) or not (ROOT / name).is_file():
            continue
        if start.is_dir():
            to = target / Path(name).relative_to(source)
        else:
            to = target / Path(name).name if into else target
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, to)


class Healthy(unittest.TestCase):
    def ask(self, answer):
        with socket.create_server(("127.0.0.1", 0)) as server:
            def serve():
                connection, _ = server.accept()
                with connection:
                    asked = b""
                    while not asked.endswith(b"\r\n\r\n"):
                        asked += connection.recv(4096)
                    connection.sendall(answer)

            thread = threading.Thread(target=serve)
            thread.start()
            done = subprocess.run(
                [ROOT / "ops/images/worker-healthy"], env={"PORT": str(server.getsockname()[1])},
                capture_output=True, timeout=10,
            )
            thread.join()
        return done.returncode

    def test_only_200_is_healthy(self):
        self.assertEqual(0, self.ask(b"HTTP/1.1 200 OK\r\n\r\n{}"))
        self.assertNotEqual(0, self.ask(b"HTTP/1.1 503 Service Unavailable\r\n\r\n{}"))
        self.assertNotEqual(0, self.ask(b""))

    def test_nobody_there_is_not_healthy(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        done = subprocess.run(
            [ROOT / "ops/images/worker-healthy"], env={"PORT": str(port)}, capture_output=True, timeout=10
        )
        self.assertNotEqual(0, done.returncode)


if __name__ == "__main__":
    unittest.main()
