/** One project per suite; `npm test` runs unit, contract and e2e, `.ci/run` runs all. */
const project = (name, testTimeoutMs) => ({
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
  },
  globals: { TEST_TIMEOUT_MS: testTimeoutMs },
  // Has a package.json of the same name.
  modulePathIgnorePatterns: ['<rootDir>/.tools', '<rootDir>/infra/.build'],
  setupFilesAfterEnv: ['<rootDir>/test/support/jest-setup.ts'],
});

// biome-ignore lint/style/noDefaultExport: jest reads its configuration from the default export.
export default {
  // A core each: most suites wait for engines, not for the processor.
  maxWorkers: '100%',
  projects: [
    // Nothing waits here; some, such as the simulation, compute for seconds.
    project('unit', 30_000),
    project('contract', 60_000),
    project('e2e', 180_000),
    project('slow', 900_000),
    project('conformance', 300_000),
    // Against LocalStack, by `npm run test:localstack`: suites of their own, and those of the main job as they are.
    {
      ...project('localstack', 300_000),
      testMatch: [
        '<rootDir>/test/localstack/**/*.test.ts',
        '<rootDir>/test/e2e/main-job.test.ts',
        '<rootDir>/test/e2e/fleet.test.ts',
        '<rootDir>/test/e2e/streams.test.ts',
      ],
      setupFiles: ['<rootDir>/test/support/jest-endpoint.ts'],
    },
    // Needs `npm ci` in infra/.
    { ...project('infra', 60_000), testMatch: ['<rootDir>/infra/test/**/*.test.ts'] },
  ],
};
