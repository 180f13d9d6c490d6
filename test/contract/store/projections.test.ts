import { overHttp, simulated } from '../../support/dynamodb-under-test.ts';
import { projectionsContract } from '../../support/projections-contract.ts';

// dynalite knows no PartiQL.
projectionsContract('dynalite', overHttp('dynalite'), ['put']);
projectionsContract('the platform’s own engine', overHttp('auto'));
projectionsContract('the simulated DynamoDB', simulated);
