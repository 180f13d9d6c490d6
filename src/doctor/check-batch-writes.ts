/** Whether sessions are written 25 in a call. */
import { errorName } from '../errors.ts';
import { DIALECTS, probeBatches } from '../store/chosen-writer.ts';
import { tableNames } from '../store/tables.ts';
import { type Check, ok, skipped, trouble } from './check.ts';
import type { DoctorDeps } from './doctor-deps.ts';

export async function checkBatchWrites({ clients, config }: DoctorDeps): Promise<Check> {
  if (config.writeMode === 'put') return skipped('batch-writes', 'SUPERSIM_WRITE_MODE is put');
  let reason = '';
  try {
    for (const dialect of DIALECTS) {
      reason = await probeBatches(clients.data, tableNames(config).sessions, dialect);
      if (reason === 'works') return ok('batch-writes', '25 statements in a call');
    }
  } catch (error) {
    reason = errorName(error);
  }
  return trouble(config.writeMode === 'batch' ? 'fail' : 'warn', 'batch-writes', {
    found: `BatchExecuteStatement was answered with ${reason}: every item is a call of its own, at ten times the CPU`,
    fix: 'allow dynamodb:PartiQLInsert and dynamodb:PartiQLUpdate on the data tables',
  });
}
