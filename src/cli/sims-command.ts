/** `sims`: the state of a SIM. */
import type { Command } from 'commander';
import { createClients } from '../aws-clients.ts';
import { MeterError } from '../errors.ts';
import { explain } from '../explain-error.ts';
import { toJson } from '../json.ts';
import { createReader } from '../reader/index.ts';
import { tableNames } from '../store/tables.ts';
import { addSettingFlags, configFrom, type SettingFlags } from './setting-flags.ts';
import { simSid } from './sim-sid.ts';

async function getSim(
  text: string,
  { json, ...flags }: SettingFlags & { readonly json?: boolean },
): Promise<void> {
  const sid = simSid(text);
  const { config } = configFrom(flags);
  const sim = await createReader({ client: createClients().data, tablePrefix: config.tablePrefix }).sim(sid);
  if (sim === undefined)
    throw new MeterError(
      'not-found',
      `No SIM ${sid} in table ${tableNames(config).sims}: no event of it was counted, or SUPERSIM_PROJECTIONS leaves sims out.`,
    );
  process.stdout.write(`${toJson(sim, json ? undefined : 2)}\n`);
}

/** Registers `sims`. */
export function addSimsCommand(program: Command): void {
  const sims = program.command('sims').description('look at the state of SIMs');
  addSettingFlags(
    sims
      .command('get <sid>')
      .description('print one SIM: where its latest events leave it, attachments, rejections, open sessions')
      .option('--json', 'on one line'),
    ['tablePrefix'],
  ).action(async (sid: string, flags: SettingFlags & { readonly json?: boolean }) => {
    try {
      await getSim(sid, flags);
    } catch (error) {
      throw explain(error, 'reading the SIMs table');
    }
  });
}
