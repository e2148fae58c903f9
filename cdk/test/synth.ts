/** Stacks for tests. Nothing here needs an account, a network or Docker. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { configurationOf } from '../config';
import { build, type Stacks } from '../lib/app';
import type { EnvironmentConfig, EnvironmentName } from '../lib/config';

export interface Synthesised extends Stacks {
  readonly app: App;
}

/** Validation is `cdk synth`'s, and that of nag.test.ts: it takes seconds, and templates are the same without. */
export function stacksOf(config: EnvironmentConfig, templateValidation = false): Synthesised {
  const outdir = mkdtempSync(join(tmpdir(), 'filot-cdk-'));
  process.on('exit', () => rmSync(outdir, { recursive: true, force: true }));
  const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: templateValidation });
  return { app, ...build(app, config) };
}

const templates = new Map<string, Record<string, Template>>();

/** Templates of an environment by the last part of their stacks' names. */
export function templatesOf(environment: EnvironmentName): Record<string, Template> {
  let found = templates.get(environment);
  if (!found) {
    const { foundation, worker, edge } = stacksOf(configurationOf(environment));
    found = {
      foundation: Template.fromStack(foundation),
      worker: Template.fromStack(worker),
      ...(edge && { edge: Template.fromStack(edge) }),
    };
    templates.set(environment, found);
  }
  return found;
}

/** Production with everything in front of it that there is. */
export function guardedProduction(): EnvironmentConfig {
  return {
    ...configurationOf('production'),
    edge: { waf: { requestsPer5Minutes: 10_000, requireOriginSecret: true }, domainName: 'api.example.com' },
  };
}

export function template(environment: EnvironmentName, stack: 'foundation' | 'worker' | 'edge'): Template {
  const found = templatesOf(environment)[stack];
  if (!found) throw new Error(`${environment} has no ${stack} stack`);
  return found;
}

/** A template's JSON, as far as tests look into it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;

export function resources(from: Template, type: string): Json[] {
  return Object.values(from.findResources(type));
}

/** A value with its references spelled out: `${AWS::Partition}`, `${/filot/…}` for what SSM holds. */
export function text(value: Json): string {
  if (typeof value === 'string') return value;
  if (value.Ref) {
    const parameter = /^SsmParameterValue(.*)C96584B6F00A464EAD1953AFF4B05118Parameter$/.exec(value.Ref);
    return `\${${parameter ? parameter[1] : value.Ref}}`;
  }
  if (value['Fn::Join']) return value['Fn::Join'][1].map(text).join(value['Fn::Join'][0]);
  if (value['Fn::GetAtt']) return `\${${value['Fn::GetAtt'].join('.')}}`;
  if (value['Fn::ImportValue']) return `\${${text(value['Fn::ImportValue'])}}`;
  return JSON.stringify(value);
}

/** What a role may do: one line per action and resource. */
export function grants(from: Template, roleIdBegins: string): string[] {
  const lines: string[] = [];
  for (const policy of resources(from, 'AWS::IAM::Policy')) {
    if (!policy.Properties.Roles.some((role: Json) => String(role.Ref).startsWith(roleIdBegins))) continue;
    for (const statement of policy.Properties.PolicyDocument.Statement) {
      for (const action of [statement.Action].flat()) {
        for (const resource of [statement.Resource].flat()) {
          lines.push(`${statement.Effect} ${action} ${text(resource)}`);
        }
      }
    }
  }
  return lines.sort();
}
