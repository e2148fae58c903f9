import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationOf } from '../config';
import { environmentNames, problems, validated, type EnvironmentConfig } from '../lib/config';

const production = configurationOf('production');

test('every environment is valid and named after itself', () => {
  for (const name of environmentNames) {
    const config = configurationOf(name);
    assert.equal(config.name, name);
    assert.deepEqual(problems(config), []);
  }
});

test('a missing or unknown environment is told with those there are', () => {
  assert.throws(() => configurationOf(undefined), /no environment is named: say -c env=development\|staging\|production/);
  assert.throws(() => configurationOf('prod'), /there is no environment prod/);
});

test('every problem is told at once, by the name of what is wrong', () => {
  const wrong: EnvironmentConfig = {
    ...production,
    region: 'Singapore',
    network: { ...production.network, cidr: '10.0.0.0/8', natGateways: 4, egressPorts: [5432] },
    gpu: { ...production.gpu, instanceTypes: ['m5.large'] },
    cpu: { ...production.cpu, vcpu: 4, memoryMiB: 4096, scaling: { ...production.cpu.scaling, minTasks: 0, quietMinutes: 2 } },
    logRetentionDays: 31,
    keepData: false,
    alarms: { ...production.alarms, email: 'nobody', queueDepth: 0 },
    edge: { waf: { requestsPer5Minutes: 1, requireOriginSecret: false }, domainName: 'https://api' },
  };
  const found = problems(wrong);
  for (const name of [
    'region', 'network.cidr', 'network.natGateways', 'network.egressPorts', 'gpu.instanceTypes', 'cpu.memoryMiB', 'cpu.scaling.minTasks',
    'cpu.scaling.quietMinutes', 'logRetentionDays', 'keepData', 'alarms.email', 'alarms.queueDepth', 'edge.waf.requestsPer5Minutes', 'edge.domainName',
  ]) {
    assert.ok(found.some((problem) => problem.startsWith(name)), `${name} is not among:\n${found.join('\n')}`);
  }
  assert.throws(() => validated(wrong), (error: Error) => found.every((problem) => error.message.includes(problem)));
});

test('address ranges of environments do not overlap: they may have to be connected', () => {
  const ranges = environmentNames.map((name) => configurationOf(name).network.cidr.split('.').slice(0, 2).join('.'));
  assert.equal(new Set(ranges).size, ranges.length);
});

test('no configuration or source names an account', async () => {
  const { readFileSync, readdirSync } = await import('node:fs');
  for (const folder of ['bin', 'config', 'lib']) {
    for (const file of readdirSync(folder)) {
      assert.doesNotMatch(readFileSync(`${folder}/${file}`, 'utf8'), /\b\d{12}\b/, `${folder}/${file}`);
    }
  }
});
