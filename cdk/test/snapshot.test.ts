import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Template } from 'aws-cdk-lib/assertions';
import { guardedProduction, stacksOf } from './synth';

/** Tests run in build/; what they compare with is beside the sources. */
const folder = 'test/snapshots';
const isBlessing = process.env['FILOT_BLESS'] === '1';

const { foundation, worker, edge } = stacksOf(guardedProduction());

for (const [name, stack] of Object.entries({ foundation, worker, edge: edge! })) {
  test(`production's ${name} stack is the one that was looked at (npm run test:update takes a new one)`, () => {
    const file = `${folder}/${name}.json`;
    const now = `${JSON.stringify(Template.fromStack(stack).toJSON(), null, 1)}\n`;
    if (isBlessing || !existsSync(file)) {
      assert.ok(isBlessing || process.env['CI'] === undefined, `${file} is missing`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, now);
    }
    assert.equal(now, readFileSync(file, 'utf8'));
  });
}
