/**
 * The number of workers follows their queue, by four rules:
 *
 *   from nothing    a message waits and no task is wanted                        one task
 *   backlog         more messages wait per task than one should have before it   one, two or four tasks more
 *   too many        a tenth of that, for ten minutes                             one task less
 *   quiet           no message, waiting or in hand, for `quietMinutes`           the least number of tasks
 *
 * Tasks that are wanted count, not those that run: while an instance boots it would be asked for again.
 */
import { Duration } from 'aws-cdk-lib';
import * as applicationautoscaling from 'aws-cdk-lib/aws-applicationautoscaling';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import type { ScalingConfig } from './config';
import { orZero, queuesMetric, serviceMetric } from './metrics';

export interface QueueScalingProps {
  /** Prefix of the names of alarms and policies. */
  readonly name: string;
  readonly scaling: ScalingConfig;
  readonly service: ecs.BaseService;
  readonly clusterName: string;
  readonly serviceName: string;
  /** Names of the queues that the service serves. */
  readonly queueNames: readonly string[];
  /** How long a new task takes until it processes documents. */
  readonly warmup: Duration;
}

interface Rule {
  readonly id: string;
  readonly description: string;
  readonly expression: string;
  readonly comparison: cloudwatch.ComparisonOperator;
  readonly threshold: number;
  readonly minutes: number;
  /** How many of those minutes must breach the threshold. */
  readonly agree: number;
  readonly policy: Omit<applicationautoscaling.CfnScalingPolicy.StepScalingPolicyConfigurationProperty, 'metricAggregationType'>;
}

export class QueueScaling extends Construct {
  constructor(scope: Construct, id: string, private readonly props: QueueScalingProps) {
    super(scope, id);
    const { scaling, service, clusterName, serviceName, warmup } = props;
    const target = new applicationautoscaling.CfnScalableTarget(this, 'Target', {
      serviceNamespace: 'ecs',
      scalableDimension: 'ecs:service:DesiredCount',
      resourceId: `service/${clusterName}/${serviceName}`,
      minCapacity: scaling.minTasks,
      maxCapacity: scaling.maxTasks,
    });
    target.node.addDependency(service);

    const rise = (steps: applicationautoscaling.CfnScalingPolicy.StepAdjustmentProperty[]) => ({
      adjustmentType: 'ChangeInCapacity',
      cooldown: warmup.toSeconds(),
      stepAdjustments: steps,
    });
    const perTask = scaling.backlogPerTask;
    this.addRule(target, {
      id: 'FromNothing',
      description: 'Starts the first worker: a message waits and no task is wanted.',
      expression: 'IF((wanted < 1) AND (waiting > 0), 1, 0)',
      comparison: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      // Between two integers: whether a step includes its own bound does not matter then.
      threshold: 0.5,
      // The count of tasks may be written a minute after that of messages: one minute alone is not enough.
      minutes: 3,
      agree: 2,
      policy: rise([{ metricIntervalLowerBound: 0, scalingAdjustment: 1 }]),
    });
    this.addRule(target, {
      id: 'Backlog',
      description: `Adds workers: more than ${perTask} messages wait per task.`,
      expression: 'waiting / IF(wanted < 1, 1, wanted)',
      comparison: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      threshold: perTask,
      minutes: 3,
      agree: 2,
      policy: rise([
        { metricIntervalLowerBound: 0, metricIntervalUpperBound: perTask, scalingAdjustment: 1 },
        { metricIntervalLowerBound: perTask, metricIntervalUpperBound: 3 * perTask, scalingAdjustment: 2 },
        { metricIntervalLowerBound: 3 * perTask, scalingAdjustment: 4 },
      ]),
    });
    this.addRule(target, {
      id: 'TooMany',
      description: `Takes one worker away: fewer than ${perTask / 10} messages wait per task.`,
      expression: `IF(wanted > 1, waiting / wanted, ${perTask})`,
      comparison: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: perTask / 10,
      minutes: 10,
      agree: 10,
      policy: {
        adjustmentType: 'ChangeInCapacity',
        cooldown: 300,
        stepAdjustments: [{ metricIntervalUpperBound: 0, scalingAdjustment: -1 }],
      },
    });
    this.addRule(target, {
      id: 'Quiet',
      description: `Leaves ${scaling.minTasks} workers: no message for ${scaling.quietMinutes} minutes, waiting or in hand.`,
      expression: 'waiting + inHand',
      comparison: cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
      threshold: 0.5,
      minutes: scaling.quietMinutes,
      agree: scaling.quietMinutes,
      policy: {
        adjustmentType: 'ExactCapacity',
        cooldown: 60,
        stepAdjustments: [{ metricIntervalUpperBound: 0, scalingAdjustment: scaling.minTasks }],
      },
    });
  }

  private addRule(target: applicationautoscaling.CfnScalableTarget, rule: Rule): void {
    const { name, clusterName, serviceName, queueNames } = this.props;
    const policy = new applicationautoscaling.CfnScalingPolicy(this, `${rule.id}Policy`, {
      policyName: `${name}-${rule.id}`,
      policyType: 'StepScaling',
      scalingTargetId: target.ref,
      stepScalingPolicyConfiguration: { metricAggregationType: 'Maximum', ...rule.policy },
    });
    const waiting = queuesMetric(queueNames, 'ApproximateNumberOfMessagesVisible', 'waiting');
    const inHand = queuesMetric(queueNames, 'ApproximateNumberOfMessagesNotVisible', 'inHand');
    const wanted = orZero(serviceMetric(clusterName, serviceName, 'DesiredTaskCount'), waiting);
    const uses = (name: string) => new RegExp(`\\b${name}\\b`).test(rule.expression);
    const alarm = new cloudwatch.Alarm(this, `${rule.id}Alarm`, {
      alarmName: `${name}-scaling-${rule.id}`,
      alarmDescription: `${rule.description} Part of the scaling: nobody is called.`,
      metric: new cloudwatch.MathExpression({
        expression: rule.expression,
        label: rule.id,
        period: Duration.minutes(1),
        usingMetrics: { waiting, ...(uses('wanted') && { wanted }), ...(uses('inHand') && { inHand }) },
      }),
      comparisonOperator: rule.comparison,
      threshold: rule.threshold,
      evaluationPeriods: rule.minutes,
      datapointsToAlarm: rule.agree,
      treatMissingData: cloudwatch.TreatMissingData.MISSING,
    });
    alarm.addAlarmAction({ bind: () => ({ alarmActionArn: policy.ref }) });
  }
}
