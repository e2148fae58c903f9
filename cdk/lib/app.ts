/** The stacks of one environment, in the order in which they are deployed. */
import { type App, Tags } from 'aws-cdk-lib';
import type { EnvironmentConfig } from './config';
import { EdgeStack } from './edge';
import { FoundationStack } from './foundation';
import { WorkerStack } from './worker';

export interface Stacks {
  readonly foundation: FoundationStack;
  readonly worker: WorkerStack;
  readonly edge?: EdgeStack;
}

/** Feature flags of the CDK, fixed here so that a newer version of the CDK changes nothing. */
const flags = {
  // Stacks are deployed in order, and none may remove what a later one uses.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
  // The scaling sets the number of tasks: a deployment must not reset it.
  '@aws-cdk/aws-ecs:removeDefaultDesiredCount': true,
  '@aws-cdk/aws-ecs:disableExplicitDeploymentControllerForCircuitBreaker': true,
  '@aws-cdk/aws-iam:minimizePolicies': true,
};

export function build(app: App, config: EnvironmentConfig): Stacks {
  for (const [flag, value] of Object.entries(flags)) {
    app.node.setContext(flag, value);
  }
  // No account: the templates are the same for every account, and synthesis looks nothing up.
  const env = { region: config.region };
  const name = (part: string) => `filot-${config.name}-${part}`;
  // Production cannot be deleted by mistake.
  const terminationProtection = config.name === 'production';

  const foundation = new FoundationStack(app, name('foundation'), {
    config,
    env,
    terminationProtection,
    description: `FiLot ${config.name}: network, cluster, images, alarm topic`,
  });
  const worker = new WorkerStack(app, name('worker'), {
    config,
    env,
    foundation,
    terminationProtection,
    description: `FiLot ${config.name}: workers, their scaling, alarms, dashboard`,
  });
  const edge =
    config.edge?.waf || config.edge?.domainName
      ? new EdgeStack(app, name('edge'), {
          config,
          edge: config.edge,
          env,
          terminationProtection,
          description: `FiLot ${config.name}: what stands in front of the API`,
        })
      : undefined;

  Tags.of(app).add('product', 'filot');
  Tags.of(app).add('environment', config.name);
  return { foundation, worker, ...(edge && { edge }) };
}
