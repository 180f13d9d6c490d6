import { describe, expect, it } from '@jest/globals';
import { negotiated, OPEN_METRICS_TYPE } from '../../../src/ops/exposition-format.ts';

const EXPOSITION = {
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  body: `# HELP supersim_gaps_total Gaps
# TYPE supersim_gaps_total counter
supersim_gaps_total{stream="a"} 1

# HELP supersim_leases Leases held
# TYPE supersim_leases gauge
supersim_leases{stream="a"} 4

# HELP supersim_batch_duration_seconds Pages
# TYPE supersim_batch_duration_seconds histogram
supersim_batch_duration_seconds_bucket{le="+Inf",stream="a"} 2
`,
};
/** What Prometheus 2.5 and later send. */
const PROMETHEUS =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

describe('a scrape', () => {
  it.each([
    ['Prometheus', PROMETHEUS, true],
    ['an agent that asks for OpenMetrics alone', 'application/openmetrics-text', true],
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', false],
    ['curl', '*/*', false],
    ['nobody known', undefined, false],
    ['who likes plain text better', 'application/openmetrics-text;q=0.1, text/plain;q=0.9', false],
    ['who refuses OpenMetrics', 'application/openmetrics-text;q=0', false],
    ['who writes nonsense', 'application/openmetrics-text;q=high', false],
  ])('by %s gets its format', (_, accept, isOpen) => {
    const { contentType } = negotiated(EXPOSITION, accept);

    expect(contentType).toBe(isOpen ? OPEN_METRICS_TYPE : EXPOSITION.contentType);
  });

  it('in OpenMetrics has families of counters without _total, no empty line, and an end', () => {
    expect(negotiated(EXPOSITION, PROMETHEUS).body).toBe(`# HELP supersim_gaps Gaps
# TYPE supersim_gaps counter
supersim_gaps_total{stream="a"} 1
# HELP supersim_leases Leases held
# TYPE supersim_leases gauge
supersim_leases{stream="a"} 4
# HELP supersim_batch_duration_seconds Pages
# TYPE supersim_batch_duration_seconds histogram
supersim_batch_duration_seconds_bucket{le="+Inf",stream="a"} 2
# EOF
`);
  });

  it('in plain text is what it was', () => {
    expect(negotiated(EXPOSITION, '*/*')).toBe(EXPOSITION);
  });
});
