"""Shared by the programs in ops/: the AWS command line, HTTP, output. Only Python's standard library."""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("development", "staging", "production", "local")
# The default region, unless AWS_REGION or the profile sets another.
REGION = "ap-southeast-1"
USAGE = 64
# Long enough for a cold start behind a gateway that gives up after 29 s.
HTTP_TIMEOUT_S = 35


class Failure(Exception):
    """An error for the operator, shown without a stack trace."""


def say(*words):
    print(*words, flush=True)


def note(*words):
    print(*words, file=sys.stderr, flush=True)


def main(run):
    """Runs a program. A Failure prints its message and exits with 1."""
    try:
        sys.exit(run())
    except Failure as failure:
        note(f"{Path(sys.argv[0]).name}: {failure}")
        sys.exit(1)
    except KeyboardInterrupt:
        note("interrupted")
        sys.exit(130)


class Aws:
    """The AWS command line. It finds account, region and credentials itself (AWS_PROFILE, AWS_REGION, …)."""

    def __init__(self, dry_run=False):
        self.dry_run = dry_run

    def ask(self, *words, given=None):
        """Runs a command that changes nothing."""
        return self._run(words, given)

    def change(self, *words, given=None):
        """Runs a command that changes something; in a dry run only prints it."""
        if self.dry_run:
            say("would run: aws", *words, *(["< (hidden)"] if given is not None else []))
            return {}
        return self._run(words, given)

    @staticmethod
    def _run(words, given):
        # Secrets go through standard input, because every user of the machine can see arguments.
        # Version 1 of the command line does not read every service's address from the environment.
        endpoint = os.environ.get("AWS_ENDPOINT_URL")
        command = ["aws", *words, "--output", "json", *(["--endpoint-url", endpoint] if endpoint else [])]
        try:
            done = subprocess.run(
                command, input=given, capture_output=True, text=True, timeout=300, env=aws_environment()
            )
        except FileNotFoundError:
            raise Failure("the AWS command line is missing: https://aws.amazon.com/cli/") from None
        if done.returncode != 0:
            raise AwsError(words, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else {}


def aws_environment():
    """The environment of the command line: no pager, and a region. Version 1 reads only AWS_DEFAULT_REGION."""
    given = dict(os.environ, AWS_PAGER="")
    region = given.get("AWS_REGION") or given.get("AWS_DEFAULT_REGION") or (None if given.get("AWS_PROFILE") else REGION)
    if region:
        given["AWS_REGION"] = given["AWS_DEFAULT_REGION"] = region
    return given


class AwsError(Failure):
    """AWS refused a command; `code` is its error code."""

    def __init__(self, words, said):
        self.code = (re.search(r"\((\w+)\)", said) or [None, ""])[1]
        super().__init__(f"aws {' '.join(words[:2])}: {said.strip() or 'failed'}")


def secret_value(aws, name):
    """The value of a secret; None if it does not exist."""
    try:
        return aws.ask("secretsmanager", "get-secret-value", "--secret-id", name)["SecretString"]
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            return None
        raise


def put_secret(aws, name, value, exists, description=""):
    """Stores a value, passed through standard input."""
    if exists:
        return aws.change(
            "secretsmanager", "put-secret-value", "--secret-id", name, "--secret-string", "file:///dev/stdin", given=value
        )
    words = ["--description", description] if description else []
    return aws.change(
        "secretsmanager", "create-secret", "--name", name, *words, "--secret-string", "file:///dev/stdin", given=value
    )


def manifest(path=None):
    """The secrets that the product reads: ops/secrets.json, generated from the typed configuration."""
    path = Path(path or os.environ.get("FILOT_SECRETS_MANIFEST") or ROOT / "ops/secrets.json")
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise Failure(f"{path} is missing") from None


def is_loopback(url):
    host = urllib.parse.urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise Failure(f"no JSON in an answer of status {self.status}") from None


class Http:
    """Requests to one base URL. It follows no redirect and prints no body."""

    def __init__(self, base):
        parts = urllib.parse.urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Failure(f"no http:// or https:// address: {base}")
        if parts.scheme == "http" and not is_loopback(base):
            raise Failure("tokens are sent over https:// only, except to this machine")
        self.base = base.rstrip("/")
        proxies = {} if is_loopback(base) else None
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies), _NoRedirect)

    def call(self, method, path, token=None, body=None, headers=None, timeout=HTTP_TIMEOUT_S):
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if isinstance(body, (dict, list)):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        url = path if "://" in path else self.base + path
        request = urllib.request.Request(url, data=body, headers=headers, method=method)
        try:
            with self.opener.open(request, timeout=timeout) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())
        except (urllib.error.URLError, OSError) as error:
            why = getattr(error, "reason", error)
            raise Failure(f"{method} {urllib.parse.urlsplit(url).path}: no answer ({why})") from None
