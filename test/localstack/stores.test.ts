/** The suites that every DynamoDB engine must pass, on the one that `AWS_ENDPOINT_URL` names. */
import { overHttp } from '../support/dynamodb-under-test.ts';
import { leaseStoreContract } from '../support/lease-store-contract.ts';
import { storeContract } from '../support/store-contract.ts';

storeContract('LocalStack', overHttp('auto'));
leaseStoreContract('LocalStack', overHttp('auto'));
