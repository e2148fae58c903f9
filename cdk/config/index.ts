import { environmentNames, validated, type EnvironmentConfig, type EnvironmentName } from '../lib/config';
import { development } from './development';
import { production } from './production';
import { staging } from './staging';

const configurations: Record<EnvironmentName, EnvironmentConfig> = { development, staging, production };

/** The configuration of an environment, given by its name on the command line. */
export function configurationOf(name: unknown): EnvironmentConfig {
  const known = environmentNames.find((each) => each === name);
  if (known === undefined) {
    throw new Error(`${name === undefined ? 'no environment is named' : `there is no environment ${String(name)}`}: say -c env=${environmentNames.join('|')}`);
  }
  return validated(configurations[known]);
}
