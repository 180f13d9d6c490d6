import { overHttp } from '../support/dynamodb-under-test.ts';
import { projectionsContract } from '../support/projections-contract.ts';
import { storeContract } from '../support/store-contract.ts';

storeContract('Amazon’s DynamoDB Local', overHttp('dynamodb-local'));
projectionsContract('Amazon’s DynamoDB Local', overHttp('dynamodb-local'));
