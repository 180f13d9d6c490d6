/** The project `localstack` runs on what `AWS_ENDPOINT_URL` names: see `engine-from-env.ts`. */
process.env['TEST_ENGINE'] = 'endpoint';
