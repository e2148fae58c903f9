"""template.yaml with each function's code where ./dev package left it: target/lambda/<binary>/.

`sam build` would compile everything a second time. This adds the CodeUri lines and removes the build's metadata.
Everything else stays as it is, comments included.
"""

import re
import sys
from pathlib import Path

BINARY = re.compile(r"^      BuildProperties: \{Binary: ([a-z0-9-]+)\}$")
METADATA = ("    Metadata:", "      BuildMethod: rust-cargolambda")


def prebuilt(template, code):
    """The template's text with CodeUri `<code>/<binary>/`; and the binaries."""
    lines, binaries, binary = [], [], None
    for line in template.splitlines():
        found = BINARY.match(line)
        if found:
            binary = found.group(1)
            continue
        if line in METADATA:
            continue
        lines.append(line)
        if binary and line == "    Properties:":
            lines.append(f"      CodeUri: {code}/{binary}/")
            binaries.append(binary)
            binary = None
    return "\n".join(lines) + "\n", binaries


def main():
    source, target, code = map(Path, sys.argv[1:4])
    text, binaries = prebuilt(source.read_text(), code)
    functions = source.read_text().count("Type: AWS::Serverless::Function")
    if functions != len(binaries):
        sys.exit(f"{source}: {functions} functions, but {len(binaries)} binaries were found")
    missing = [binary for binary in binaries if not (code / binary / "bootstrap").is_file()]
    if missing and "--no-check" not in sys.argv:
        sys.exit(f"not built: {', '.join(missing)} (./dev package)")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


if __name__ == "__main__":
    main()
