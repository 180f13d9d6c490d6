#!/usr/bin/env node
import { main } from './cli/program.ts';
import { tuneHeap } from './tune-heap.ts';

tuneHeap();

// The SDK's notice about Node 20 is text of several lines; the README says which Node to use.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

process.exitCode = await main(process.argv);
