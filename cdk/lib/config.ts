/** The configuration of an environment, and the checks of its values. */

export const environmentNames = ['development', 'staging', 'production'] as const;
export type EnvironmentName = (typeof environmentNames)[number];

/** How the number of workers follows a queue. */
export interface ScalingConfig {
  /** Minimum number of tasks; with 0 the service stops when its queue is empty. */
  readonly minTasks: number;
  /** Maximum number of tasks; it also limits the cost of a flood of documents. */
  readonly maxTasks: number;
  /** Waiting documents that one task may have in front of it before another is started. */
  readonly backlogPerTask: number;
  /** Minutes without a message, waiting or in flight, after which only `minTasks` remain. */
  readonly quietMinutes: number;
}

export interface GpuConfig {
  /** False where the account has no quota for GPU instances: CPU workers then serve both queues. */
  readonly enabled: boolean;
  /** Instances with one GPU, the preferred first. */
  readonly instanceTypes: readonly string[];
  /** Tasks that run on demand before spot is used. */
  readonly onDemandBase: number;
  /** Whether tasks above the base run on spot instances. */
  readonly spot: boolean;
  readonly scaling: ScalingConfig;
}

export interface CpuConfig {
  /** Must be what the image was built for. */
  readonly architecture: 'x86_64' | 'arm64';
  readonly vcpu: 1 | 2 | 4 | 8;
  readonly memoryMiB: number;
  /** Whether tasks above the first run on Fargate Spot. */
  readonly spot: boolean;
  readonly scaling: ScalingConfig;
}

export interface NetworkConfig {
  /** Address range of the VPC: /16 to /24. */
  readonly cidr: string;
  /** Number of availability zones. A GPU is more likely available in more zones. */
  readonly zones: 2 | 3;
  /** Number of NAT gateways. 0: workers have public addresses, and no port is open. Otherwise they are in private subnets. */
  readonly natGateways: number;
  /** The only ports that workers may connect to. */
  readonly egressPorts: readonly number[];
}

/** Thresholds of the alarms, and who is notified. */
export interface AlarmConfig {
  /** E-mail subscribers; others are added to the topic outside this app. */
  readonly email?: string;
  readonly queueDepth: number;
  readonly queueAgeSeconds: number;
  readonly processingP95Seconds: number;
  readonly verificationP95Seconds: number;
  readonly buli2RetriesPer15Minutes: number;
  readonly reviewAgeHours: number;
  readonly apiErrorPercent: number;
  readonly apiP95Seconds: number;
}

export interface WafConfig {
  /** Maximum number of requests from one address in five minutes. */
  readonly requestsPer5Minutes: number;
  /** Whether requests without the header X-Origin-Secret, which only the CDN sends, are blocked. */
  readonly requireOriginSecret: boolean;
}

/** Web ACL and domain name in front of the API; without either there is no edge stack. */
export interface EdgeConfig {
  readonly waf?: WafConfig;
  /** The API's own name. The certificate's ARN is a parameter of the stack: it names the account. */
  readonly domainName?: string;
}

export interface EnvironmentConfig {
  readonly name: EnvironmentName;
  readonly region: string;
  readonly network: NetworkConfig;
  readonly gpu: GpuConfig;
  readonly cpu: CpuConfig;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly logRetentionDays: number;
  /** Whether logs and images outlive their stack. */
  readonly keepData: boolean;
  readonly alarms: AlarmConfig;
  readonly edge?: EdgeConfig;
}

/** The retention times that CloudWatch Logs knows. */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/** Memory sizes that Fargate allows for each number of processors: from, to, step, in MiB. */
const fargateMemory = { 1: [2048, 8192, 1024], 2: [4096, 16384, 1024], 4: [8192, 30720, 1024], 8: [16384, 61440, 4096] } as const;

/** Address space of one reader process, OCR_READER_MEMORY_MB; there is one for each processor. */
const readerMiB = 1024;

/** All problems of a configuration, as text. */
export function problems(config: EnvironmentConfig): string[] {
  const found: string[] = [];
  const check = (holds: boolean, message: string) => {
    if (!holds) found.push(message);
  };
  const whole = (value: number, from: number, to: number, name: string) =>
    check(Number.isInteger(value) && value >= from && value <= to, `${name} is ${value}: must be a whole number from ${from} to ${to}`);

  check((environmentNames as readonly string[]).includes(config.name), `name is ${config.name}: must be one of ${environmentNames.join(', ')}`);
  check(/^[a-z]{2}(-[a-z]+)+-\d$/.test(config.region), `region is ${config.region}: must be the name of a region, like ap-southeast-1`);

  const { network } = config;
  check(/^\d{1,3}(\.\d{1,3}){3}\/(1[6-9]|2[0-4])$/.test(network.cidr), `network.cidr is ${network.cidr}: must be an address range from /16 to /24`);
  whole(network.zones, 2, 3, 'network.zones');
  whole(network.natGateways, 0, network.zones, 'network.natGateways');
  check(network.egressPorts.includes(443), 'network.egressPorts must contain 443: AWS and the file storage are behind it');
  network.egressPorts.forEach((port) => whole(port, 1, 65535, 'network.egressPorts'));

  const { gpu, cpu } = config;
  check(gpu.instanceTypes.length > 0, 'gpu.instanceTypes is empty');
  for (const type of gpu.instanceTypes) {
    check(/^g[4-9][a-z]*\.\w+$/.test(type), `gpu.instanceTypes has ${type}: must be an instance with an NVIDIA GPU, like g4dn.xlarge`);
  }
  whole(gpu.onDemandBase, 0, gpu.scaling.maxTasks, 'gpu.onDemandBase');
  const [from, to, step] = fargateMemory[cpu.vcpu];
  check(
    cpu.memoryMiB >= from && cpu.memoryMiB <= to && cpu.memoryMiB % step === 0,
    `cpu.memoryMiB is ${cpu.memoryMiB}: Fargate gives ${from} to ${to} in steps of ${step} with ${cpu.vcpu} vCPU`,
  );
  check(
    cpu.memoryMiB >= (cpu.vcpu + 1) * readerMiB,
    `cpu.memoryMiB is ${cpu.memoryMiB}: ${cpu.vcpu} readers of ${readerMiB} MiB and the worker need ${(cpu.vcpu + 1) * readerMiB}`,
  );
  for (const [name, scaling] of [['gpu', gpu.scaling], ['cpu', cpu.scaling]] as const) {
    whole(scaling.maxTasks, 1, 100, `${name}.scaling.maxTasks`);
    whole(scaling.minTasks, 0, scaling.maxTasks, `${name}.scaling.minTasks`);
    whole(scaling.backlogPerTask, 1, 100_000, `${name}.scaling.backlogPerTask`);
    // An alarm looks back one day at most.
    whole(scaling.quietMinutes, 5, 1440, `${name}.scaling.quietMinutes`);
  }

  check(retentionDays.includes(config.logRetentionDays), `logRetentionDays is ${config.logRetentionDays}: CloudWatch knows ${retentionDays.join(', ')}`);

  const { alarms, edge } = config;
  check(alarms.email === undefined || /^[^@\s]+@[^@\s]+$/.test(alarms.email), `alarms.email is ${alarms.email}: must be an address`);
  const { email: _, ...limits } = alarms;
  for (const [name, limit] of Object.entries(limits)) {
    check(limit > 0, `alarms.${name} is ${limit}: must be above 0`);
  }
  if (edge?.waf) {
    whole(edge.waf.requestsPer5Minutes, 10, 2_000_000_000, 'edge.waf.requestsPer5Minutes');
  }
  check(
    edge?.domainName === undefined || /^([a-z0-9-]+\.)+[a-z]{2,}$/.test(edge.domainName),
    `edge.domainName is ${edge?.domainName}: must be a host name in small letters`,
  );

  if (config.name === 'production') {
    check(config.keepData, 'keepData is false: production keeps its logs and images');
    check(cpu.scaling.minTasks > 0, 'cpu.scaling.minTasks is 0: in production one worker is always there, whatever becomes of the GPUs');
    check(config.logRetentionDays >= 365, 'logRetentionDays is below 365: production keeps a year of logs');
  }
  return found;
}

/** The configuration if it is valid; otherwise an error that lists all problems. */
export function validated(config: EnvironmentConfig): EnvironmentConfig {
  const found = problems(config);
  if (found.length > 0) {
    throw new Error([`config/${config.name}.ts:`, ...found].join('\n  - '));
  }
  return config;
}
