import type { EnvironmentConfig } from '../lib/config';

export const production: EnvironmentConfig = {
  name: 'production',
  region: 'ap-southeast-1',
  // Two gateways: no zone's loss stops the workers, and the database and Redis can be told two addresses.
  network: { cidr: '10.60.0.0/20', zones: 3, natGateways: 2, egressPorts: [443, 5432, 6379] },
  gpu: {
    enabled: true,
    instanceTypes: ['g4dn.xlarge', 'g5.xlarge'],
    onDemandBase: 1,
    spot: true,
    scaling: { minTasks: 0, maxTasks: 4, backlogPerTask: 100, quietMinutes: 15 },
  },
  cpu: {
    architecture: 'x86_64',
    vcpu: 2,
    memoryMiB: 4096,
    spot: true,
    scaling: { minTasks: 1, maxTasks: 10, backlogPerTask: 50, quietMinutes: 15 },
  },
  logLevel: 'info',
  logRetentionDays: 365,
  keepData: true,
  alarms: {
    queueDepth: 100,
    queueAgeSeconds: 900,
    processingP95Seconds: 60,
    verificationP95Seconds: 300,
    buli2RetriesPer15Minutes: 50,
    reviewAgeHours: 24,
    apiErrorPercent: 1,
    apiP95Seconds: 3,
  },
  // A carrier puts thousands of phones behind one address: this bound is for floods, callers are counted by the product.
  edge: { waf: { requestsPer5Minutes: 10_000, requireOriginSecret: false } },
};
