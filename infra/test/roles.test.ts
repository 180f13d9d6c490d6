/** Who may do what. That it is neither too little nor too much is shown by `test/slow/policies.test.ts`. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as permissions from '../lib/permissions.ts';
import { type Json, type ReadTemplate, type Resource, synthesized } from './template.ts';

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Json;
}

let template: ReadTemplate;
beforeAll(() => {
  template = synthesized();
});

const role = (name: string): Resource => {
  const found = template
    .ofType('AWS::IAM::Role')
    .find(({ id }) => new RegExp(`^MeterRoles${name}[0-9A-F]{8}$`).test(id));
  if (!found) throw new Error(`no role ${name}`);
  return found;
};
const statementsOf = (of: ReadTemplate, name: string): readonly Statement[] =>
  of
    .ofType('AWS::IAM::Policy')
    .filter(({ id }) => id.startsWith(`MeterRoles${name}Policy`))
    .flatMap(({ Properties }) => (Properties['PolicyDocument'] as Json)['Statement'] as Statement[]);
const actionsOf = (of: ReadTemplate, name: string): readonly string[] =>
  statementsOf(of, name).flatMap(({ Action }) => Action);
const trustOf = (name: string): readonly Json[] =>
  (role(name).Properties['AssumeRolePolicyDocument'] as Json)['Statement'] as Json[];

const ROLES = ['Worker', 'Erase', 'ReadDeadLetters', 'Repair', 'VendorSink'];

describe('every role', () => {
  it('is allowed named actions on named resources', () => {
    for (const name of ROLES)
      for (const { Effect, Action, Resource } of statementsOf(template, name)) {
        expect(Effect).toBe('Allow');
        expect([Action].flat().filter((action) => action.includes('*'))).toEqual([]);
        expect([Resource].flat()).not.toContain('*');
        expect(JSON.stringify(Resource)).not.toContain('/*');
      }
  });

  it('is made of permissions that say what for', () => {
    for (const { action, on, why } of Object.values(permissions).flatMap((list) =>
      Array.isArray(list) ? (list as permissions.Permission[]) : [],
    )) {
      expect(action).toMatch(/^(kinesis|dynamodb):[A-Z]\w+$/);
      expect(on.length).toBeGreaterThan(0);
      expect(why.length).toBeGreaterThan(5);
    }
  });

  it('uses keys only through the service whose data they encrypt', () => {
    for (const name of ROLES)
      for (const { Action, Condition } of statementsOf(template, name))
        if ([Action].flat().some((action) => action.startsWith('kms:')))
          expect(JSON.stringify(Condition)).toMatch(/kms:ViaService.*(kinesis|dynamodb)\./);
  });
});

describe('the worker’s role', () => {
  it('is for this account’s tasks, and deletes nothing but leases', () => {
    expect(trustOf('Worker')).toEqual([
      {
        Action: 'sts:AssumeRole',
        Effect: 'Allow',
        Principal: { Service: 'ecs-tasks.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
    const deleting = statementsOf(template, 'Worker').filter(({ Action }) =>
      /Delete|BatchWrite/.test(String(Action)),
    );
    expect(deleting.map(({ Sid }) => Sid)).toEqual(['Leases']);
  });

  it('may read no dead letter, and put nothing into the stream', () => {
    const letters = statementsOf(template, 'Worker').find(({ Sid }) => Sid === 'DeadLetters');

    expect(letters?.Action).toEqual(['dynamodb:DescribeTable', 'dynamodb:PutItem']);
    expect(actionsOf(template, 'Worker').filter((action) => action.startsWith('kinesis:Put'))).toEqual([]);
  });

  it('may subscribe only where a fan-out consumer is named', () => {
    const fanOut = synthesized({ settings: '{"fanOutConsumer":"meter"}' });

    expect(actionsOf(template, 'Worker')).not.toContain('kinesis:SubscribeToShard');
    expect(actionsOf(fanOut, 'Worker')).toContain('kinesis:SubscribeToShard');
    const [consumers] = statementsOf(fanOut, 'Worker').filter(({ Sid }) => Sid === 'Consumers');
    expect(JSON.stringify(consumers?.Resource)).toContain('stream/supersim-events/consumer/*');
  });
});

it('the roles of operators are apart: who reads dead letters changes nothing, who erases reads no stream', () => {
  expect(
    actionsOf(template, 'ReadDeadLetters').filter((action) => /Put|Update|Delete|Write|PartiQL/.test(action)),
  ).toEqual([]);
  expect(actionsOf(template, 'Erase')).not.toContain('kinesis:GetRecords');
  for (const name of ['Erase', 'ReadDeadLetters', 'Repair'])
    expect(JSON.stringify(trustOf(name))).toContain(':root');
});

it('the vendor’s role is for one account that says the secret, and only puts', () => {
  expect(trustOf('VendorSink')).toEqual([
    expect.objectContaining({
      Condition: { StringEquals: { 'sts:ExternalId': { Ref: 'VendorExternalId' } } },
    }),
  ]);
  expect(JSON.stringify(trustOf('VendorSink'))).toContain('{"Ref":"VendorAccountId"}');
  expect([...actionsOf(template, 'VendorSink')].sort()).toEqual([
    'kinesis:DescribeLimits',
    'kinesis:ListShards',
    'kinesis:PutRecord',
    'kinesis:PutRecords',
    'kms:GenerateDataKey',
  ]);
  expect((template.json['Parameters'] as Record<string, Json>)['VendorExternalId']).toMatchObject({
    NoEcho: true,
    MinLength: 32,
  });
});
