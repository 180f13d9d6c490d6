/** One action of the role, tried so that it can do nothing. */
import { type Check, ok, skipped, trouble } from './check.ts';
import { describeRefusal, fixFor, refusalOf } from './refusals.ts';

export interface Attempt {
  /** As policies name it. */
  readonly action: string;
  /** The ARN that a policy must allow it on. */
  readonly resource: string;
  readonly run: () => Promise<unknown>;
}

export const subjectOf = ({ action, resource }: Pick<Attempt, 'action' | 'resource'>): string =>
  `${action} on ${resource.slice(resource.indexOf('/') + 1)}`;

function checkRefusal(attempt: Attempt, error: unknown): Check {
  const { action, resource } = attempt;
  const subject = subjectOf(attempt);
  switch (refusalOf(error)) {
    case 'allowed':
      return ok('permission', 'allowed', { subject });
    case 'denied':
      return trouble('fail', 'permission', {
        subject,
        found: 'denied',
        fix: `allow ${action} on ${resource}`,
      });
    case 'key-denied':
      return trouble('fail', 'permission', {
        subject,
        found: describeRefusal(error),
        fix: 'allow kms:Decrypt on the key that the stream is encrypted with (see `encryption`), and see that the key is enabled',
      });
    case 'unknown-operation':
      return skipped('permission', 'this engine has no such thing', { subject });
    case 'missing':
      return skipped('permission', 'what it is about is gone', { subject });
    default:
      return trouble('warn', 'permission', { subject, found: describeRefusal(error), fix: fixFor(error) });
  }
}

export async function tryAction(attempt: Attempt): Promise<Check> {
  try {
    await attempt.run();
    return ok('permission', 'allowed', { subject: subjectOf(attempt) });
  } catch (error) {
    return checkRefusal(attempt, error);
  }
}
