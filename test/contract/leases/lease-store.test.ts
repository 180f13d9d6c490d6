import { beforeEach, describe } from '@jest/globals';
import { overHttp, simulated } from '../../support/dynamodb-under-test.ts';
import { keepsTheContract, leaseStoreContract } from '../../support/lease-store-contract.ts';
import { MemoryLeaseStore } from '../../unit/leases/memory-lease-store.ts';

describe('lease store in memory', () => {
  let store = new MemoryLeaseStore();
  beforeEach(() => {
    store = new MemoryLeaseStore();
  });

  keepsTheContract(() => store);
});

leaseStoreContract('the platform’s own engine', overHttp('auto'));
leaseStoreContract('dynalite', overHttp('dynalite'));
leaseStoreContract('the simulated DynamoDB', simulated);
