import assert from 'node:assert/strict';
import { test } from 'node:test';
import contract from '../lib/contract.json';
import { environmentNames } from '../lib/config';
import { resources, template, text, type Json } from './synth';

const all = (environment: (typeof environmentNames)[number]) => resources(template(environment, 'worker'), 'AWS::CloudWatch::Alarm').map((each) => each.Properties);
const isScaling = (alarm: Json) => alarm.AlarmName.includes('-scaling-');
const metricsOf = (alarm: Json): Json[] =>
  alarm.Metrics ? alarm.Metrics.filter((each: Json) => each.MetricStat).map((each: Json) => each.MetricStat.Metric) : [alarm];

test('the alarms that were asked for are there, with the thresholds of the configuration', () => {
  const thresholds = Object.fromEntries(all('production').filter((each) => !isScaling(each)).map((each) => [each.AlarmName.replace('filot-production-', ''), each.Threshold]));
  assert.deepEqual(thresholds, {
    'api-errors': 1,
    'api-slow': 3000,
    'breaker-open': 2,
    'buli2-retries': 50,
    'cpu-dead-letters': 0,
    'cpu-queue-age': 900,
    'cpu-queue-depth': 100,
    'cpu-worker-down': 1,
    'cpu-worker-memory': 90,
    'cpu-worker-missing': 0,
    'gpu-dead-letters': 0,
    'gpu-queue-age': 900,
    'gpu-queue-depth': 100,
    'gpu-worker-down': 1,
    'gpu-worker-memory': 90,
    'gpu-worker-missing': 0,
    'processing-slow': 60_000,
    'redis-unavailable': 0,
    'review-age': 86_400,
    'verification-slow': 300_000,
    'workers-idle': 1,
  });
});

test('every alarm calls somebody, says so when it is over, and says where to read on', () => {
  for (const environment of environmentNames) {
    for (const alarm of all(environment).filter((each) => !isScaling(each))) {
      for (const actions of [alarm.AlarmActions, alarm.OKActions]) {
        assert.deepEqual(actions.map(text), [`arn:\${AWS::Partition}:sns:ap-southeast-1:\${AWS::AccountId}:filot-alarms-${environment}`], alarm.AlarmName);
      }
      const section = /Runbook: docs\/runbook\.md#([a-z0-9-]+)$/.exec(alarm.AlarmDescription)?.[1];
      assert.ok(section && contract.runbookSections.includes(section), alarm.AlarmDescription);
      assert.equal(alarm.TreatMissingData, 'notBreaching');
    }
  }
});

test('metrics of the product are looked at with the dimensions they are written with', () => {
  const known = contract.metrics.dimensions as Record<string, string[]>;
  let seen = 0;
  for (const alarm of all('production')) {
    for (const metric of metricsOf(alarm).filter((each) => each.Namespace === contract.metrics.namespace)) {
      seen += 1;
      assert.deepEqual((metric.Dimensions ?? []).map((each: Json) => each.Name), known[metric.MetricName], metric.MetricName);
    }
  }
  assert.ok(seen >= 6);
});

test('every section of the runbook that is listed is referred to', () => {
  const production = JSON.stringify([template('production', 'worker').toJSON(), template('production', 'foundation').toJSON()]);
  for (const section of contract.runbookSections) {
    assert.ok(production.includes(`docs/runbook.md#${section}`), section);
  }
});

test('the dashboard shows every metric of the product that alarms, decisions and stages are made of', () => {
  const [dashboard] = resources(template('production', 'worker'), 'AWS::CloudWatch::Dashboard');
  const body = text(dashboard.Properties.DashboardBody);
  const widgets = JSON.parse(body.replaceAll(/\$\{[^}]*\}/g, 'reference')).widgets;
  assert.ok(widgets.length >= 20);
  for (const name of Object.keys(contract.metrics.dimensions).filter((each) => each !== 'filot.queue_length')) {
    assert.ok(body.includes(name), name);
  }
  for (const title of ['Requests', 'Latency', 'Errors', 'Throttles', 'gpu queue', 'cpu queue', 'Dead letters', 'Tasks', 'Decisions']) {
    assert.ok(widgets.some((each: Json) => each.properties.title === title), title);
  }
});
