import { overHttp } from '../support/dynamodb-under-test.ts';
import { leaseStoreContract } from '../support/lease-store-contract.ts';

leaseStoreContract('dynamodb-local', overHttp('dynamodb-local'));
