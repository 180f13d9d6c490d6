import { dynamoDbContract } from '../support/dynamodb-contract.ts';
import { overHttp } from '../support/dynamodb-under-test.ts';

dynamoDbContract('Amazon’s DynamoDB Local', overHttp('dynamodb-local'), {
  returnsRowOfFailure: true,
  reportsCapacity: false,
});
