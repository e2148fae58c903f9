"""ops/smoke and ops/load-test against a correct API, and against one with a single defect at a time."""

import json
import re
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support import WithFakeAws

CARD = b"\xff\xd8\xff a card"
SECURE = {
    "X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000", "Content-Security-Policy": "default-src 'self'",
}


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wrong = None
    documents, sessions, looks = {}, set(), 0

    @classmethod
    def reset(cls, wrong=None):
        cls.wrong, cls.documents, cls.sessions, cls.looks = wrong, {}, set(), 0

    def log_message(self, *_):
        pass

    def answer(self, status, body=None, kind="application/json"):
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        for name, value in SECURE.items():
            if not (Api.wrong == "header" and name == "X-Frame-Options"):
                self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("X-Correlation-Id", self.headers.get("X-Correlation-Id") or "theirs")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def refuse(self, status):
        self.answer(status, {"code": "refused", "status": status}, "application/problem+json")

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, token = self.path.split("?")[0].removeprefix("/stage"), (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        call = f"{self.command} {path}"
        if Api.wrong == "slow":
            time.sleep(0.02)
        if call == "GET /health":
            good = Api.wrong != "database"
            return self.answer(200, {"environment": "staging", "databaseConnected": good, "redisConnected": True, "queueReachable": True})
        if call == "GET /openapi.json":
            return self.answer(200, {"openapi": "3.1.0", "paths": {}})
        if path == "/file":
            return self.answer(200, b"other" if Api.wrong == "file" else CARD, "image/jpeg")
        if token == "stack-token" and call in ("POST /auth/register", "POST /auth/login"):
            Api.sessions.add("access-token")
            return self.answer(200, {"accessToken": "access-token", "refreshToken": "refresh-token"})
        if call == "POST /auth/refresh":
            return self.answer(200, {"accessToken": "access-token", "refreshToken": "refresh-token"})
        if call in ("GET /metrics", "POST /internal/ocr/queue") and token == "service-token":
            return self.answer(200, {"stuck": {"count": 0}})
        if token not in Api.sessions and Api.wrong != "open":
            return self.refuse(401)
        if call == "POST /auth/logout":
            Api.sessions.clear()
            return self.answer(204)
        if call == "POST /documents/upload":
            key = self.headers["Idempotency-Key"]
            if CARD not in body or b'name="type"' not in body:
                return self.refuse(422)
            document = Api.documents.setdefault(key if Api.wrong != "twice" else str(len(Api.documents)), f"document-{len(Api.documents)}")
            return self.answer(201, {"document": {"id": document}})
        if call in ("GET /auth/me", "GET /documents"):
            return self.answer(200, {"documents": list(Api.documents.values())})
        named = next((d for d in Api.documents.values() if d in path), None)
        if named is None:
            return self.refuse(404)
        if self.command == "DELETE":
            if Api.wrong != "kept":
                Api.documents.clear()
            return self.answer(204)
        if path.startswith("/verification/status/"):
            Api.looks += 1
            if Api.looks < 3 or Api.wrong == "undecided":
                return self.answer(200, {"status": "processing", "verificationStatus": "pending"})
            return self.answer(200, {"status": "completed", "verificationStatus": "auto_approved", "score": 99})
        if path.endswith("/download"):
            return self.answer(200, {"url": f"http://{self.headers['Host']}/file?signature=very-secret"})
        return self.answer(200, {"document": {"fields": {"nik": {}}}})

    do_GET = do_POST = do_DELETE = handle_any


class WithApi(WithFakeAws):
    def setUp(self):
        super().setUp()
        server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}/stage"
        self.card = self.folder / "card.jpg"
        self.card.write_bytes(CARD)
        Api.reset()


class Smoke(WithApi):
    def smoke(self, *words, wrong=None, **environment):
        Api.reset(wrong)
        return self.run_program(
            "ops/smoke", "--url", self.url, "--file", str(self.card), "--interval", "0.01", "--deadline", "2", "--environment", "staging",
            *words, **{"FILOT_SMOKE_TOKEN": "stack-token", "FILOT_SERVICE_KEY": "service-token"} | environment,
        )

    def test_what_is_right_passes_and_nothing_is_left(self):
        done = self.smoke("--expect", "auto_approved")
        self.assertEqual(0, done.returncode, done.said)
        self.assertEqual(({}, set()), (Api.documents, Api.sessions))
        for secret in ("stack-token", "access-token", "refresh-token", "service-token", "very-secret"):
            self.assertNotIn(secret, done.said)

    def test_each_thing_that_is_wrong_is_found(self):
        for wrong, word in (
            ("database", "databaseConnected"), ("header", "x-frame-options"), ("open", "of a stranger"), ("file", "the link yields"),
            ("twice", "is the same document"), ("kept", "it is gone"),
        ):
            done = self.smoke(wrong=wrong)
            self.assertEqual(1, done.returncode, f"{wrong}: {done.said}")
            failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
            self.assertTrue(any(word in line for line in failed), f"{wrong}: {failed}")

    def test_another_decision_than_expected_is_wrong(self):
        self.assertEqual(1, self.smoke("--expect", "auto_rejected").returncode)

    def test_no_decision_in_time_is_told_apart_and_the_card_is_deleted(self):
        done = self.smoke("--deadline", "0.2", wrong="undecided")
        self.assertEqual(2, done.returncode, done.said)
        self.assertEqual({}, Api.documents)

    def test_a_token_may_come_from_a_command(self):
        self.assertEqual(0, self.smoke(FILOT_SMOKE_TOKEN="", FILOT_SMOKE_TOKEN_COMMAND="echo stack-token").returncode)
        self.assertEqual(1, self.smoke(FILOT_SMOKE_TOKEN="", FILOT_SMOKE_TOKEN_COMMAND="false").returncode)

    def test_without_a_token_it_says_what_it_needs(self):
        self.assertEqual(64, self.smoke(FILOT_SMOKE_TOKEN="").returncode)
        self.assertEqual(0, self.smoke("--no-upload", FILOT_SMOKE_TOKEN="").returncode)

    def test_tokens_are_not_sent_in_clear(self):
        done = self.run_program("ops/smoke", "--url", "http://api.example/staging", "--no-upload")
        self.assertEqual(1, done.returncode)
        self.assertIn("https://", done.said)


class Load(WithApi):
    def load(self, *words, url=None, **environment):
        return self.run_program("ops/load-test", "--url", url or self.url, *words, **environment)

    def test_it_counts_and_times(self):
        Api.reset("slow")
        done = self.load("--requests", "20", "--callers", "4")
        self.assertEqual(0, done.returncode, done.said)
        self.assertIn("20 requests by 4 callers", done.said)
        self.assertIn("200: 20 (100.0 %)", done.said)
        self.assertGreaterEqual(float(re.search(r"p50 ([0-9.]+)", done.said)[1]), 20)

    def test_wrong_answers_fail_it(self):
        done = self.load("--requests", "5", "--path", "/auth/me")
        self.assertEqual(1, done.returncode)
        self.assertIn("wrong 100.00 %", done.said)

    def test_uploads_are_uploads(self):
        Api.sessions.add("access-token")
        done = self.load("--requests", "3", "--upload", str(self.card), FILOT_ACCESS_TOKEN="access-token")
        self.assertEqual(0, done.returncode, done.said)
        self.assertIn("201: 3", done.said)

    def test_it_has_bounds_and_keeps_to_this_machine(self):
        for words in (
            ("--requests", "0"), ("--requests", "999999999"), ("--callers", "100000"), ("--seconds", "100000"), ("--rate", "0"),
            ("--upload", "no-such.jpg"),
        ):
            self.assertEqual(64, self.load(*words).returncode, words)
        self.assertEqual(64, self.load(url="https://api.example/staging").returncode)
        self.assertEqual(0, self.load("--yes-remote", "--dry-run", url="https://api.example/staging").returncode)

    def test_it_ends_in_time(self):
        Api.reset("slow")
        began = time.monotonic()
        self.assertEqual(0, self.load("--requests", "100000", "--seconds", "0.3", "--callers", "2").returncode)
        self.assertLess(time.monotonic() - began, 5)


if __name__ == "__main__":
    unittest.main()
