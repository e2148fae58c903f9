import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { guardedProduction, resources, stacksOf, template, text, type Json } from './synth';

const plain = template('production', 'edge');
const { edge } = stacksOf(guardedProduction());
const guarded = Template.fromStack(edge!);
const rulesOf = (from: Template): Json[] => resources(from, 'AWS::WAFv2::WebACL')[0].Properties.Rules;
const rule = (from: Template, name: string) => rulesOf(from).find((each) => each.Name === name);

test('the web ACL stands before the stage that the SAM stack published', () => {
  const [association] = resources(plain, 'AWS::WAFv2::WebACLAssociation');
  assert.equal(text(association.Properties.ResourceArn), 'arn:${AWS::Partition}:apigateway:ap-southeast-1::/restapis/${filotproductionapiid}/stages/${filotproductionapistage}');
});

test('one address may send so many requests; behind the CDN the address is the one it names', () => {
  assert.deepEqual(rule(plain, 'rate').Statement.RateBasedStatement, { AggregateKeyType: 'IP', EvaluationWindowSec: 300, Limit: 10_000 });
  assert.deepEqual(rule(guarded, 'rate').Statement.RateBasedStatement.ForwardedIPConfig, { HeaderName: 'CF-Connecting-IP', FallbackBehavior: 'MATCH' });
  // Its word counts only after the secret was seen.
  assert.ok(rule(guarded, 'origin-secret').Priority < rule(guarded, 'rate').Priority);
  assert.equal(rule(plain, 'origin-secret'), undefined);
});

test('rules about bodies hold everywhere but where photographs are uploaded', () => {
  const counted = rule(plain, 'common').Statement.ManagedRuleGroupStatement.RuleActionOverrides.map((each: Json) => each.Name);
  assert.ok(counted.includes('SizeRestrictions_BODY'));
  const [labels, elsewhere] = rule(plain, 'bodies').Statement.AndStatement.Statements;
  assert.equal(labels.OrStatement.Statements.length, counted.length);
  assert.equal(elsewhere.NotStatement.Statement.ByteMatchStatement.SearchString, '/documents/upload');
  assert.ok(rule(plain, 'bodies').Priority > rule(plain, 'common').Priority);
});

test('the origin secret is a reference by version, at most two of them, and never a value', () => {
  const statements = rule(guarded, 'origin-secret').Statement.NotStatement.Statement.OrStatement.Statements;
  const strings = statements.map((each: Json) => text(each.ByteMatchStatement.SearchString));
  assert.equal(strings[0], '{{resolve:secretsmanager:filot/origin-secret:SecretString:::${OriginHeaderVersion}}}');
  assert.match(strings[1], /^\{\{resolve:secretsmanager:filot\/origin-secret:SecretString:::.*OriginHeaderOtherVersion.*\}\}$/);
  assert.ok(statements.every((each: Json) => each.ByteMatchStatement.FieldToMatch.SingleHeader.Name === 'x-origin-secret'));
});

test('what a request proves itself with is not logged, and nothing is sampled', () => {
  guarded.hasResourceProperties('AWS::WAFv2::LoggingConfiguration', {
    RedactedFields: ['authorization', 'cookie', 'x-buli2-signature', 'x-origin-secret'].map((Name) => ({ SingleHeader: { Name } })),
  });
  assert.ok(rulesOf(guarded).every((each) => each.VisibilityConfig.SampledRequestsEnabled === false));
});

test('the API’s own name maps to its stage, with a certificate that is a parameter', () => {
  guarded.hasResourceProperties('AWS::ApiGateway::DomainName', { DomainName: 'api.example.com', SecurityPolicy: 'TLS_1_2', RegionalCertificateArn: { Ref: 'CertificateArn' } });
  guarded.hasResourceProperties('AWS::ApiGateway::BasePathMapping', { RestApiId: Match.anyValue(), Stage: Match.anyValue() });
  plain.resourceCountIs('AWS::ApiGateway::DomainName', 0);
});
