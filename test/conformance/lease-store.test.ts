import { leaseStoreContract } from '../support/lease-store-contract.ts';

leaseStoreContract('dynamodb-local');
