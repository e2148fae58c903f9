/** The workers: capacity, tasks, services and scaling; and the alarms and the dashboard of the whole product. */
import { CfnOutput, CfnParameter, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { Alarms } from './alarms';
import { GpuCapacity } from './capacity';
import type { EnvironmentConfig } from './config';
import { published, runbook } from './contract';
import { makeDashboard } from './dashboard';
import type { FoundationStack } from './foundation';
import { alarmTopicName, clusterName, ecsArn, execLogGroupName, repositoryName, serviceName } from './names';
import { acknowledge } from './nag';
import { QueueScaling } from './scaling';
import { addWorker, makeExecutionRole, makeLogGroup, makeTaskRole, type QueueKind } from './task';
import type { WatchedService } from './watched';

export interface WorkerProps extends StackProps {
  readonly config: EnvironmentConfig;
  readonly foundation: FoundationStack;
}

const sameAccount = {
  '@aws-cdk/aws-events:ruleUnresolvedEnvironment': 'Rule and topic are of one account and region, whichever that is.',
};

/** Memory of the container on an instance of 16 GiB; the rest is for the operating system and the ECS agent. */
const gpuMemoryMiB = 13_312;
/** CPU shares of that instance. The only container on an instance may use more. */
const gpuCpuUnits = 3_584;

/** Properties of every service: a deployment whose tasks stay unhealthy is rolled back, and ECS Exec is allowed. */
const EVERY_SERVICE = {
  circuitBreaker: { enable: true, rollback: true },
  enableExecuteCommand: true,
  enableECSManagedTags: true,
  propagateTags: ecs.PropagatedTagSource.SERVICE,
} satisfies Partial<ecs.BaseServiceProps>;

export class WorkerStack extends Stack {
  private readonly config: EnvironmentConfig;
  private readonly foundation: FoundationStack;
  private readonly cluster: ecs.ICluster;
  private readonly topic: sns.ITopic;
  private readonly imageTag: string;

  constructor(scope: Construct, id: string, props: WorkerProps) {
    super(scope, id, props);
    const { config, foundation } = props;
    this.config = config;
    this.foundation = foundation;
    this.topic = sns.Topic.fromTopicArn(this, 'AlarmTopic', this.formatArn({ service: 'sns', resource: alarmTopicName(config.name) }));
    this.imageTag = new CfnParameter(this, 'ImageTag', {
      description: 'Tag of the images to run, in both repositories. A release: it never moves.',
      allowedPattern: '^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$',
    }).valueAsString;
    this.cluster = ecs.Cluster.fromClusterAttributes(this, 'Cluster', {
      clusterName: this.clusterName,
      clusterArn: ecsArn(this, 'cluster', this.clusterName),
      vpc: foundation.vpc,
      securityGroups: [],
      hasEc2Capacity: config.gpu.enabled,
      executeCommandConfiguration: {
        logging: ecs.ExecuteCommandLogging.OVERRIDE,
        logConfiguration: { cloudWatchLogGroup: logs.LogGroup.fromLogGroupName(this, 'ExecLogs', execLogGroupName(config.name)) },
      },
    });

    const capacity = config.gpu.enabled
      ? new GpuCapacity(this, 'GpuCapacity', { environment: config.name, gpu: config.gpu, foundation })
      : undefined;
    // Here, not beside the cluster: the foundation must not depend on the providers of this stack.
    const association = new ecs.CfnClusterCapacityProviderAssociations(this, 'CapacityProviders', {
      cluster: this.clusterName,
      capacityProviders: ['FARGATE', 'FARGATE_SPOT', ...(capacity?.strategies.map((each) => each.capacityProvider) ?? [])],
      defaultCapacityProviderStrategy: [],
    });

    const services: WatchedService[] = [];
    if (capacity) {
      const gpu = this.makeGpuService(capacity);
      gpu.service.node.addDependency(association);
      services.push(gpu.watched);
      this.tellAboutFailedLaunches(capacity);
    }
    const cpu = this.makeCpuService();
    cpu.service.node.addDependency(association);
    services.push(cpu.watched);
    this.tellAboutFailedDeployments(services);

    new Alarms(this, 'Alarms', { config, clusterName: this.clusterName, services, topic: this.topic });
    const dashboard = makeDashboard(this, config, this.clusterName, services);

    for (const { kind, serviceName } of services) {
      new CfnOutput(this, kind === 'gpu' ? 'GpuServiceName' : 'CpuServiceName', { value: serviceName });
    }
    new CfnOutput(this, 'DashboardUrl', {
      value: `https://${this.region}.console.aws.amazon.com/cloudwatch/home?region=${this.region}#dashboards:name=${dashboard.dashboardName}`,
    });
  }

  private get clusterName(): string {
    return clusterName(this.config.name);
  }

  private makeGpuService(capacity: GpuCapacity): { service: ecs.BaseService; watched: WatchedService } {
    const { config } = this;
    const name = serviceName(config.name, 'gpu');
    const repository = ecr.Repository.fromRepositoryName(this, 'GpuRepository', repositoryName(config.name, 'gpu'));
    const serves = ['gpu'] as const;
    const logGroup = makeLogGroup(this, 'GpuLogs', config, name);
    const executionRole = makeExecutionRole(this, 'GpuExecutionRole', name, repository, logGroup);
    const task = new ecs.Ec2TaskDefinition(this, 'GpuTask', {
      family: name,
      // Not the host's network: behind the bridge a container cannot reach the credentials of the instance.
      networkMode: ecs.NetworkMode.BRIDGE,
      taskRole: makeTaskRole(this, 'GpuTaskRole', { config, name, serves }),
      executionRole,
    });
    addWorker(this, task, logGroup, {
      config,
      name,
      serves,
      repository,
      imageTag: this.imageTag,
      memoryMiB: gpuMemoryMiB,
      cpuUnits: gpuCpuUnits,
      gpuCount: 1,
      environment: { NVIDIA_DRIVER_CAPABILITIES: 'compute,utility' },
    });
    const service = new ecs.Ec2Service(this, 'GpuService', {
      serviceName: name,
      cluster: this.cluster,
      taskDefinition: task,
      capacityProviderStrategies: capacity.strategies,
      // A deployment needs no second GPU: documents wait in the queue meanwhile.
      minHealthyPercent: 0,
      maxHealthyPercent: 100,
      availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.DISABLED,
      ...EVERY_SERVICE,
    });
    // Without its permissions the first task fails, and with it the deployment.
    service.node.addDependency(executionRole);
    new QueueScaling(this, 'GpuScaling', {
      name,
      scaling: config.gpu.scaling,
      service,
      clusterName: this.clusterName,
      serviceName: name,
      queueNames: this.queueNames(serves),
      // The instance must boot, register and pull the image.
      warmup: Duration.minutes(5),
    });
    return { service, watched: { kind: 'gpu', serviceName: name, serves } };
  }

  private makeCpuService(): { service: ecs.BaseService; watched: WatchedService } {
    const { config, foundation } = this;
    const name = serviceName(config.name, 'cpu');
    const repository = ecr.Repository.fromRepositoryName(this, 'CpuRepository', repositoryName(config.name, 'cpu'));
    // Without GPU workers the CPU workers must also serve the GPU queue.
    const serves: readonly QueueKind[] = config.gpu.enabled ? ['cpu'] : ['gpu', 'cpu'];
    const logGroup = makeLogGroup(this, 'CpuLogs', config, name);
    const executionRole = makeExecutionRole(this, 'CpuExecutionRole', name, repository, logGroup);
    const task = new ecs.FargateTaskDefinition(this, 'CpuTask', {
      family: name,
      cpu: config.cpu.vcpu * 1024,
      memoryLimitMiB: config.cpu.memoryMiB,
      runtimePlatform: {
        operatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
        cpuArchitecture: config.cpu.architecture === 'arm64' ? ecs.CpuArchitecture.ARM64 : ecs.CpuArchitecture.X86_64,
      },
      taskRole: makeTaskRole(this, 'CpuTaskRole', { config, name, serves }),
      executionRole,
    });
    addWorker(this, task, logGroup, {
      config,
      name,
      serves,
      repository,
      imageTag: this.imageTag,
      memoryMiB: config.cpu.memoryMiB,
    });
    const service = new ecs.FargateService(this, 'CpuService', {
      serviceName: name,
      cluster: this.cluster,
      taskDefinition: task,
      platformVersion: ecs.FargatePlatformVersion.VERSION1_4,
      capacityProviderStrategies: config.cpu.spot
        ? [
            { capacityProvider: 'FARGATE', base: 1, weight: 0 },
            { capacityProvider: 'FARGATE_SPOT', weight: 1 },
          ]
        : [{ capacityProvider: 'FARGATE', weight: 1 }],
      vpcSubnets: foundation.workerSubnets,
      securityGroups: [foundation.workerSecurityGroup],
      assignPublicIp: foundation.workersArePublic,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.ENABLED,
      ...EVERY_SERVICE,
    });
    // Without its permissions the first task fails, and with it the deployment.
    service.node.addDependency(executionRole);
    new QueueScaling(this, 'CpuScaling', {
      name,
      scaling: config.cpu.scaling,
      service,
      clusterName: this.clusterName,
      serviceName: name,
      queueNames: this.queueNames(serves),
      warmup: Duration.minutes(2),
    });
    return { service, watched: { kind: 'cpu', serviceName: name, serves } };
  }

  private queueNames(kinds: readonly QueueKind[]): string[] {
    return kinds.map((kind) => published(this, this.config.name, `queues/ocr-${kind}/name`));
  }

  /** Notifies when the circuit breaker rolled a deployment back. */
  private tellAboutFailedDeployments(services: readonly WatchedService[]): void {
    const rule = new events.Rule(this, 'FailedDeployments', {
      description: 'A deployment of a worker failed and was rolled back',
      eventPattern: {
        source: ['aws.ecs'],
        detailType: ['ECS Deployment State Change'],
        resources: services.map(({ serviceName }) => ecsArn(this, 'service', `${this.clusterName}/${serviceName}`)),
        detail: { eventName: ['SERVICE_DEPLOYMENT_FAILED'] },
      },
      targets: [
        new targets.SnsTopic(this.topic, {
          message: events.RuleTargetInput.fromText(
            `FiLot ${this.config.name}: a deployment of a worker failed: ${events.EventField.fromPath('$.detail.reason')}. ${runbook('deployment-failed')}`,
          ),
        }),
      ],
    });
    acknowledge(rule, sameAccount);
  }

  /** Notifies when no GPU instance can be started: none in the zones, none at the price, or the account's quota is used up. */
  private tellAboutFailedLaunches(capacity: GpuCapacity): void {
    const rule = new events.Rule(this, 'FailedLaunches', {
      description: 'An instance with a GPU could not be launched',
      eventPattern: {
        source: ['aws.autoscaling'],
        detailType: ['EC2 Instance Launch Unsuccessful'],
        detail: { AutoScalingGroupName: capacity.groups.map((group) => group.autoScalingGroupName) },
      },
      targets: [
        new targets.SnsTopic(this.topic, {
          message: events.RuleTargetInput.fromText(
            `FiLot ${this.config.name}: no GPU instance: ${events.EventField.fromPath('$.detail.StatusMessage')}. ${runbook('gpu-down')}`,
          ),
        }),
      ],
    });
    acknowledge(rule, sameAccount);
  }
}
