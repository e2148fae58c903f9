/** Names that several stacks use, so that no stack must export them to another or guess an ARN. */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

export const clusterName = (environment: string) => `filot-${environment}`;
export const execLogGroupName = (environment: string) => `/ecs/filot-exec-${environment}`;
export const alarmTopicName = (environment: string) => `filot-alarms-${environment}`;
export const repositoryName = (environment: string, kind: 'gpu' | 'cpu') => `filot-${environment}/${kind}-worker`;
export const serviceName = (environment: string, kind: 'gpu' | 'cpu') => `filot-${kind}-worker-${environment}`;

export function ecsArn(scope: Construct, resource: 'cluster' | 'container-instance' | 'service', resourceName: string): string {
  return Stack.of(scope).formatArn({ service: 'ecs', resource, resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
}
