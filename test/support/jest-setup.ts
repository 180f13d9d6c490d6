import { jest } from '@jest/globals';

// Per project: jest reads `testTimeout` from the global configuration only.
jest.setTimeout((globalThis as unknown as { TEST_TIMEOUT_MS: number }).TEST_TIMEOUT_MS);
// Three lines of notice per test file about Node 20 would bury the results.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
