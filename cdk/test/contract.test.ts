import assert from 'node:assert/strict';
import { test } from 'node:test';
import contract from '../lib/contract.json';
import { environmentNames } from '../lib/config';
import { published } from '../lib/contract';
import { stacksOf, guardedProduction, templatesOf, type Json } from './synth';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';

/** Names of the SSM parameters that a template reads when it is deployed, Amazon's own left out. */
function read(template: Template): string[] {
  return Object.values<Json>(template.toJSON().Parameters ?? {})
    .filter((each) => each.Type.startsWith('AWS::SSM::Parameter::Value'))
    .map((each) => each.Default as string)
    .filter((name) => name.startsWith('/filot/'));
}

test('exactly the listed parameters of the SAM stack are read', () => {
  const { foundation, worker, edge } = stacksOf(guardedProduction());
  const names = [foundation, worker, edge!].flatMap((stack) => read(Template.fromStack(stack)));
  const listed = contract.ssmParameters.map((name) => name.replace('{environment}', 'production'));
  assert.deepEqual([...new Set(names)].sort(), listed.sort());
});

test('the foundation reads none of them: it is there before the SAM stack', () => {
  for (const environment of environmentNames) {
    assert.deepEqual(read(templatesOf(environment)['foundation']!), []);
  }
});

test('a parameter that is not listed is refused', () => {
  assert.throws(() => published(new Stack(), 'production', 'queues/other/url'), /is not in lib\/contract.json/);
});

test('no template names an account, a zone or an image of a machine', () => {
  for (const environment of environmentNames) {
    for (const template of Object.values(templatesOf(environment))) {
      const json = JSON.stringify(template.toJSON());
      assert.doesNotMatch(json, /\b\d{12}\b/);
      assert.doesNotMatch(json, /ap-southeast-1[abc]\b|\bami-[0-9a-f]{8,}/);
    }
  }
});
