import { type Command, Option } from 'commander';
import { type EffectiveConfig, flagOf, readConfig, type SettingName, variableOf } from '../config.ts';
import { SETTINGS } from '../settings.ts';

/** Gives a command flags for settings; each overrides its variable. */
export function addSettingFlags(command: Command, names: readonly SettingName[]): Command {
  for (const setting of names) {
    const { text, unit, default: fallback } = SETTINGS[setting];
    const inUnit = unit ? ` (${unit})` : '';
    const standing = fallback ? `; default ${fallback}` : '';
    command.addOption(
      new Option(`--${flagOf(setting)} <value>`, `${text}${inUnit} [${variableOf(setting)}${standing}]`),
    );
  }
  return command;
}

/** Settings as given on the command line. */
export type SettingFlags = Partial<Record<SettingName, string>>;

export const ALL_SETTINGS = Object.keys(SETTINGS) as SettingName[];

/** The settings in force for a command: its flags, then the environment, then defaults.
 *  @throws MeterError `config-invalid` */
export const configFrom = (options: SettingFlags): EffectiveConfig =>
  readConfig(process.env, Object.fromEntries(ALL_SETTINGS.map((setting) => [setting, options[setting]])));
