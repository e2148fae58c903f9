import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match } from 'aws-cdk-lib/assertions';
import contract from '../lib/contract.json';
import { environmentNames } from '../lib/config';
import { resources, template, templatesOf, type Json } from './synth';

test('nobody may connect to anything, in any environment', () => {
  for (const environment of environmentNames) {
    for (const [name, stack] of Object.entries(templatesOf(environment))) {
      stack.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
      for (const group of resources(stack, 'AWS::EC2::SecurityGroup')) {
        assert.equal(group.Properties.SecurityGroupIngress, undefined, `${environment} ${name}`);
      }
      stack.resourceCountIs('AWS::ElasticLoadBalancingV2::LoadBalancer', 0);
    }
  }
});

test('workers may connect to a few ports only', () => {
  const [group] = resources(template('production', 'foundation'), 'AWS::EC2::SecurityGroup');
  assert.deepEqual(group.Properties.SecurityGroupEgress.map((rule: Json) => [rule.IpProtocol, rule.FromPort, rule.ToPort]), [
    ['tcp', 443, 443],
    ['tcp', 5432, 5432],
    ['tcp', 6379, 6379],
  ]);
});

test('production has two gateways in three zones, development none and public addresses', () => {
  template('production', 'foundation').resourceCountIs('AWS::EC2::NatGateway', 2);
  template('production', 'foundation').resourceCountIs('AWS::EC2::Subnet', 6);
  template('staging', 'foundation').resourceCountIs('AWS::EC2::NatGateway', 1);
  template('development', 'foundation').resourceCountIs('AWS::EC2::NatGateway', 0);
  template('development', 'foundation').resourceCountIs('AWS::EC2::Subnet', 2);
  const publicIp = (environment: 'production' | 'development') =>
    resources(template(environment, 'worker'), 'AWS::ECS::Service').map((each) => each.Properties.NetworkConfiguration?.AwsvpcConfiguration.AssignPublicIp);
  assert.deepEqual(publicIp('production'), [undefined, 'DISABLED']);
  assert.deepEqual(publicIp('development'), ['ENABLED']);
});

test('S3 is reached past the gateways, and what flows is logged', () => {
  const foundation = template('production', 'foundation');
  foundation.hasResourceProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' });
  foundation.hasResourceProperties('AWS::EC2::FlowLog', { TrafficType: 'ALL', LogDestinationType: 'cloud-watch-logs' });
});

test('images are scanned, kept a while, and their tags never move', () => {
  const repositories = resources(template('production', 'foundation'), 'AWS::ECR::Repository');
  assert.deepEqual(repositories.map((each) => each.Properties.RepositoryName), ['filot-production/gpu-worker', 'filot-production/cpu-worker']);
  for (const { Properties, DeletionPolicy } of repositories) {
    assert.equal(Properties.ImageScanningConfiguration.ScanOnPush, true);
    assert.equal(Properties.ImageTagMutability, 'IMMUTABLE');
    assert.equal(JSON.parse(Properties.LifecyclePolicy.LifecyclePolicyText).rules.length, 2);
    assert.equal(DeletionPolicy, 'Retain');
  }
  template('production', 'foundation').hasResourceProperties('AWS::Events::Rule', { EventPattern: Match.objectLike({ 'detail-type': ['ECR Image Scan'] }) });
});

test('the alarm topic is encrypted with a key that alarms may use', () => {
  const foundation = template('production', 'foundation');
  foundation.hasResourceProperties('AWS::SNS::Topic', { TopicName: 'filot-alarms-production', KmsMasterKeyId: Match.anyValue() });
  foundation.hasResourceProperties('AWS::KMS::Key', {
    EnableKeyRotation: true,
    KeyPolicy: { Statement: Match.arrayWith([Match.objectLike({ Principal: { Service: 'cloudwatch.amazonaws.com' }, Action: ['kms:Decrypt', 'kms:GenerateDataKey*'] })]) },
  });
  foundation.hasResourceProperties('AWS::SNS::TopicPolicy', {
    PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })]) },
  });
});

test('sessions of ECS Exec are logged', () => {
  template('production', 'foundation').hasResourceProperties('AWS::ECS::Cluster', {
    Configuration: { ExecuteCommandConfiguration: { Logging: 'OVERRIDE', LogConfiguration: { CloudWatchLogGroupName: Match.anyValue() } } },
  });
});

test('every log group is kept for its environment’s time, and in production outlives its stack', () => {
  for (const [environment, days, policy] of [['production', 365, 'Retain'], ['staging', 90, 'Delete'], ['development', 14, 'Delete']] as const) {
    for (const stack of Object.values(templatesOf(environment))) {
      for (const group of resources(stack, 'AWS::Logs::LogGroup')) {
        assert.equal(group.Properties.RetentionInDays, days);
        assert.equal(group.DeletionPolicy, policy);
      }
    }
  }
});

test('the outputs that others are promised are there', () => {
  for (const environment of environmentNames) {
    for (const output of contract.foundationOutputs) {
      assert.ok(template(environment, 'foundation').toJSON().Outputs[output], output);
    }
  }
  for (const output of contract.workerOutputs) {
    assert.ok(template('production', 'worker').toJSON().Outputs[output], output);
  }
});
