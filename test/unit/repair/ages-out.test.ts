import { expect, it } from '@jest/globals';
import { agesOut } from '../../../src/repair/ages-out.ts';

it('what ages out elsewhere is said with the streams’ retention, and without it where it may not be read', async () => {
  const send = async ({ input }: { input: { StreamName: string } }) => {
    if (input.StreamName === 'open') return { StreamDescriptionSummary: { RetentionPeriodHours: 168 } };
    throw Object.assign(new Error('no'), { name: 'AccessDeniedException' });
  };

  const list = await agesOut({ send } as never, ['open', 'closed']);

  expect(list[0]).toEqual({ where: 'stream "open"', until: expect.stringContaining('168 hours') });
  expect(list[1]).toEqual({ where: 'stream "closed"', until: expect.stringContaining('AccessDenied') });
  expect(list.map(({ where }) => where).join()).toMatch(/point-in-time recovery.*backups.*DynamoDB Streams/);
});
