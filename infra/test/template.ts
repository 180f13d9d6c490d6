/** The synthesized template, read as data. */
import { Template } from 'aws-cdk-lib/assertions';
import { buildApp } from '../lib/build-app.ts';
import type { MeterContext } from '../lib/meter-context.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface Resource {
  readonly id: string;
  readonly Type: string;
  readonly Properties: Json;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: readonly string[];
}

export interface ReadTemplate {
  readonly json: Json;
  readonly resources: readonly Resource[];
  ofType(type: string): readonly Resource[];
  /** @throws unless there is exactly one. */
  only(type: string): Resource;
}

export function readTemplate(json: Json): ReadTemplate {
  const resources = Object.entries(json['Resources'] as Readonly<Record<string, Omit<Resource, 'id'>>>).map(
    ([id, resource]) => ({ ...resource, id, Properties: resource.Properties ?? {} }),
  );
  const ofType = (type: string): readonly Resource[] => resources.filter(({ Type }) => Type === type);
  const only = (type: string): Resource => {
    const [found, ...more] = ofType(type);
    if (!found || more.length > 0) throw new Error(`${more.length + (found ? 1 : 0)} resources of ${type}`);
    return found;
  };
  return { json, resources, ofType, only };
}

/** The stack of the workers, for what `cdk synth -c …` is given. */
export const synthesized = (context: MeterContext = {}): ReadTemplate =>
  readTemplate(Template.fromStack(buildApp(context).meter).toJSON() as Json);
