import { overHttp, simulated } from '../../support/dynamodb-under-test.ts';
import { storeContract } from '../../support/store-contract.ts';

// dynalite knows no PartiQL.
storeContract('dynalite', overHttp('dynalite'), ['put']);
// The native engine has a package for some platforms only; `auto` falls back to dynalite elsewhere.
storeContract('the platform’s own engine', overHttp('auto'));
storeContract('the simulated DynamoDB', simulated);
