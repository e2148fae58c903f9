/**
 * What this app and the rest of the repository must agree on. The lists are in contract.json, so that tests in other
 * languages can compare them with template.yaml, docs/runbook.md and the worker's configuration.
 */
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import contract from './contract.json';

/** Names of the secrets that the worker reads. */
export const workerSecrets: readonly string[] = contract.workerSecrets;

/** Secrets among them that are optional. */
export const optionalWorkerSecrets: readonly string[] = contract.optionalWorkerSecrets;

/** CloudWatch namespace of the product's own metrics. */
export const metricsNamespace = contract.metrics.namespace;

export type ProductMetric = keyof typeof contract.metrics.dimensions;

/** The dimensions of a metric of the product. An alarm on any other set of dimensions gets no data. */
export function dimensionsOf(metric: ProductMetric): readonly string[] {
  return contract.metrics.dimensions[metric];
}

/** The API's name in CloudWatch. */
export function apiName(environment: string): string {
  return contract.apiName.replace('{environment}', environment);
}

/** A value that the SAM stack published under this name. It is read at deployment, not at synthesis. */
export function published(scope: Construct, environment: string, name: string): string {
  const listed = `/filot/{environment}/${name}`;
  if (!contract.ssmParameters.includes(listed)) {
    throw new Error(`${listed} is not in lib/contract.json`);
  }
  return StringParameter.valueForStringParameter(scope, listed.replace('{environment}', environment));
}

/** Link to the section of the runbook. */
export function runbook(section: string): string {
  if (!contract.runbookSections.includes(section)) {
    throw new Error(`${section} is not in lib/contract.json`);
  }
  return `Runbook: docs/runbook.md#${section}`;
}
