/** The resources that the other stacks use and that rarely change: network, cluster, image repositories, alarm topic. */
import { Aws, CfnOutput, Duration, Fn, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { EnvironmentConfig } from './config';
import { runbook } from './contract';
import { alarmTopicName, clusterName, execLogGroupName, repositoryName } from './names';

export interface FoundationProps extends StackProps {
  readonly config: EnvironmentConfig;
}

export class FoundationStack extends Stack {
  readonly vpc: ec2.Vpc;
  /** Subnets of the workers, and whether these assign public addresses. */
  readonly workerSubnets: ec2.SubnetSelection;
  readonly workersArePublic: boolean;
  /** Security group of every worker: it allows no incoming connection. */
  readonly workerSecurityGroup: ec2.SecurityGroup;

  private readonly config: EnvironmentConfig;

  constructor(scope: Construct, id: string, props: FoundationProps) {
    super(scope, id, props);
    this.config = props.config;
    const { network, name } = this.config;

    this.workersArePublic = network.natGateways === 0;
    this.workerSubnets = { subnetType: this.workersArePublic ? ec2.SubnetType.PUBLIC : ec2.SubnetType.PRIVATE_WITH_EGRESS };
    this.vpc = this.makeNetwork();
    this.workerSecurityGroup = new ec2.SecurityGroup(this, 'WorkerSecurityGroup', {
      vpc: this.vpc,
      description: 'FiLot workers: nobody connects to them',
      allowAllOutbound: false,
    });
    for (const port of network.egressPorts) {
      this.workerSecurityGroup.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(port), `to port ${port}`);
    }

    const cluster = new ecs.Cluster(this, 'Cluster', {
      vpc: this.vpc,
      clusterName: clusterName(name),
      containerInsightsV2: ecs.ContainerInsights.ENABLED,
      executeCommandConfiguration: {
        logging: ecs.ExecuteCommandLogging.OVERRIDE,
        logConfiguration: { cloudWatchLogGroup: this.makeLogGroup('ExecLogs', execLogGroupName(name)) },
      },
    });

    const topic = this.makeAlarmTopic();
    const gpuRepository = this.makeRepository('GpuRepository', 'gpu');
    const cpuRepository = this.makeRepository('CpuRepository', 'cpu');
    this.tellAboutImageFindings(topic);

    new CfnOutput(this, 'AlarmTopicArn', { value: topic.topicArn, description: 'The SAM stack takes it as its parameter of the same name' });
    new CfnOutput(this, 'ClusterName', { value: cluster.clusterName });
    new CfnOutput(this, 'GpuRepositoryUri', { value: gpuRepository.repositoryUri, description: 'Where the image of Dockerfile.gpu is pushed' });
    new CfnOutput(this, 'CpuRepositoryUri', { value: cpuRepository.repositoryUri, description: 'Where the image of Dockerfile is pushed' });
    new CfnOutput(this, 'OcrGpuEnabled', { value: String(this.config.gpu.enabled), description: 'The SAM stack takes it as its parameter of the same name' });
  }

  /** The first zones of the account, chosen at deployment: no look-up, and the same template for every account. */
  override get availabilityZones(): string[] {
    return Array.from({ length: this.config.network.zones }, (_, index) => Fn.select(index, Fn.getAzs(this.region)));
  }

  private makeNetwork(): ec2.Vpc {
    const { network, name } = this.config;
    const workers: ec2.SubnetConfiguration[] = this.workersArePublic
      ? []
      : [{ name: 'Workers', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 24 }];
    const vpc = new ec2.Vpc(this, 'Vpc', {
      vpcName: `filot-${name}`,
      ipAddresses: ec2.IpAddresses.cidr(network.cidr),
      maxAzs: network.zones,
      natGateways: network.natGateways,
      subnetConfiguration: [{ name: 'Public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 26, mapPublicIpOnLaunch: false }, ...workers],
      // Layers of images come from S3 through this endpoint, without the cost of a NAT gateway.
      gatewayEndpoints: { S3: { service: ec2.GatewayVpcEndpointAwsService.S3 } },
      // Nothing uses the default security group. Removing its rules would need a custom resource with a function.
      restrictDefaultSecurityGroup: false,
    });
    vpc.addFlowLog('FlowLog', {
      destination: ec2.FlowLogDestination.toCloudWatchLogs(this.makeLogGroup('FlowLogs', `/filot/${name}/flow-logs`)),
      maxAggregationInterval: ec2.FlowLogMaxAggregationInterval.TEN_MINUTES,
    });
    return vpc;
  }

  private makeLogGroup(id: string, logGroupName: string): logs.LogGroup {
    return new logs.LogGroup(this, id, {
      logGroupName,
      retention: this.config.logRetentionDays,
      removalPolicy: this.config.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }

  private makeRepository(id: string, kind: 'gpu' | 'cpu'): ecr.Repository {
    return new ecr.Repository(this, id, {
      repositoryName: repositoryName(this.config.name, kind),
      imageScanOnPush: true,
      // AWS's own key for ECR.
      encryption: ecr.RepositoryEncryption.KMS,
      // A tag is a release and never changes, so that a rollback deploys the same image.
      imageTagMutability: ecr.TagMutability.IMMUTABLE,
      lifecycleRules: [
        { rulePriority: 1, description: 'What a failed push left', tagStatus: ecr.TagStatus.UNTAGGED, maxImageAge: Duration.days(7) },
        { rulePriority: 2, description: 'Releases to roll back to', tagStatus: ecr.TagStatus.ANY, maxImageCount: 30 },
      ],
      removalPolicy: this.config.keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      emptyOnDelete: !this.config.keepData,
    });
  }

  private makeAlarmTopic(): sns.Topic {
    const alarms = new iam.ServicePrincipal('cloudwatch.amazonaws.com');
    const key = new kms.Key(this, 'AlarmTopicKey', {
      alias: `filot-${this.config.name}-alarms`,
      description: 'FiLot: messages of the alarm topic',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // AWS's own key for SNS does not let alarms publish.
    key.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'AlarmsPublish',
        principals: [alarms],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
      }),
    );
    const topic = new sns.Topic(this, 'AlarmTopic', {
      topicName: alarmTopicName(this.config.name),
      displayName: `FiLot ${this.config.name}`,
      masterKey: key,
      enforceSSL: true,
    });
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'AlarmsPublish',
        principals: [alarms],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        // Only alarms of this account.
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    );
    const { email } = this.config.alarms;
    if (email !== undefined) {
      topic.addSubscription(new subscriptions.EmailSubscription(email));
    }
    return topic;
  }

  /**
   * A critical finding in an image that was pushed. As a rule of this stack it also lets EventBridge publish to the topic
   * (without a condition, which EventBridge does not meet): the rules of the worker stack rely on it.
   */
  private tellAboutImageFindings(topic: sns.ITopic): void {
    new events.Rule(this, 'ImageFindings', {
      description: 'A scan found something critical in an image of a worker',
      eventPattern: {
        source: ['aws.ecr'],
        detailType: ['ECR Image Scan'],
        detail: {
          'repository-name': (['gpu', 'cpu'] as const).map((kind) => repositoryName(this.config.name, kind)),
          'finding-severity-counts': { CRITICAL: [{ numeric: ['>', 0] }] },
        },
      },
      targets: [
        new targets.SnsTopic(topic, {
          message: events.RuleTargetInput.fromText(
            `FiLot ${this.config.name}: critical findings in image ${events.EventField.fromPath('$.detail.repository-name')} ` +
              `${events.EventField.fromPath('$.detail.image-digest')}. ${runbook('image-findings')}`,
          ),
        }),
      ],
    });
  }
}
