"""ops/requeue: which message counts as a document's, and that nothing changes without --apply."""

import importlib.machinery
import importlib.util
import json
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from support import ROOT, WithFakeAws

sys.path.insert(0, str(ROOT / "ops/lib"))
loader = importlib.machinery.SourceFileLoader("requeue", str(ROOT / "ops/requeue"))
requeue = importlib.util.module_from_spec(importlib.util.spec_from_loader("requeue", loader))
sys.dont_write_bytecode = True
loader.exec_module(requeue)

ID = "01a20066-fb9e-74bb-bdd7-ab3150d5560c"
LETTERS, HOME = "filot-ocr-cpu-dead-letters-staging", "filot-ocr-cpu-staging"


def body(**changes):
    return json.dumps({"documentId": ID, "correlationId": "c-1", "enqueuedAt": "2026-11-21T23:00:00.123456789Z"} | changes)


def letter(name, text):
    return {"MessageId": name, "Body": text, "seen": False}


class Messages(unittest.TestCase):
    def test_only_a_documents_message_is_one(self):
        self.assertEqual(ID, requeue.document_of(body()))
        self.assertEqual(ID, requeue.document_of(body(enqueuedAt="2026-11-21T23:00:00+00:00")))
        for wrong in (
            "", "no json", "[]", "null", '"text"', body(documentId="3174095203900001"), body(documentId=7), body(correlationId=None),
            body(correlationId="two words"), body(enqueuedAt="yesterday"), json.dumps({"documentId": ID}),
        ):
            self.assertIsNone(requeue.document_of(wrong), wrong)


class Letters(WithFakeAws):
    def setUp(self):
        super().setUp()
        self.given(queues={LETTERS: [letter("m1", body()), letter("m2", "3174095203900001 is nobody's business"), letter("m3", body())]})

    def bodies(self, queue):
        return [message["Body"] for message in self.state["queues"].get(queue, [])]

    def test_looking_changes_nothing_and_shows_ids_only(self):
        done = self.run_program("ops/requeue", "staging", "dead-letters", "--queue", "cpu")
        self.assertEqual(0, done.returncode, done.said)
        self.assertEqual(3, len(self.bodies(LETTERS)))
        self.assertEqual([], self.bodies(HOME))
        self.assertIn(f"dead letter m1: document {ID}", done.said)
        self.assertNotIn("3174095203900001", done.said)

    def test_a_dry_run_wins(self):
        self.run_program("ops/requeue", "staging", "dead-letters", "--queue", "cpu", "--apply", "--dry-run")
        self.assertEqual(3, len(self.bodies(LETTERS)))

    def test_a_documents_letters_go_home_and_the_others_stay(self):
        done = self.run_program("ops/requeue", "staging", "dead-letters", "--queue", "cpu", "--apply")
        self.assertEqual(0, done.returncode, done.said)
        self.assertEqual([body(), body()], self.bodies(HOME))
        self.assertEqual(1, len(self.bodies(LETTERS)))
        self.assertNotIn("3174095203900001", done.said + "\n".join(self.calls))
        sent = [n for n, call in enumerate(self.calls) if "send-message" in call]
        deleted = [n for n, call in enumerate(self.calls) if "delete-message" in call]
        self.assertTrue(all(a < b for a, b in zip(sent, deleted)), "first the copy, then the deletion")

    def test_no_more_than_asked_for(self):
        self.run_program("ops/requeue", "staging", "dead-letters", "--queue", "cpu", "--apply", "--max", "1")
        self.assertEqual(1, len(self.bodies(HOME)))
        self.assertEqual(64, self.run_program("ops/requeue", "staging", "stuck", "--max", "100000").returncode)

    def test_what_cannot_be_parsed_goes_only_when_told(self):
        self.run_program("ops/requeue", "staging", "dead-letters", "--queue", "cpu", "--apply", "--drop-unparseable")
        self.assertEqual([], self.bodies(LETTERS))
        self.assertEqual(2, len(self.bodies(HOME)))


class Api(BaseHTTPRequestHandler):
    keys = []

    def do_POST(self):
        Api.keys.append((self.path, self.headers["Authorization"]))
        rows = [("uploaded", "cpu", ID), ("receiving", None, ID[:-1] + "d"), ("ocr_completed", "gpu", ID[:-1] + "e")]
        stuck = [
            {"id": i, "status": s, "queue": q, "since": "2026-11-21T23:00:00Z", "attempts": 0, "enqueues": 3} for s, q, i in rows
        ]
        answer = json.dumps({"stuck": {"count": 3, "documents": stuck}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Stuck(WithFakeAws):
    def setUp(self):
        super().setUp()
        Api.keys.clear()
        server = HTTPServer(("127.0.0.1", 0), Api)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.environment["FILOT_API_URL"] = f"http://127.0.0.1:{server.server_port}/staging"
        self.given(secrets={"filot/service-internal-key": ["first-key,second-key"]})

    def test_each_gets_a_message_that_the_worker_can_parse(self):
        done = self.run_program("ops/requeue", "staging", "stuck", "--apply")
        self.assertEqual(0, done.returncode, done.said)
        queues = self.state["queues"]
        self.assertEqual([ID], [requeue.document_of(m["Body"]) for m in queues["filot-ocr-cpu-staging"]])
        self.assertEqual([ID[:-1] + "e"], [requeue.document_of(m["Body"]) for m in queues["filot-ocr-gpu-staging"]])
        self.assertEqual([("/staging/internal/ocr/queue", "Bearer first-key")], Api.keys)
        self.assertNotIn("first-key", done.said)

    def test_looking_sends_nothing_and_one_may_be_chosen(self):
        done = self.run_program("ops/requeue", "staging", "stuck")
        self.assertIn("2 messages would be sent", done.said)
        self.assertEqual({}, self.state["queues"])
        done = self.run_program("ops/requeue", "staging", "stuck", "--apply", "--document", ID)
        self.assertIn("1 messages sent", done.said)


if __name__ == "__main__":
    unittest.main()
