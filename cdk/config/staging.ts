import type { EnvironmentConfig } from '../lib/config';

export const staging: EnvironmentConfig = {
  name: 'staging',
  region: 'ap-southeast-1',
  // The same way out as production, once.
  network: { cidr: '10.61.0.0/20', zones: 3, natGateways: 1, egressPorts: [443, 5432, 6379] },
  gpu: {
    enabled: true,
    instanceTypes: ['g4dn.xlarge', 'g5.xlarge'],
    onDemandBase: 0,
    spot: true,
    scaling: { minTasks: 0, maxTasks: 2, backlogPerTask: 100, quietMinutes: 15 },
  },
  cpu: {
    architecture: 'x86_64',
    vcpu: 2,
    memoryMiB: 4096,
    spot: true,
    scaling: { minTasks: 0, maxTasks: 2, backlogPerTask: 50, quietMinutes: 15 },
  },
  logLevel: 'info',
  logRetentionDays: 90,
  keepData: false,
  alarms: {
    queueDepth: 100,
    queueAgeSeconds: 1800,
    processingP95Seconds: 60,
    verificationP95Seconds: 900,
    buli2RetriesPer15Minutes: 50,
    reviewAgeHours: 24,
    apiErrorPercent: 5,
    apiP95Seconds: 5,
  },
  edge: { waf: { requestsPer5Minutes: 10_000, requireOriginSecret: false } },
};
