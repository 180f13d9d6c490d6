/** Examples under a command's `--help`. A test parses each with the command tree. */
import type { Command } from 'commander';

const SIM = 'HS0123456789abcdef0123456789abcdef';

/** Command → lines of what to type and what it is for. */
export const EXAMPLES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  '': [
    ['doctor', 'is everything there that a worker needs?'],
    ['lag 3', 'how far behind is shard 3, and who reads it?'],
    [`usage ${SIM} --from yesterday --to today`, 'what did this SIM use yesterday?'],
    ['dead-letters reasons', 'which records were refused, and why?'],
  ],
  run: [
    ['run', 'read until SIGTERM or Ctrl-C'],
    ['run --processes auto --http 127.0.0.1:9464', 'a worker per core, with health and metrics'],
    ['run --drain', 'end once everything is read'],
  ],
  doctor: [
    ['doctor', 'what is wrong, and what to do'],
    ['doctor --all', 'each action of the role and each table by itself'],
    ['doctor --json', 'for scripts; exit 5 when something is wrong'],
  ],
  lag: [
    ['lag', 'all shards'],
    ['lag 3', 'shardId-000000000003'],
    ['lag --fail-over 5min', 'exit 5 when more than five minutes behind: a gate for deploys'],
  ],
  top: [
    ['top', 'live; q ends'],
    ['top --every 5s', 'for fleets of many shards'],
    ['top --json', 'one snapshot'],
  ],
  leases: [
    ['leases --lag', 'who reads which shard, and how far it is'],
    ['leases reset 3 --to 2026-01-31T00:00:00Z', 'what reading shard 3 again would do'],
    ['leases release --owner worker-a --execute', 'free the shards of a machine that is gone'],
  ],
  'leases reset': [
    ['leases reset 3 --to TRIM_HORIZON', 'what it would do'],
    ['leases reset 3 --to 2026-01-31T00:00:00Z --execute', 'read again from that time'],
  ],
  usage: [
    [`usage ${SIM}`, 'the last seven days'],
    [`usage ${SIM} --from yesterday --to today`, 'yesterday'],
    [`usage ${SIM} --by hour --from 2026-01-31 --to 2026-02-01`, 'the hours of a day'],
    ['usage --fleet HF0123456789abcdef0123456789abcdef --by month --from 90d', 'a fleet by month'],
  ],
  sessions: [
    [`sessions list --sim ${SIM}`, 'the sessions of a SIM, latest first'],
    ['sessions get PI0123456789abcdef0123456789abcdef', 'all of one'],
  ],
  sims: [[`sims get ${SIM}`, 'is it online? when was it rejected last?']],
  'dead-letters': [
    ['dead-letters reasons', 'why, in words'],
    ['dead-letters --reason not-json --from 2026-01-31T00:00:00Z', 'which'],
    ['dead-letters redrive --reason too-large', 'what today’s decoder would make of them'],
    ['dead-letters redrive --reason too-large --execute', 'do it'],
  ],
  replay: [
    ['replay --from 2026-01-31T00:00:00Z', 'what is not counted yet since then'],
    ['replay --from 2026-01-31T00:00:00Z --execute', 'count it; what was counted counts no more'],
  ],
  gaps: [['gaps --stale-after 2h', 'sessions that miss bytes or fell silent, and stream gaps']],
  generate: [
    [
      'generate --devices 10 --start-at yesterday --out events.jsonl --truth truth.json',
      'a day of ten devices',
    ],
    ['generate --put --rate 100', 'into the stream'],
  ],
  completion: [
    ['completion bash', 'then: source <(supersim-meter completion bash)'],
    ['completion fish', 'into ~/.config/fish/completions/supersim-meter.fish'],
  ],
};

const textOf = (lines: readonly (readonly [string, string])[]): string =>
  `\nExamples:\n${lines.map(([what, why]) => `  ${why}\n    supersim-meter ${what}`).join('\n')}`;

/** Adds them to a command and all below it. */
export function addExamples(command: Command, path = ''): void {
  const lines = EXAMPLES[path];
  if (lines) command.addHelpText('after', textOf(lines));
  for (const child of command.commands) addExamples(child, `${path} ${child.name()}`.trim());
}
