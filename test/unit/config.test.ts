import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readConfig, type SettingName, variableOf } from '../../src/config.ts';
import { SETTINGS } from '../../src/settings.ts';

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

describe('the settings', () => {
  it('come from flags, then the environment, then defaults', () => {
    const { config, entries } = readConfig(
      { SUPERSIM_STREAM: 'from-env', SUPERSIM_LOG_LEVEL: 'warn' },
      { stream: 'from-flag' },
    );

    expect(config).toMatchObject({
      stream: 'from-flag',
      logLevel: 'warn',
      failoverTimeMs: 10_000,
      accounts: [],
    });
    expect(entries.find(({ name }) => name === 'stream')).toMatchObject({
      source: 'flag',
      text: 'from-flag',
    });
    expect(entries.find(({ name }) => name === 'logLevel')?.source).toBe('environment');
    expect(entries.find(({ name }) => name === 'http')?.source).toBe('default');
  });

  it('report every problem at once, and name unknown variables', () => {
    const read = () =>
      readConfig({ SUPERSIM_FAILOVER_TIME_MS: '1', SUPERSIM_HTTP: 'here', SUPERSIM_TYPO: 'x' });

    expect(read).toThrow(/3 problem[\s\S]*SUPERSIM_TYPO[\s\S]*SUPERSIM_FAILOVER_TIME_MS[\s\S]*SUPERSIM_HTTP/);
  });

  it('take a start position by Kinesis’s words or as a time', () => {
    expect(readConfig({ SUPERSIM_INITIAL_POSITION: 'LATEST' }).config.initialPosition).toBe('LATEST');
    expect(readConfig({ SUPERSIM_INITIAL_POSITION: '2026-01-31T00:00:00Z' }).config.initialPosition).toEqual({
      timestampMs: 1_769_817_600_000,
    });
    expect(() => readConfig({ SUPERSIM_INITIAL_POSITION: 'yesterday' })).toThrow(
      /TRIM_HORIZON, LATEST or a time/,
    );
  });

  it('refuse an application whose lease table would be a data table', () => {
    expect(() => readConfig({ SUPERSIM_APPLICATION: 'supersim-meter-sessions' })).toThrow(/data tables/);
  });

  it('keep items for ever, or for longer than the dedup horizon', () => {
    const keep = (days: string, horizon = '32') =>
      readConfig({ SUPERSIM_SESSION_KEEP_DAYS: days, SUPERSIM_DEDUP_HORIZON_DAYS: horizon }).config;

    expect(readConfig({}).config).toMatchObject({ sessionKeepDays: 0, usageKeepDays: 0, simKeepDays: 0 });
    expect(keep('33').sessionKeepDays).toBe(33);
    expect(() => keep('32')).toThrow(
      /SUPERSIM_SESSION_KEEP_DAYS="32".*more than SUPERSIM_DEDUP_HORIZON_DAYS/,
    );
    expect(() => keep('-1')).toThrow(/whole number/);
    expect(() => readConfig({ SUPERSIM_USAGE_KEEP_DAYS: '1', SUPERSIM_SIM_KEEP_DAYS: '1' })).toThrow(
      /2 problem/,
    );
  });

  it.each(Object.keys(SETTINGS) as SettingName[])(
    '%s stands in the README with its default and unit',
    (name) => {
      const { default: fallback, unit, text } = SETTINGS[name];
      const row = README.split('\n').find((line) => line.startsWith(`| \`${variableOf(name)}\` |`));

      expect(row).toBe(
        `| \`${variableOf(name)}\` | ${fallback ? `\`${fallback}\`` : 'none'} | ${unit} | ${text} |`,
      );
    },
  );
});
