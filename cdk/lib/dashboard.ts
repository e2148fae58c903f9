/** The dashboard for the person on call, ordered from the request to the decision. */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { EnvironmentConfig } from './config';
import { metricsNamespace, published } from './contract';
import { apiMetric, productMetric, queueMetric, serviceMetric, utilization } from './metrics';
import type { WatchedService } from './watched';

const { SUM, MAXIMUM, AVERAGE } = cloudwatch.Stats;
const fiveMinutes = Duration.minutes(5);

export function makeDashboard(scope: Construct, config: EnvironmentConfig, clusterName: string, services: readonly WatchedService[]): cloudwatch.Dashboard {
  const stage = published(scope, config.name, 'api/stage');
  const queue = (name: string) => published(scope, config.name, `queues/${name}/name`);
  const dashboard = new cloudwatch.Dashboard(scope, 'Dashboard', {
    dashboardName: `filot-${config.name}`,
    defaultInterval: Duration.hours(3),
    periodOverride: cloudwatch.PeriodOverride.INHERIT,
  });

  const graph = (title: string, width: number, left: cloudwatch.IMetric[], label: string, right: cloudwatch.IMetric[] = []) =>
    new cloudwatch.GraphWidget({ title, width, height: 6, left, leftYAxis: { label, min: 0, showUnits: false }, ...(right.length > 0 && { right }) });
  /** A search at display time: a new function, stage or outcome appears without a deployment. */
  const search = (query: string, statistic: string, label: string) =>
    new cloudwatch.MathExpression({ expression: `SEARCH('${query}', '${statistic}', 300)`, label, period: fiveMinutes });
  const functions = (metric: string) => `{AWS/Lambda,FunctionName} MetricName="${metric}" filot ${config.name}`;
  const product = (metric: string, dimension: string) => `{${metricsNamespace},${dimension}} MetricName="${metric}"`;
  const api = (metric: string, statistic: string, label: string) => apiMetric(config.name, stage, metric, { statistic, label });
  const heading = (markdown: string) => new cloudwatch.TextWidget({ markdown, width: 24, height: 1, background: cloudwatch.TextWidgetBackground.TRANSPARENT });

  dashboard.addWidgets(heading('## API'));
  dashboard.addWidgets(
    graph('Requests', 8, [api('Count', SUM, 'all'), api('4XXError', SUM, '4xx'), api('5XXError', SUM, '5xx')], 'per minute'),
    graph('Latency', 8, [api('Latency', 'p50', 'p50'), api('Latency', 'p95', 'p95'), api('Latency', 'p99', 'p99')], 'ms'),
    graph('Redis away', 8, [productMetric('filot.redis.unavailable', SUM)], 'times per minute'),
  );
  dashboard.addWidgets(heading('## Functions'));
  dashboard.addWidgets(
    graph('Errors', 6, [search(functions('Errors'), 'Sum', '')], 'per 5 minutes'),
    graph('Throttles', 6, [search(functions('Throttles'), 'Sum', '')], 'per 5 minutes'),
    graph('Duration, p95', 6, [search(functions('Duration'), 'p95', '')], 'ms'),
    graph('Running at once', 6, [search(functions('ConcurrentExecutions'), 'Maximum', '')], 'instances'),
  );
  dashboard.addWidgets(heading('## Queues'));
  dashboard.addWidgets(
    ...(['gpu', 'cpu'] as const).map((kind) =>
      graph(
        `${kind} queue`,
        8,
        [
          queueMetric(queue(`ocr-${kind}`), 'ApproximateNumberOfMessagesVisible').with({ label: 'waiting' }),
          queueMetric(queue(`ocr-${kind}`), 'ApproximateNumberOfMessagesNotVisible').with({ label: 'in hand' }),
        ],
        'messages',
        [queueMetric(queue(`ocr-${kind}`), 'ApproximateAgeOfOldestMessage').with({ label: 'oldest, s' })],
      ),
    ),
    graph(
      'Dead letters',
      8,
      (['gpu', 'cpu'] as const).map((kind) => queueMetric(queue(`ocr-${kind}-dead-letters`), 'ApproximateNumberOfMessagesVisible').with({ label: kind })),
      'messages',
    ),
  );
  dashboard.addWidgets(heading('## Workers'));
  dashboard.addWidgets(
    graph(
      'Tasks',
      6,
      services.flatMap(({ kind, serviceName }) => [
        serviceMetric(clusterName, serviceName, 'DesiredTaskCount').with({ label: `${kind} wanted` }),
        serviceMetric(clusterName, serviceName, 'RunningTaskCount').with({ label: `${kind} running` }),
      ]),
      'tasks',
    ),
    graph(
      'Processor and memory',
      6,
      services.flatMap(({ kind, serviceName }) => [
        utilization(clusterName, serviceName, 'CPU').with({ label: `${kind} processor` }),
        utilization(clusterName, serviceName, 'Memory').with({ label: `${kind} memory` }),
      ]),
      '%',
    ),
    graph('Documents in hand, most of one worker', 6, [productMetric('filot.gpu.active_jobs', MAXIMUM)], 'documents'),
    graph(
      'Time in a worker',
      6,
      ['p50', 'p95'].map((each) => productMetric('filot.gpu.processing_time_ms', each).with({ label: each })),
      'ms',
    ),
  );
  dashboard.addWidgets(
    graph('Stages of reading, average', 12, [search(product('filot.ocr.stage_ms', 'stage'), AVERAGE, '')], 'ms'),
    new cloudwatch.LogQueryWidget({
      title: 'Errors of workers',
      width: 12,
      height: 6,
      logGroupNames: services.map(({ serviceName }) => `/ecs/${serviceName}`),
      queryLines: ['fields @timestamp, message, error, documentId, correlationId', 'filter level = "ERROR"', 'sort @timestamp desc', 'limit 50'],
    }),
  );
  dashboard.addWidgets(heading('## Decisions and BULI2'));
  dashboard.addWidgets(
    graph('Decisions', 6, [search(product('filot.decision', 'outcome'), SUM, '')], 'per 5 minutes'),
    graph(
      'From upload to decision',
      6,
      ['p50', 'p95'].map((each) => productMetric('filot.verification.latency_ms', each).with({ label: each, period: fiveMinutes })),
      'ms',
    ),
    graph('Calls to BULI2 to be made again', 6, [productMetric('filot.buli2.retry_count', SUM)], 'per minute'),
    graph('Breaker: 0 closed, 1 half-open, 2 open', 6, [productMetric('filot.circuit_breaker.state', MAXIMUM)], 'state'),
    graph('Oldest undecided review at BULI2', 6, [productMetric('filot.review.oldest_age_s', MAXIMUM)], 's'),
  );
  return dashboard;
}
