import { beforeEach, describe } from '@jest/globals';
import { keepsTheContract, leaseStoreContract } from '../../support/lease-store-contract.ts';
import { MemoryLeaseStore } from '../../unit/leases/memory-lease-store.ts';

describe('lease store in memory', () => {
  let store = new MemoryLeaseStore();
  beforeEach(() => {
    store = new MemoryLeaseStore();
  });

  keepsTheContract(() => store);
});

leaseStoreContract('auto');
leaseStoreContract('dynalite');
