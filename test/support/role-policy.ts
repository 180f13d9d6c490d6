/** A role's policy as `infra/template.json` has it, so that what is tested is what is deployed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type Json = Readonly<Record<string, unknown>>;

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties: Json }>>;
}

export interface Allowed {
  readonly action: string;
  /** With `*` for any text. */
  readonly resource: string;
  /** The service that must ask for the caller: only KMS keys have this condition. */
  readonly viaService: string | undefined;
}

const TEMPLATE = join(import.meta.dirname, '../../infra/template.json');
const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': '000000000000',
  'AWS::URLSuffix': 'amazonaws.com',
};

const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:us-east-1:000000000000:${resource}`;
export const streamArn = (name: string): string => arn('kinesis', `stream/${name}`);
export const tableArn = (name: string): string => arn('dynamodb', `table/${name}`);

/** A value of the template as CloudFormation would write it. @throws on what it does not know. */
function resolved(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, argument] = ['', undefined]] = Object.entries((value ?? {}) as Json);
  if (name === 'Fn::Join') {
    const [separator, parts] = argument as [string, readonly unknown[]];
    return parts.map(resolved).join(separator);
  }
  if (name === 'Fn::GetAtt') return `arn of ${(argument as readonly string[]).join('.')}`;
  const known = name === 'Ref' ? PSEUDO_PARAMETERS[String(argument)] : undefined;
  if (known === undefined) throw new Error(`not known how to resolve ${JSON.stringify(value)}`);
  return known;
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

function allowedBy(statement: Json): Allowed[] {
  if (statement['Effect'] !== 'Allow') throw new Error('only what is allowed is known here');
  const equals = ((statement['Condition'] ?? {}) as Json)['StringEquals'] as Json | undefined;
  const viaService =
    equals?.['kms:ViaService'] === undefined ? undefined : resolved(equals['kms:ViaService']);
  const conditions = Object.keys((statement['Condition'] ?? {}) as Json).length;
  if (conditions > (viaService === undefined ? 0 : 1)) throw new Error('a condition that is not known here');
  return listOf(statement['Action']).flatMap((action) =>
    listOf(statement['Resource']).map((resource) => ({
      action: resolved(action),
      resource: resolved(resource),
      viaService,
    })),
  );
}

/** All that a role of the template may do; `role` is its construct's name, as Worker. */
export function policyOf(role: string): readonly Allowed[] {
  const { Resources } = JSON.parse(readFileSync(TEMPLATE, 'utf8')) as Template;
  const found = Object.entries(Resources).filter(
    ([id, { Type }]) => Type === 'AWS::IAM::Role' && new RegExp(`^MeterRoles${role}[0-9A-F]{8}$`).test(id),
  );
  const [[roleId, { Properties }] = ['', { Properties: {} as Json }]] = found;
  if (found.length !== 1) throw new Error(`the template has ${found.length} roles ${role}`);
  if (Properties['ManagedPolicyArns'] ?? Properties['Policies'])
    throw new Error(`role ${role} has policies that are not read here`);
  return Object.values(Resources)
    .filter(({ Type, Properties: policy }) => Type === 'AWS::IAM::Policy' && rolesOf(policy).includes(roleId))
    .flatMap(({ Properties: policy }) =>
      listOf((policy['PolicyDocument'] as Json)['Statement']).flatMap((statement) =>
        allowedBy(statement as Json),
      ),
    );
}

const rolesOf = (policy: Json): readonly unknown[] =>
  listOf(policy['Roles']).map((role) => (role as Json)['Ref']);

export const isAllowed = (
  policy: readonly Allowed[],
  { action, resource }: { readonly action: string; readonly resource: string },
): Allowed | undefined =>
  policy.find((allowed) => allowed.action === action && matches(allowed.resource, resource));

const matches = (pattern: string, resource: string): boolean =>
  pattern.endsWith('*') ? resource.startsWith(pattern.slice(0, -1)) : pattern === resource;
