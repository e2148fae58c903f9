import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Accepts findings of cdk-nag on a construct, each with the reason that an auditor reads. */
export function accept(construct: IConstruct, findings: Record<string, string>): void {
  for (const [id, reason] of Object.entries(findings)) {
    Validations.of(construct).acknowledge({ id: `AwsSolutions-${id}`, reason });
  }
}

/** Accepts warnings of the CDK itself on a construct. */
export function acknowledge(construct: IConstruct, warnings: Record<string, string>): void {
  for (const [id, reason] of Object.entries(warnings)) {
    Validations.of(construct).acknowledge({ id, reason });
  }
}
