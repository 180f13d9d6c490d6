import { dynamoDbContract } from '../../support/dynamodb-contract.ts';
import { overHttp, simulated } from '../../support/dynamodb-under-test.ts';

dynamoDbContract('the simulated DynamoDB', simulated, { returnsRowOfFailure: true, reportsCapacity: true });
dynamoDbContract('dynalite', overHttp('dynalite'), { returnsRowOfFailure: false, reportsCapacity: false });
