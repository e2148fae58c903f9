/** Alarms of the whole product. The alarms of a single function are in template.yaml. */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { EnvironmentConfig } from './config';
import { published, runbook } from './contract';
import { apiMetric, orZero, productMetric, queueMetric, queuesMetric, serviceMetric, utilization } from './metrics';
import type { WatchedService } from './watched';

const { GREATER_THAN_THRESHOLD, GREATER_THAN_OR_EQUAL_TO_THRESHOLD } = cloudwatch.ComparisonOperator;
/** Missing data mean no traffic, and that is no alarm. */
const { NOT_BREACHING } = cloudwatch.TreatMissingData;

export interface AlarmsProps {
  readonly config: EnvironmentConfig;
  readonly clusterName: string;
  readonly services: readonly WatchedService[];
  readonly topic: sns.ITopic;
}

interface Watch {
  /** Its name behind `filot-<environment>-`. */
  readonly id: string;
  readonly says: string;
  readonly section: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold: number;
  /** Number of periods that are evaluated, each one minute by default. */
  readonly periods: number;
  /** How many of those periods must breach the threshold; all by default. */
  readonly agree?: number;
  readonly comparison?: cloudwatch.ComparisonOperator;
}

export class Alarms extends Construct {
  private readonly action: SnsAction;

  constructor(scope: Construct, id: string, private readonly props: AlarmsProps) {
    super(scope, id);
    this.action = new SnsAction(props.topic);
    this.watchQueues();
    props.services.forEach((service) => this.watchWorkers(service));
    this.watchReading();
    this.watchReviews();
    this.watchApi();
  }

  private watch(watch: Watch): void {
    const { id, says, section, metric, threshold, periods, agree = periods, comparison = GREATER_THAN_THRESHOLD } = watch;
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmName: `filot-${this.props.config.name}-${id}`,
      alarmDescription: `${says} ${runbook(section)}`,
      metric,
      threshold,
      comparisonOperator: comparison,
      evaluationPeriods: periods,
      datapointsToAlarm: agree,
      treatMissingData: NOT_BREACHING,
    });
    alarm.addAlarmAction(this.action);
    alarm.addOkAction(this.action);
  }

  private queueName(name: string): string {
    return published(this, this.props.config.name, `queues/${name}/name`);
  }

  private watchQueues(): void {
    const { alarms } = this.props.config;
    for (const kind of ['gpu', 'cpu'] as const) {
      const queue = this.queueName(`ocr-${kind}`);
      this.watch({
        id: `${kind}-queue-depth`,
        says: `More than ${alarms.queueDepth} documents wait on the ${kind} queue.`,
        section: 'queue-backlog',
        metric: queueMetric(queue, 'ApproximateNumberOfMessagesVisible'),
        threshold: alarms.queueDepth,
        // As long as additional workers take to start.
        periods: 15,
      });
      this.watch({
        id: `${kind}-queue-age`,
        says: `A document has waited on the ${kind} queue for more than ${alarms.queueAgeSeconds / 60} minutes.`,
        section: 'queue-backlog',
        metric: queueMetric(queue, 'ApproximateAgeOfOldestMessage'),
        threshold: alarms.queueAgeSeconds,
        periods: 5,
      });
      this.watch({
        id: `${kind}-dead-letters`,
        says: `A message of the ${kind} queue could not be parsed or placed.`,
        section: 'dead-letters',
        metric: queueMetric(this.queueName(`ocr-${kind}-dead-letters`), 'ApproximateNumberOfMessagesVisible'),
        threshold: 0,
        periods: 1,
      });
    }
  }

  private watchWorkers({ kind, serviceName, serves }: WatchedService): void {
    const { clusterName } = this.props;
    const running = serviceMetric(clusterName, serviceName, 'RunningTaskCount');
    const desired = serviceMetric(clusterName, serviceName, 'DesiredTaskCount');
    const waiting = queuesMetric(serves.map((queue) => this.queueName(`ocr-${queue}`)), 'ApproximateNumberOfMessagesVisible', 'waiting');
    this.watch({
      id: `${kind}-worker-down`,
      says: `Documents wait for a ${kind} worker and none runs.`,
      section: kind === 'gpu' ? 'gpu-down' : 'worker-down',
      metric: new cloudwatch.MathExpression({
        expression: 'IF((waiting > 0) AND (alive < 1), 1, 0)',
        label: `documents wait, no ${kind} worker runs`,
        period: Duration.minutes(1),
        usingMetrics: { waiting, alive: orZero(running, waiting) },
      }),
      threshold: 1,
      comparison: GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // A start without any instance takes about six minutes.
      periods: 12,
      agree: 10,
    });
    this.watch({
      id: `${kind}-worker-missing`,
      says: `Fewer ${kind} workers run than are wanted.`,
      section: kind === 'gpu' ? 'gpu-down' : 'worker-down',
      metric: new cloudwatch.MathExpression({
        expression: 'desired - running',
        label: `${kind} workers missing`,
        period: Duration.minutes(1),
        usingMetrics: { desired, running },
      }),
      threshold: 0,
      periods: 15,
    });
    this.watch({
      id: `${kind}-worker-memory`,
      says: `A ${kind} worker uses more than nine tenths of its memory.`,
      section: 'worker-memory',
      metric: utilization(clusterName, serviceName, 'Memory'),
      threshold: 90,
      periods: 5,
    });
  }

  private watchReading(): void {
    const { alarms } = this.props.config;
    const waiting = queuesMetric([this.queueName('ocr-gpu'), this.queueName('ocr-cpu')], 'ApproximateNumberOfMessagesVisible', 'waiting');
    this.watch({
      id: 'workers-idle',
      says: 'Documents wait and no worker has one in hand.',
      section: 'worker-down',
      // Every worker writes it every ten seconds. Without a worker there are no data.
      metric: new cloudwatch.MathExpression({
        expression: 'IF((waiting > 0) AND (inHand < 1), 1, 0)',
        label: 'documents wait, none in hand',
        period: Duration.minutes(1),
        usingMetrics: { waiting, inHand: orZero(productMetric('filot.gpu.active_jobs', cloudwatch.Stats.MAXIMUM), waiting) },
      }),
      threshold: 1,
      comparison: GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      periods: 12,
      agree: 10,
    });
    this.watch({
      id: 'processing-slow',
      says: `One document in twenty takes a worker more than ${alarms.processingP95Seconds} s.`,
      section: 'worker-slow',
      metric: productMetric('filot.gpu.processing_time_ms', 'p95').with({ period: Duration.minutes(5) }),
      threshold: alarms.processingP95Seconds * 1000,
      periods: 3,
    });
    this.watch({
      id: 'verification-slow',
      says: `One document in twenty is decided later than ${alarms.verificationP95Seconds} s after its upload.`,
      section: 'verification-slow',
      metric: productMetric('filot.verification.latency_ms', 'p95').with({ period: Duration.minutes(5) }),
      threshold: alarms.verificationP95Seconds * 1000,
      periods: 3,
    });
    this.watch({
      id: 'redis-unavailable',
      says: 'Redis is away: requests are not limited and results are not announced.',
      section: 'redis-down',
      metric: productMetric('filot.redis.unavailable', cloudwatch.Stats.SUM),
      threshold: 0,
      periods: 5,
    });
  }

  private watchReviews(): void {
    const { alarms } = this.props.config;
    this.watch({
      id: 'breaker-open',
      says: 'Reviews are not sent to BULI2: its breaker is open.',
      section: 'breaker-open',
      // 0 closed, 1 half-open, 2 open; written every minute.
      metric: productMetric('filot.circuit_breaker.state', cloudwatch.Stats.MAXIMUM),
      threshold: 2,
      comparison: GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      periods: 5,
      agree: 4,
    });
    this.watch({
      id: 'buli2-retries',
      says: `More than ${alarms.buli2RetriesPer15Minutes} calls to BULI2 have to be made again.`,
      section: 'buli2-down',
      metric: productMetric('filot.buli2.retry_count', cloudwatch.Stats.SUM).with({ period: Duration.minutes(15) }),
      threshold: alarms.buli2RetriesPer15Minutes,
      periods: 1,
    });
    this.watch({
      id: 'review-age',
      says: `BULI2 has had a review for more than ${alarms.reviewAgeHours} hours and not decided it.`,
      section: 'review-backlog',
      metric: productMetric('filot.review.oldest_age_s', cloudwatch.Stats.MAXIMUM),
      threshold: alarms.reviewAgeHours * 3600,
      periods: 5,
    });
  }

  private watchApi(): void {
    const { alarms, name } = this.props.config;
    const stage = published(this, name, 'api/stage');
    this.watch({
      id: 'api-errors',
      says: `More than ${alarms.apiErrorPercent} % of the API's answers are 5xx.`,
      section: 'api-errors',
      metric: new cloudwatch.MathExpression({
        // A rate over a few requests means nothing.
        expression: 'IF(requests >= 20, 100 * errors / requests, 0)',
        label: '5xx, %',
        period: Duration.minutes(5),
        usingMetrics: {
          errors: apiMetric(name, stage, '5XXError', { statistic: cloudwatch.Stats.SUM, period: Duration.minutes(5) }),
          requests: apiMetric(name, stage, 'Count', { statistic: cloudwatch.Stats.SUM, period: Duration.minutes(5) }),
        },
      }),
      threshold: alarms.apiErrorPercent,
      periods: 2,
    });
    this.watch({
      id: 'api-slow',
      says: `One request in twenty takes longer than ${alarms.apiP95Seconds} s.`,
      section: 'api-slow',
      metric: apiMetric(name, stage, 'Latency', { statistic: 'p95', period: Duration.minutes(5) }),
      threshold: alarms.apiP95Seconds * 1000,
      periods: 3,
    });
  }
}
