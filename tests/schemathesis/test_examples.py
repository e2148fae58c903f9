"""Every example of docs/openapi.json is what its schema says, and has no member that the schema does not know."""

import json
import unittest
from pathlib import Path

import jsonschema_rs

ROOT = Path(__file__).resolve().parents[2]


def contents(node, place, found):
    """Collects each `content` entry with a schema, with the path that leads to it."""
    if isinstance(node, dict):
        for key, member in node.items():
            inner = f"{place}/{key}"
            if key == "content" and isinstance(member, dict):
                found.extend((inner, entry) for entry in member.values())
            contents(member, inner, found)
    elif isinstance(node, list):
        for item in node:
            contents(item, place, found)


def closed(document):
    """The components, closed: answers may grow, but an example may not have what the document does not say."""
    components = json.loads(json.dumps(document["components"]))
    text = json.dumps(document, separators=(",", ":"))
    for name, schema in components["schemas"].items():
        # A part of another schema is closed by the whole.
        is_part = f'"allOf":[{{"$ref":"#/components/schemas/{name}"' in text
        is_object = schema.get("type") == "object" and "properties" in schema
        if not is_part and (is_object or "allOf" in schema):
            schema["unevaluatedProperties"] = False
    return components


def examples(document):
    """Each example with its place, its content entry and its value."""
    found = []
    contents(document["paths"], "", found)
    for place, content in found:
        for example in content.get("examples", {}).values():
            yield place, content, example["value"]
        if "example" in content:
            yield place, content, content["example"]


def wrong(document):
    """What is wrong with the examples of a document, and how many there are."""
    components = closed(document)
    errors, checked = [], 0
    for place, content, example in examples(document):
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [content["schema"]],
            "components": components,
        }
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        errors.extend(f"{place}: {error} in {example}" for error in validator.iter_errors(example))
        checked += 1
    return errors, checked


class Examples(unittest.TestCase):
    def setUp(self):
        self.document = json.loads((ROOT / "docs/openapi.json").read_text())

    def test_every_example_is_what_its_schema_says(self):
        errors, checked = wrong(self.document)
        self.assertEqual(errors, [])
        self.assertGreater(checked, 100)

    def test_a_member_beyond_the_schema_is_found(self):
        _, _, example = next(entry for entry in examples(self.document) if isinstance(entry[2], dict))
        example["beyond"] = 1
        errors, _ = wrong(self.document)
        self.assertTrue(any("beyond" in error for error in errors), errors)

    def test_a_wrong_format_is_found(self):
        example = next(e for _, _, e in examples(self.document) if isinstance(e, dict) and "correlationId" in e)
        example["correlationId"] = "!"
        errors, _ = wrong(self.document)
        self.assertEqual(len(errors), 1)


if __name__ == "__main__":
    unittest.main()
