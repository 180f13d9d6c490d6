import { startDynamoDb } from '../../../src/local/dynamodb-engine.ts';
import { storeContract } from '../../support/store-contract.ts';

storeContract('dynalite', () => startDynamoDb({ engine: 'dynalite' }));
// The native engine has a package for some platforms only; `auto` falls back to dynalite elsewhere.
storeContract('the platform’s own engine', () => startDynamoDb({ engine: 'auto' }));
