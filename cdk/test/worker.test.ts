import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import contract from '../lib/contract.json';
import { environmentNames } from '../lib/config';
import { grants, resources, template, text, type Json } from './synth';

const worker = template('production', 'worker');
const task = (kind: 'gpu' | 'cpu') =>
  resources(worker, 'AWS::ECS::TaskDefinition').find((each) => each.Properties.Family === `filot-${kind}-worker-production`).Properties;
const container = (kind: 'gpu' | 'cpu') => task(kind).ContainerDefinitions[0];

/** A role's grants without those of ECS Exec, which are the same for all. */
const own = (role: string, from = worker) => grants(from, role).filter((line) => !/ (ssmmessages|logs):/.test(line));

const secrets = (role: string) => own(role).filter((line) => line.includes(':GetSecretValue '));

function expectedOf(kind: string, other: string): string[] {
  return [
    'Allow lambda:InvokeFunction ${filotproductionfunctionsscoringarn}',
    'Allow secretsmanager:BatchGetSecretValue *',
    ...[...contract.workerSecrets.map((name) => `${name}-??????`), ...contract.optionalWorkerSecrets].map((name) => `Allow secretsmanager:GetSecretValue arn:\${AWS::Partition}:secretsmanager:ap-southeast-1:\${AWS::AccountId}:secret:${name}`),
    ...['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage'].map((action) => `Allow sqs:${action} \${filotproductionqueuesocr${kind}arn}`),
    `Allow sqs:SendMessage \${filotproductionqueuesocr${other}arn}`,
  ].sort();
}

test('the worker on a GPU may do exactly what its code does', () => {
  assert.deepEqual(own('GpuTaskRole'), expectedOf('gpu', 'cpu'));
  assert.deepEqual(secrets('GpuTaskRole').filter((line) => !line.endsWith('-??????')).map((line) => line.split(':secret:')[1]), ['filot/redis-password']);
});

test('the worker on a CPU may do exactly what its code does', () => {
  assert.deepEqual(own('CpuTaskRole'), expectedOf('cpu', 'gpu'));
});

test('ECS Exec adds its channel and its log, and nothing else', () => {
  for (const role of ['GpuTaskRole', 'CpuTaskRole']) {
    const more = grants(worker, role).filter((line) => / (ssmmessages|logs):/.test(line));
    assert.deepEqual(more, [
      ...['CreateLogStream', 'DescribeLogStreams', 'PutLogEvents'].flatMap((action) => [
        `Allow logs:${action} arn:\${AWS::Partition}:logs:ap-southeast-1:\${AWS::AccountId}:log-group:/ecs/filot-exec-production:*`,
      ]),
      'Allow logs:DescribeLogGroups *',
      ...['CreateControlChannel', 'CreateDataChannel', 'OpenControlChannel', 'OpenDataChannel'].map((action) => `Allow ssmmessages:${action} *`),
    ].sort());
  }
});

test('starting a task takes one repository and one log group', () => {
  assert.deepEqual(grants(worker, 'GpuExecutionRole'), [
    'Allow ecr:BatchCheckLayerAvailability arn:${AWS::Partition}:ecr:ap-southeast-1:${AWS::AccountId}:repository/filot-production/gpu-worker',
    'Allow ecr:BatchGetImage arn:${AWS::Partition}:ecr:ap-southeast-1:${AWS::AccountId}:repository/filot-production/gpu-worker',
    'Allow ecr:GetAuthorizationToken *',
    'Allow ecr:GetDownloadUrlForLayer arn:${AWS::Partition}:ecr:ap-southeast-1:${AWS::AccountId}:repository/filot-production/gpu-worker',
    'Allow logs:CreateLogStream ${GpuLogs4B061003.Arn}',
    'Allow logs:PutLogEvents ${GpuLogs4B061003.Arn}',
  ]);
});

test('the instance’s role is for the ECS agent of this cluster', () => {
  const lines = grants(worker, 'GpuCapacityInstanceRole');
  assert.ok(lines.every((line) => line.startsWith('Allow ecs:')), lines.join('\n'));
  assert.deepEqual(lines.filter((line) => line.endsWith(' *')), ['Allow ecs:DiscoverPollEndpoint *']);
  assert.ok(resources(worker, 'AWS::IAM::Role').every((role) => role.Properties.ManagedPolicyArns === undefined));
});

test('no variable of a task holds a secret, and the task fetches none', () => {
  for (const environment of environmentNames) {
    for (const { Properties } of resources(template(environment, 'worker'), 'AWS::ECS::TaskDefinition')) {
      for (const definition of Properties.ContainerDefinitions) {
        assert.equal(definition.Secrets, undefined);
        const names = definition.Environment.map((each: Json) => each.Name);
        const switches = ['AWS_REGION', 'FILOT_ENV', 'LOG_LEVEL', 'NVIDIA_DRIVER_CAPABILITIES', 'OCR_GPU_ENABLED', 'WORKER_QUEUES'];
        const known = [...switches, 'OCR_CPU_QUEUE_URL', 'OCR_GPU_QUEUE_URL', 'SCORING_FUNCTION'];
        assert.deepEqual(names.filter((name: string) => !known.includes(name)), []);
        // What has no default must be there: docs/configuration.md.
        for (const required of ['FILOT_ENV', 'OCR_CPU_QUEUE_URL', 'OCR_GPU_QUEUE_URL', 'SCORING_FUNCTION']) {
          assert.ok(names.includes(required), required);
        }
        assert.doesNotMatch(JSON.stringify(definition.Environment), /resolve:secretsmanager|arn:aws:secretsmanager/);
      }
    }
  }
});

test('a container can do little: no root, no capabilities, nothing to write on but memory', () => {
  for (const kind of ['gpu', 'cpu'] as const) {
    const definition = container(kind);
    assert.equal(definition.User, '10001:10001');
    assert.equal(definition.Privileged, undefined);
    assert.equal(definition.ReadonlyRootFilesystem, true);
    assert.deepEqual(definition.LinuxParameters.Capabilities, { Drop: ['ALL'] });
    assert.deepEqual(definition.LinuxParameters.Tmpfs.map((each: Json) => each.ContainerPath), ['/tmp', '/var/lib/amazon', '/var/log/amazon']);
    assert.equal(definition.PortMappings, undefined);
  }
});

test('a container has an init process, a health check, and longer to stop than it takes', () => {
  for (const kind of ['gpu', 'cpu'] as const) {
    const definition = container(kind);
    assert.equal(definition.LinuxParameters.InitProcessEnabled, true);
    assert.match(definition.HealthCheck.Command.join(' '), /8080.*GET \/health/);
    assert.ok(definition.StopTimeout >= 35);
    assert.deepEqual(definition.Ulimits, [{ Name: 'nofile', SoftLimit: 65536, HardLimit: 65536 }]);
    assert.match(text(definition.Image), new RegExp(`repository|/filot-production/${kind}-worker:\\$\\{ImageTag\\}`));
  }
});

test('the health check understands what the worker answers', async () => {
  const { createServer } = await import('node:http');
  const { spawn } = await import('node:child_process');
  const [, shell, ...args] = container('gpu').HealthCheck.Command as string[];
  for (const [status, exit] of [[200, 0], [503, 1]] as const) {
    const server = createServer((_, answer) => answer.writeHead(status).end('{}')).listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const { port } = server.address() as { port: number };
    const child = spawn(shell ?? '', args.map((each) => each.replaceAll('8080', String(port))));
    const code = await new Promise((ended) => child.once('exit', ended));
    assert.equal(code, exit, `status ${status}`);
    server.close();
  }
});

test('a failed deployment is rolled back, and somebody is told', () => {
  const services = resources(worker, 'AWS::ECS::Service');
  assert.equal(services.length, 2);
  for (const { Properties } of services) {
    assert.deepEqual(Properties.DeploymentConfiguration.DeploymentCircuitBreaker, { Enable: true, Rollback: true });
    assert.equal(Properties.EnableExecuteCommand, true);
    // The scaling's, not the deployment's.
    assert.equal(Properties.DesiredCount, undefined);
  }
  worker.hasResourceProperties('AWS::Events::Rule', { EventPattern: Match.objectLike({ detail: { eventName: ['SERVICE_DEPLOYMENT_FAILED'] } }) });
  worker.hasResourceProperties('AWS::Events::Rule', { EventPattern: Match.objectLike({ 'detail-type': ['EC2 Instance Launch Unsuccessful'] }) });
});

test('GPU instances begin at none, are drained, encrypted, and keep their role to themselves', () => {
  const groups = resources(worker, 'AWS::AutoScaling::AutoScalingGroup');
  assert.deepEqual(groups.map((each) => [each.Properties.AutoScalingGroupName, each.Properties.MinSize, each.Properties.DesiredCapacity, each.Properties.MaxSize]), [
    ['filot-gpu-on-demand-production', '0', undefined, '4'],
    ['filot-gpu-spot-production', '0', undefined, '4'],
  ]);
  for (const { Properties } of groups) {
    assert.deepEqual(Properties.MixedInstancesPolicy.LaunchTemplate.Overrides, [{ InstanceType: 'g4dn.xlarge' }, { InstanceType: 'g5.xlarge' }]);
    assert.equal(Properties.NewInstancesProtectedFromScaleIn, true);
  }
  assert.deepEqual(groups.map((each) => each.Properties.MixedInstancesPolicy.InstancesDistribution.OnDemandPercentageAboveBaseCapacity), [100, 0]);
  for (const { Properties } of resources(worker, 'AWS::ECS::CapacityProvider')) {
    assert.equal(Properties.AutoScalingGroupProvider.ManagedTerminationProtection, 'ENABLED');
    assert.equal(Properties.AutoScalingGroupProvider.ManagedDraining, 'ENABLED');
    assert.equal(Properties.AutoScalingGroupProvider.ManagedScaling.Status, 'ENABLED');
  }
  const [template] = resources(worker, 'AWS::EC2::LaunchTemplate');
  const data = template.Properties.LaunchTemplateData;
  assert.deepEqual(data.MetadataOptions, { HttpTokens: 'required', HttpPutResponseHopLimit: 1 });
  assert.deepEqual(data.BlockDeviceMappings.map((each: Json) => each.Ebs), [{ DeleteOnTermination: true, Encrypted: true, VolumeSize: 50, VolumeType: 'gp3' }]);
  assert.match(text(data.UserData['Fn::Base64']), /ECS_ENABLE_SPOT_INSTANCE_DRAINING=true/);
  assert.equal(data.KeyName, undefined);
  const ami = Object.values<Json>(worker.toJSON().Parameters).find((each) => each.Type === 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>');
  assert.equal(ami?.Default, '/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id');
});

test('the first task runs on demand, the others on spot', () => {
  const [gpu, cpu] = resources(worker, 'AWS::ECS::Service').map((each) => each.Properties.CapacityProviderStrategy.map(({ Base, Weight }: Json) => [Base, Weight]));
  assert.deepEqual(gpu, [[1, 0], [undefined, 1]]);
  assert.deepEqual(cpu, [[1, 0], [undefined, 1]]);
  assert.deepEqual(container('gpu').ResourceRequirements, [{ Type: 'GPU', Value: '1' }]);
  assert.deepEqual(task('cpu').RuntimePlatform, { CpuArchitecture: 'X86_64', OperatingSystemFamily: 'LINUX' });
});

const policies = (kind: 'gpu' | 'cpu') =>
  Object.fromEntries(
    resources(worker, 'AWS::ApplicationAutoScaling::ScalingPolicy')
      .filter((each) => each.Properties.PolicyName.startsWith(`filot-${kind}-worker-production-`))
      .map(({ Properties }) => {
        const { AdjustmentType, StepAdjustments } = Properties.StepScalingPolicyConfiguration;
        const steps = StepAdjustments.map((step: Json) => [step.MetricIntervalLowerBound, step.MetricIntervalUpperBound, step.ScalingAdjustment]);
        return [Properties.PolicyName.split('-').at(-1), [AdjustmentType, ...steps]];
      }),
  );

const alarmOf = (name: string) => resources(worker, 'AWS::CloudWatch::Alarm').find((each) => each.Properties.AlarmName === name).Properties;
/** What an alarm watches, with the expressions that it refers to put in their place. */
function expressionOf(alarm: Json): string {
  const byId = new Map<string, Json>(alarm.Metrics.map((each: Json) => [each.Id, each]));
  const spell = (metric: Json): string =>
    metric.Expression
      ? metric.Expression.replaceAll(/\b[a-z]\w*\b/g, (id: string) => (byId.has(id) ? `(${spell(byId.get(id))})` : id))
      : metric.MetricStat.Metric.MetricName;
  return spell(alarm.Metrics.find((each: Json) => each.ReturnData !== false));
}

test('the GPU service sleeps, wakes on a message, grows with its backlog and goes back to sleep', () => {
  assert.deepEqual(policies('gpu'), {
    FromNothing: ['ChangeInCapacity', [0, undefined, 1]],
    Backlog: ['ChangeInCapacity', [0, 100, 1], [100, 300, 2], [300, undefined, 4]],
    TooMany: ['ChangeInCapacity', [undefined, 0, -1]],
    Quiet: ['ExactCapacity', [undefined, 0, 0]],
  });
  const targets = resources(worker, 'AWS::ApplicationAutoScaling::ScalableTarget').map((each) => [each.Properties.ResourceId, each.Properties.MinCapacity, each.Properties.MaxCapacity]);
  assert.deepEqual(targets, [
    ['service/filot-production/filot-gpu-worker-production', 0, 4],
    ['service/filot-production/filot-cpu-worker-production', 1, 10],
  ]);
  assert.deepEqual(policies('cpu')['Quiet'], ['ExactCapacity', [undefined, 0, 1]]);
});

test('the alarms behind the scaling look at messages per wanted task, and call nobody', () => {
  const name = 'filot-gpu-worker-production-scaling-';
  const waiting = '(ApproximateNumberOfMessagesVisible)';
  const wanted = `(MAX([(DesiredTaskCount), (${waiting} * 0)]))`;
  assert.equal(expressionOf(alarmOf(`${name}FromNothing`)), `IF((${wanted} < 1) AND (${waiting} > 0), 1, 0)`);
  assert.equal(expressionOf(alarmOf(`${name}Backlog`)), `${waiting} / IF(${wanted} < 1, 1, ${wanted})`);
  assert.equal(expressionOf(alarmOf(`${name}Quiet`)), `${waiting} + (ApproximateNumberOfMessagesNotVisible)`);
  assert.equal(alarmOf(`${name}Quiet`).EvaluationPeriods, 15);
  const limits = ['FromNothing', 'Backlog', 'TooMany', 'Quiet'].map((rule) => {
    const { ComparisonOperator, Threshold } = alarmOf(name + rule);
    return [ComparisonOperator.replace('Threshold', ''), Threshold];
  });
  // Strict, so that a step's bounds at the threshold itself do not matter.
  assert.deepEqual(limits, [['GreaterThan', 0.5], ['GreaterThan', 100], ['LessThan', 10], ['LessThan', 0.5]]);
  for (const rule of ['FromNothing', 'Backlog', 'TooMany', 'Quiet']) {
    const alarm = alarmOf(name + rule);
    assert.deepEqual(alarm.AlarmActions.map((each: Json) => each.Ref), [`GpuScaling${rule}Policy${alarm.AlarmActions[0].Ref.slice(-8)}`]);
    assert.equal(alarm.TreatMissingData, 'missing');
  }
});

test('without GPUs the CPU workers serve both queues', () => {
  const development = template('development', 'worker');
  development.resourceCountIs('AWS::AutoScaling::AutoScalingGroup', 0);
  const [only] = resources(development, 'AWS::ECS::TaskDefinition');
  const value = (name: string) => only.Properties.ContainerDefinitions[0].Environment.find((each: Json) => each.Name === name).Value;
  assert.equal(value('WORKER_QUEUES'), 'gpu,cpu');
  assert.equal(value('OCR_GPU_ENABLED'), 'false');
  const sqs = own('CpuTaskRole', development).filter((line) => line.includes('sqs:'));
  assert.equal(sqs.length, 10, sqs.join('\n'));
});
