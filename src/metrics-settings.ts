/** What the worker tells CloudWatch. */
import * as z from 'zod';

export const METRICS_SETTINGS = {
  emf: {
    schema: z
      .enum(['true', 'false'], { message: 'must be true or false' })
      .transform((text) => text === 'true'),
    default: 'false',
    unit: '',
    text: 'print metrics for CloudWatch Logs to stdout once a minute (docs/metrics.md)',
  },
  emfNamespace: {
    schema: z
      .string()
      .regex(
        /^(?!AWS\/)[A-Za-z0-9_./#-]{1,255}$/,
        'must be 1 to 255 letters, digits, ".", "-", "_", "/" or "#", and not begin with AWS/',
      ),
    default: 'SupersimMeter',
    unit: '',
    text: 'their namespace in CloudWatch',
  },
} as const;
