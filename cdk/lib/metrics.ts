/** The metrics of alarms, scaling and dashboard, with the dimensions under which they are written. */
import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { apiName, dimensionsOf, metricsNamespace, type ProductMetric } from './contract';

const minute = Duration.minutes(1);

/** A metric of an SQS queue: its maximum in a minute. */
export function queueMetric(queueName: string, metricName: string): Metric {
  return new Metric({ namespace: 'AWS/SQS', metricName, dimensionsMap: { QueueName: queueName }, statistic: Stats.MAXIMUM, period: minute });
}

/** A metric of an ECS service, from Container Insights. */
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

/** The sum of a metric over several queues. */
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

/** Used share of the reservation of a service's tasks, in percent. */
export function utilization(clusterName: string, serviceName: string, what: 'CPU' | 'Memory'): Metric {
  return new Metric({
    namespace: 'AWS/ECS',
    metricName: `${what}Utilization`,
    dimensionsMap: { ClusterName: clusterName, ServiceName: serviceName },
    statistic: Stats.MAXIMUM,
    period: minute,
  });
}

/** A metric of the REST API. */
export function apiMetric(environment: string, stage: string, metricName: string, options: MetricOptions): Metric {
  return new Metric({ namespace: 'AWS/ApiGateway', metricName, dimensionsMap: { ApiName: apiName(environment), Stage: stage }, period: minute, ...options });
}

/** A metric that the product writes itself. */
export function productMetric(metricName: ProductMetric, statistic: string, dimensionsMap: Record<string, string> = {}): Metric {
  const expected = dimensionsOf(metricName).join(', ');
  if (Object.keys(dimensionsMap).join(', ') !== expected) {
    throw new Error(`${metricName} is written with the dimensions [${expected}]`);
  }
  return new Metric({ namespace: metricsNamespace, metricName, dimensionsMap, statistic, period: minute });
}
