import { startDynamoDb } from '../../src/local/dynamodb-engine.ts';
import { storeContract } from '../support/store-contract.ts';

storeContract('Amazon’s DynamoDB Local', () => startDynamoDb({ engine: 'dynamodb-local' }));
