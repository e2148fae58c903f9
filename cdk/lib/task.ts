/** The task of a worker: its single container and its roles, with or without a GPU. */
import { Duration, RemovalPolicy, Size, Stack } from 'aws-cdk-lib';
import type * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { EnvironmentConfig } from './config';
import { optionalWorkerSecrets, published, workerSecrets } from './contract';
import { accept } from './nag';
import { execLogGroupName } from './names';

export type QueueKind = 'gpu' | 'cpu';

/** Id of the user of the images. It is set here too, so that a wrong image does not run as root. */
const user = '10001:10001';

export interface WorkerTaskProps {
  readonly config: EnvironmentConfig;
  /** Part of the names of the service, its logs and its roles. */
  readonly name: string;
  readonly serves: readonly QueueKind[];
  readonly repository: ecr.IRepository;
  readonly imageTag: string;
  /** Hard limit of the container. */
  readonly memoryMiB: number;
  /** CPU shares, on EC2 where tasks have no size of their own. */
  readonly cpuUnits?: number;
  readonly gpuCount?: number;
  readonly environment?: Record<string, string>;
}

/** Permissions of the worker: see gpu-worker and shared/{cloud,platform}. The storage has credentials of its own. */
export function makeTaskRole(scope: Construct, id: string, props: Pick<WorkerTaskProps, 'config' | 'name' | 'serves'>): iam.Role {
  const { config, name, serves } = props;
  const queueArn = (kind: QueueKind) => published(scope, config.name, `queues/ocr-${kind}/arn`);
  const role = new iam.Role(scope, id, {
    assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com'),
    description: `What ${name} may call`,
  });
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: 'Work',
      actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
      resources: serves.map(queueArn),
    }),
  );
  role.addToPolicy(
    new iam.PolicyStatement({
      // A document that failed here, or that was rerouted, goes to the other kind of worker.
      sid: 'MoveToTheOtherQueue',
      actions: ['sqs:SendMessage'],
      resources: (['gpu', 'cpu'] as const).filter((kind) => serves.length > 1 || !serves.includes(kind)).map(queueArn),
    }),
  );
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: 'Score',
      actions: ['lambda:InvokeFunction'],
      resources: [published(scope, config.name, 'functions/scoring/arn')],
    }),
  );
  const { partition, region, account } = Stack.of(scope);
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: 'ReadSecrets',
      actions: ['secretsmanager:GetSecretValue'],
      resources: [
        // Secrets Manager appends six characters.
        ...workerSecrets.map((secret) => `${secret}-??????`),
        // A secret that does not exist is checked by its bare name: without this the answer would be "refused", not "missing".
        ...optionalWorkerSecrets,
      ].map((name) => `arn:${partition}:secretsmanager:${region}:${account}:secret:${name}`),
    }),
  );
  role.addToPolicy(
    new iam.PolicyStatement({
      sid: 'ReadSecretsInOneCall',
      actions: ['secretsmanager:BatchGetSecretValue'],
      resources: ['*'],
    }),
  );
  accept(role, {
    'IAM5[Resource::*]':
      'secretsmanager:BatchGetSecretValue, logs:DescribeLogGroups and the ssmmessages calls of ECS Exec take no resource. ' +
      'Each secret in a batch still needs the permission on its own ARN.',
    [`IAM5[Resource::arn:<AWS::Partition>:logs:${region}:<AWS::AccountId>:log-group:${execLogGroupName(config.name)}:*]`]:
      'The streams of one log group, where sessions of ECS Exec are recorded: each session makes its own.',
  });
  return role;
}

/** Permissions of ECS before the worker runs: pull the image, open the log. */
export function makeExecutionRole(scope: Construct, id: string, name: string, repository: ecr.IRepository, logGroup: logs.LogGroup): iam.Role {
  const role = new iam.Role(scope, id, {
    assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com'),
    description: `What ECS needs to start ${name}`,
  });
  repository.grantPull(role);
  logGroup.grantWrite(role);
  accept(role, { 'IAM5[Resource::*]': 'ecr:GetAuthorizationToken takes no resource. Layers are readable in one repository only.' });
  return role;
}

export function makeLogGroup(scope: Construct, id: string, config: EnvironmentConfig, name: string): logs.LogGroup {
  return new logs.LogGroup(scope, id, {
    logGroupName: `/ecs/${name}`,
    retention: config.logRetentionDays,
    removalPolicy: config.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
}

export function addWorker(scope: Construct, task: ecs.TaskDefinition, logGroup: logs.LogGroup, props: WorkerTaskProps): ecs.ContainerDefinition {
  const { config, serves, repository, imageTag, memoryMiB, cpuUnits, gpuCount, environment } = props;
  const linux = new ecs.LinuxParameters(scope, `${task.node.id}Linux`, { initProcessEnabled: true });
  linux.dropCapabilities(ecs.Capability.ALL);
  // The root is read-only. Readers may want a scratch file; the agent of ECS Exec writes into the other two.
  const scratch = (containerPath: string, size: number, ...more: ecs.TmpfsMountOption[]): ecs.Tmpfs => ({
    containerPath,
    size,
    mountOptions: [ecs.TmpfsMountOption.RW, ecs.TmpfsMountOption.NOSUID, ecs.TmpfsMountOption.NODEV, ...more],
  });
  linux.addTmpfs(scratch('/tmp', 64, ecs.TmpfsMountOption.NOEXEC), scratch('/var/lib/amazon', 16), scratch('/var/log/amazon', 16));

  const container = task.addContainer('Worker', {
    containerName: 'worker',
    image: ecs.ContainerImage.fromEcrRepository(repository, imageTag),
    essential: true,
    memoryLimitMiB: memoryMiB,
    ...(cpuUnits !== undefined && { cpu: cpuUnits }),
    ...(gpuCount !== undefined && { gpuCount }),
    user,
    readonlyRootFilesystem: true,
    linuxParameters: linux,
    // Nothing here is secret: the worker reads its secrets from Secrets Manager itself, and again every five minutes.
    environment: {
      // On EC2 a container cannot reach the metadata of the instance, which would name the region.
      AWS_REGION: Stack.of(scope).region,
      FILOT_ENV: config.name,
      LOG_LEVEL: config.logLevel,
      OCR_CPU_QUEUE_URL: published(scope, config.name, 'queues/ocr-cpu/url'),
      OCR_GPU_QUEUE_URL: published(scope, config.name, 'queues/ocr-gpu/url'),
      OCR_GPU_ENABLED: String(config.gpu.enabled),
      SCORING_FUNCTION: published(scope, config.name, 'functions/scoring/name'),
      WORKER_QUEUES: serves.join(','),
      ...environment,
    },
    logging: ecs.LogDrivers.awsLogs({
      logGroup,
      streamPrefix: 'worker',
      // A slow log service must not block the worker: lines wait in memory, and are dropped when that is full.
      mode: ecs.AwsLogDriverMode.NON_BLOCKING,
      maxBufferSize: Size.mebibytes(16),
    }),
    healthCheck: {
      // ECS ignores the health check of the image. Bash alone, so that every older image can run it.
      command: ['CMD', 'bash', '-c', 'exec 3<>/dev/tcp/127.0.0.1/8080 && printf "GET /health HTTP/1.0\\r\\n\\r\\n" >&3 && read -r -t 5 _ status _ <&3 && [ "$status" = 200 ]'],
      interval: Duration.seconds(30),
      timeout: Duration.seconds(10),
      retries: 3,
      // Models are loaded first.
      startPeriod: Duration.seconds(60),
    },
    // The worker ends by itself within 30 s after SIGTERM.
    stopTimeout: Duration.seconds(45),
  });
  container.addUlimits({ name: ecs.UlimitName.NOFILE, softLimit: 65536, hardLimit: 65536 });
  accept(task, {
    ECS2: 'The variables are names, addresses and switches (a test looks through them). Secrets are read from Secrets Manager by the worker itself.',
  });
  return container;
}
