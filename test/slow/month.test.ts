import { monthContract } from '../support/month-contract.ts';

monthContract({ seed: 1, sims: 200, days: 30 });
