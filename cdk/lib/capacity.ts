/** EC2 instances with a GPU, as two capacity providers: on demand and spot. Both scale from zero and back to zero. */
import { Duration, Stack } from 'aws-cdk-lib';
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { GpuConfig } from './config';
import type { FoundationStack } from './foundation';
import { accept } from './nag';
import { clusterName, ecsArn } from './names';

export interface GpuCapacityProps {
  readonly environment: string;
  readonly gpu: GpuConfig;
  readonly foundation: FoundationStack;
}

export class GpuCapacity extends Construct {
  readonly groups: autoscaling.AutoScalingGroup[] = [];
  /** How tasks are distributed over the two providers. */
  readonly strategies: ecs.CapacityProviderStrategy[] = [];

  constructor(scope: Construct, id: string, private readonly props: GpuCapacityProps) {
    super(scope, id);
    const { gpu } = props;
    const template = this.makeLaunchTemplate();
    // A provider without weight takes only its base.
    if (gpu.onDemandBase > 0 || !gpu.spot) {
      this.addProvider('OnDemand', 'on-demand', template, gpu.spot ? { base: gpu.onDemandBase, weight: 0 } : { weight: 1 });
    }
    if (gpu.spot) {
      this.addProvider('Spot', 'spot', template, { weight: 1 });
    }
  }

  private makeLaunchTemplate(): ec2.LaunchTemplate {
    const { foundation, gpu } = this.props;
    const userData = ec2.UserData.forLinux();
    userData.addCommands(
      "cat >> /etc/ecs/ecs.config <<'SETTINGS'",
      `ECS_CLUSTER=${clusterName(this.props.environment)}`,
      'ECS_ENABLE_GPU_SUPPORT=true',
      // A worker gives its documents back in the two minutes before a spot instance is reclaimed.
      'ECS_ENABLE_SPOT_INSTANCE_DRAINING=true',
      // Logs are written with the task's execution role, not with the instance's.
      'ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE=true',
      'ECS_AWSVPC_BLOCK_IMDS=true',
      'ECS_IMAGE_PULL_BEHAVIOR=prefer-cached',
      'SETTINGS',
    );
    const template = new ec2.LaunchTemplate(this, 'LaunchTemplate', {
      // Amazon's image with driver and container runtime, the newest at each deployment.
      machineImage: ecs.EcsOptimizedImage.amazonLinux2023(ecs.AmiHardwareType.GPU),
      instanceType: new ec2.InstanceType(gpu.instanceTypes[0] ?? ''),
      role: this.makeInstanceRole(),
      securityGroup: foundation.workerSecurityGroup,
      associatePublicIpAddress: foundation.workersArePublic,
      userData,
      requireImdsv2: true,
      // With one hop a container behind the bridge network cannot reach the credentials of the instance.
      httpPutResponseHopLimit: 1,
      detailedMonitoring: true,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: ec2.BlockDeviceVolume.ebs(50, { encrypted: true, volumeType: ec2.EbsDeviceVolumeType.GP3, deleteOnTermination: true }),
        },
      ],
    });
    return template;
  }

  /** Permissions of the ECS agent, on this cluster only. AWS's managed policy allows them on all clusters. */
  private makeInstanceRole(): iam.Role {
    const { environment } = this.props;
    const cluster = clusterName(environment);
    const clusterArn = ecsArn(this, 'cluster', cluster);
    const role = new iam.Role(this, 'InstanceRole', {
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
      description: `FiLot ${environment}: the ECS agent of GPU instances`,
    });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['ecs:RegisterContainerInstance', 'ecs:DeregisterContainerInstance', 'ecs:SubmitContainerStateChange', 'ecs:SubmitTaskStateChange', 'ecs:SubmitAttachmentStateChanges'],
        resources: [clusterArn],
      }),
    );
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['ecs:Poll', 'ecs:StartTelemetrySession', 'ecs:UpdateContainerInstancesState'],
        resources: [ecsArn(this, 'container-instance', `${cluster}/*`)],
        conditions: { ArnEquals: { 'ecs:cluster': clusterArn } },
      }),
    );
    role.addToPolicy(new iam.PolicyStatement({ actions: ['ecs:DiscoverPollEndpoint'], resources: ['*'] }));
    accept(role, {
      'IAM5[Resource::*]': 'ecs:DiscoverPollEndpoint takes no resource. It answers with the address of the ECS service.',
      [`IAM5[Resource::arn:<AWS::Partition>:ecs:${Stack.of(this).region}:<AWS::AccountId>:container-instance/${cluster}/*]`]:
        'Container instances get their ids when they register; the condition holds the statement to this cluster.',
    });
    return role;
  }

  private addProvider(id: string, kind: 'on-demand' | 'spot', launchTemplate: ec2.LaunchTemplate, share: { base?: number; weight: number }): void {
    const { environment, foundation, gpu } = this.props;
    const group = new autoscaling.AutoScalingGroup(this, `${id}Group`, {
      autoScalingGroupName: `filot-gpu-${kind}-${environment}`,
      vpc: foundation.vpc,
      vpcSubnets: foundation.workerSubnets,
      minCapacity: 0,
      maxCapacity: gpu.scaling.maxTasks,
      mixedInstancesPolicy: {
        launchTemplate,
        launchTemplateOverrides: gpu.instanceTypes.map((type) => ({ instanceType: new ec2.InstanceType(type) })),
        instancesDistribution:
          kind === 'spot'
            ? { onDemandBaseCapacity: 0, onDemandPercentageAboveBaseCapacity: 0, spotAllocationStrategy: autoscaling.SpotAllocationStrategy.PRICE_CAPACITY_OPTIMIZED }
            : { onDemandBaseCapacity: 0, onDemandPercentageAboveBaseCapacity: 100, onDemandAllocationStrategy: autoscaling.OnDemandAllocationStrategy.PRIORITIZED },
      },
      // ECS chooses which instance to end: one without a task.
      newInstancesProtectedFromScaleIn: true,
      // No instance keeps an old image of the operating system for longer.
      maxInstanceLifetime: Duration.days(7),
      groupMetrics: [autoscaling.GroupMetrics.all()],
    });
    accept(group, {
      EC26: 'The rule cannot follow the launch template of a mixed group. The only volume there is encrypted, which a test checks.',
      AS3: 'Launches and terminations are everyday here, where instances follow a queue. Failed launches go to the alarm topic by a rule.',
    });
    const provider = new ecs.AsgCapacityProvider(this, `${id}Provider`, {
      capacityProviderName: `filot-gpu-${kind}-${environment}`,
      autoScalingGroup: group,
      enableManagedScaling: true,
      enableManagedTerminationProtection: true,
      enableManagedDraining: true,
      targetCapacityPercent: 100,
      minimumScalingStepSize: 1,
      maximumScalingStepSize: gpu.scaling.maxTasks,
      // From launch to a registered agent.
      instanceWarmupPeriod: 180,
    });
    this.groups.push(group);
    this.strategies.push({ capacityProvider: provider.capacityProviderName, ...share });
  }
}
