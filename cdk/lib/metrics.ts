/** The metrics that alarms, scaling and dashboard look at, with the dimensions that they are really written with. */
import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { apiName, dimensionsOf, metricsNamespace, type ProductMetric } from './contract';

const minute = Duration.minutes(1);

/** Of an SQS queue: its largest value in a minute. */
export function queueMetric(queueName: string, metricName: string): Metric {
  return new Metric({ namespace: 'AWS/SQS', metricName, dimensionsMap: { QueueName: queueName }, statistic: Stats.MAXIMUM, period: minute });
}

/** Of an ECS service, from Container Insights. */
export function serviceMetric(clusterName: string, serviceName: string, metricName: string): Metric {
  return new Metric({
    namespace: 'ECS/ContainerInsights',
    metricName,
    dimensionsMap: { ClusterName: clusterName, ServiceName: serviceName },
    statistic: Stats.MAXIMUM,
    period: minute,
  });
}

const expression = (text: string, usingMetrics: Record<string, IMetric>): MathExpression =>
  new MathExpression({ expression: text, label: text, usingMetrics, period: minute });

/** Of several queues together. */
export function queuesMetric(queueNames: readonly string[], metricName: string, idsBegin: string): IMetric {
  const parts = queueNames.map((queue, index) => [`${idsBegin}${index + 1}`, queueMetric(queue, metricName)] as const);
  const [only] = parts;
  return parts.length === 1 && only ? only[1] : expression(parts.map(([id]) => id).join(' + '), Object.fromEntries(parts));
}

/**
 * A count that may not be written while it is 0, as that of a service without tasks: then it is 0, whenever `clock`,
 * which is always written, has a value.
 */
export function orZero(count: IMetric, clock: IMetric): IMetric {
  return expression('MAX([count, zero])', { count, zero: expression('clock * 0', { clock }) });
}

/** Share of what a service's tasks reserved, in percent. */
export function utilization(clusterName: string, serviceName: string, what: 'CPU' | 'Memory'): Metric {
  return new Metric({
    namespace: 'AWS/ECS',
    metricName: `${what}Utilization`,
    dimensionsMap: { ClusterName: clusterName, ServiceName: serviceName },
    statistic: Stats.MAXIMUM,
    period: minute,
  });
}

/** Of the REST API. */
export function apiMetric(environment: string, stage: string, metricName: string, options: MetricOptions): Metric {
  return new Metric({ namespace: 'AWS/ApiGateway', metricName, dimensionsMap: { ApiName: apiName(environment), Stage: stage }, period: minute, ...options });
}

/** One of the product's own. */
export function productMetric(metricName: ProductMetric, statistic: string, dimensionsMap: Record<string, string> = {}): Metric {
  const expected = dimensionsOf(metricName).join(', ');
  if (Object.keys(dimensionsMap).join(', ') !== expected) {
    throw new Error(`${metricName} is written with the dimensions [${expected}]`);
  }
  return new Metric({ namespace: metricsNamespace, metricName, dimensionsMap, statistic, period: minute });
}
