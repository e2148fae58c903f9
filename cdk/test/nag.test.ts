import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Validations, type App } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { configurationOf } from '../config';
import { environmentNames } from '../lib/config';
import { guardedProduction, stacksOf, type Json } from './synth';

/** What validation found when an app was synthesised, whatever became of the synthesis. */
function violations(app: App): string[] {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  try {
    app.synth();
  } catch {
    // The report says what.
  } finally {
    process.exitCode = 0;
  }
  const report: Json = JSON.parse(readFileSync(join(app.outdir, 'validation-report.json'), 'utf8'));
  return report.pluginReports.flatMap((plugin: Json) =>
    plugin.violations.map((each: Json) => `${each.ruleName}: ${each.violatingConstructs.map((construct: Json) => construct.constructPath).join(', ')}`),
  );
}

test('cdk-nag finds nothing that has no reason', () => {
  for (const config of [...environmentNames.map(configurationOf), guardedProduction()]) {
    assert.deepEqual(violations(stacksOf(config).app), [], config.name);
  }
});

test('CloudFormation would take every template, as far as its schemas can tell', () => {
  assert.deepEqual(violations(stacksOf(guardedProduction(), true).app), []);
});

test('cdk-nag would say something', () => {
  const { app, worker } = stacksOf(configurationOf('development'));
  const role = new Role(worker, 'TooMuch', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
  role.addToPolicy(new PolicyStatement({ actions: ['s3:*'], resources: ['*'] }));
  assert.match(violations(app).join('\n'), /IAM5/);
});

test('every reason is one', () => {
  const { worker, foundation } = stacksOf(configurationOf('production'));
  let seen = 0;
  for (const construct of [...worker.node.findAll(), ...foundation.node.findAll()]) {
    for (const { data } of construct.node.metadata.filter((each) => each.type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)) {
      for (const [id, reason] of Object.entries<string>(data as Json)) {
        seen += 1;
        assert.ok(String(reason).split(' ').length >= 8, `${construct.node.path} ${id}: ${reason}`);
      }
    }
  }
  assert.ok(seen > 0);
});
