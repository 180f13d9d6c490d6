import { monthContract } from '../../support/month-contract.ts';

monthContract({ seed: 5, sims: 20, days: 6 });
