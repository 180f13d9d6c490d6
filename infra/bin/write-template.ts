/** Writes infra/template.json, which CloudFormation deploys as it is. A test compares. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { buildApp } from '../lib/build-app.ts';

/** This file lies in `infra/.build/infra/bin`. */
const path = join(import.meta.dirname, '../../../template.json');
writeFileSync(path, `${JSON.stringify(Template.fromStack(buildApp({}).meter).toJSON(), null, 2)}\n`);
