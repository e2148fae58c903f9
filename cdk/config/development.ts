import type { EnvironmentConfig } from '../lib/config';

export const development: EnvironmentConfig = {
  name: 'development',
  region: 'ap-southeast-1',
  // Nothing is paid for while nothing runs.
  network: { cidr: '10.62.0.0/20', zones: 2, natGateways: 0, egressPorts: [443, 5432, 6379] },
  gpu: {
    enabled: false,
    instanceTypes: ['g4dn.xlarge'],
    onDemandBase: 0,
    spot: true,
    scaling: { minTasks: 0, maxTasks: 1, backlogPerTask: 100, quietMinutes: 10 },
  },
  cpu: {
    architecture: 'x86_64',
    vcpu: 2,
    memoryMiB: 4096,
    spot: true,
    scaling: { minTasks: 0, maxTasks: 1, backlogPerTask: 100, quietMinutes: 10 },
  },
  logLevel: 'debug',
  logRetentionDays: 14,
  keepData: false,
  alarms: {
    queueDepth: 100,
    queueAgeSeconds: 3600,
    processingP95Seconds: 120,
    verificationP95Seconds: 3600,
    buli2RetriesPer15Minutes: 50,
    reviewAgeHours: 24,
    apiErrorPercent: 20,
    apiP95Seconds: 10,
  },
};
