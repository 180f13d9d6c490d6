// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are pieces of source.
/** Bugs that somebody could plant in the protocol: each is one replacement in one source file. The simulation must
 *  find every one of them; test/unit/simulation/mutants.test.ts holds that each still fits the source. */

export interface Mutant {
  readonly name: string;
  /** Below `src/`. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'checkpoint before the store',
    file: 'page-store.ts',
    find: 'const storing = this.store(decoded, lease, { mayWait, gap }).finally(room.leave);',
    replace: `if (decoded.last) await lease.checkpoint(decoded.last);
      const storing = this.store(decoded, lease, { mayWait, gap }).finally(room.leave);`,
  },
  {
    name: 'checkpoint before the pages before it are stored',
    file: 'shard-consumer.ts',
    find: 'await Promise.all([storeAll(), previous]);',
    replace: 'await Promise.all([storeAll()]);',
  },
  {
    name: 'shard finished before its last page is stored',
    file: 'shard-consumer.ts',
    find: 'return (await this.finishInFlight()) ?? lease.finish(page.shardEnd.childShards);',
    replace: 'return lease.finish(page.shardEnd.childShards);',
  },
  {
    name: 'dead letters not waited for',
    file: 'page-store.ts',
    find: 'letters.length > 0 && deadLetters.put(letters, lease.lost),',
    replace: 'void deadLetters.put(letters, lease.lost).catch(() => undefined),',
  },
  {
    name: 'a record logged in full',
    file: 'page-store.ts',
    find: 'page.tally.deadLetter(reason);',
    replace: `page.tally.deadLetter(reason);
      this.deps.log.warn('event.dead', new TextDecoder().decode(record.data));`,
  },
  {
    name: 'ignored events not tallied',
    file: 'page-store.ts',
    find: 'page.tally.ignore(item.reason);',
    replace: 'if (item.reason !== "other-type") page.tally.ignore(item.reason);',
  },
  {
    name: 'page written with uncommitted ids',
    file: 'store/aggregate-round.ts',
    find: 'const spilled = spill(stored.memory);',
    replace: 'const spilled = spill(remember(stored.memory, fresh));',
  },
  {
    name: 'ring trimmed before the page is durable',
    file: 'store/aggregate-round.ts',
    find: 'const written = await pages.write(kind.pageKeyOf(base.id), spilled.ids);',
    replace: `const written = 1;
      const later = this.deps.clock.sleep(1_000);
      later.then(() => pages.write(kind.pageKeyOf(base.id), spilled.ids)).catch(() => undefined);`,
  },
  {
    name: 'version check dropped from statements',
    file: 'store/statements.ts',
    find: `parameters.push(version);
  known.text ??= updateText(`,
    replace: `void version;
  const textOf = updateText;
  const withoutVersion = (...parts: Parameters<typeof textOf>): string =>
    textOf(...parts).replace(' AND "version"=?', '');
  known.text ??= withoutVersion(`,
  },
  {
    name: 'an attribute left out of a change',
    file: 'store/session-attributes.ts',
    find: 'if (isSameValue(old, part)) continue;',
    replace: "if (isSameValue(old, part) || name === 'upload_bytes') continue;",
  },
  {
    name: 'version check dropped from puts',
    file: 'store/put-writer.ts',
    find: "ConditionExpression: 'version = :version',",
    replace: "ConditionExpression: 'version = :version OR version <> :version',",
  },
  {
    name: 'insert without a condition',
    file: 'store/put-writer.ts',
    find: '{ ConditionExpression: `attribute_not_exists(${Object.keys(key)[0]})` }',
    replace: '{}',
  },
  {
    name: 'an insert of what is there taken for written',
    file: 'store/batch-writer.ts',
    find: 'if (error === undefined) return WRITTEN;',
    replace: "if (error === undefined || error.Code === 'DuplicateItem') return WRITTEN;",
  },
  {
    name: 'a throttled statement taken for written',
    file: 'store/batch-writer.ts',
    find: 'return { error: statementError(error) };',
    replace: 'return WRITTEN;',
  },
  {
    name: 'statements’ outcomes in the wrong order',
    file: 'store/batch-writer.ts',
    find: 'return (await this.execute(batch)).map(outcomeOf);',
    replace: 'return (await this.execute(batch)).map(outcomeOf).reverse();',
  },
  {
    name: 'a refused write taken for a stored one',
    file: 'store/aggregate-round.ts',
    find: "if (outcome.kind === 'conflict') {",
    replace: "if (outcome.kind === 'conflict' && this.writerNumber < 0) {",
  },
  {
    name: 'a lost answer taken for a stored write',
    file: 'store/batch-writer.ts',
    find: 'return (await this.execute(batch)).map(outcomeOf);',
    replace: `const responses = await this.execute(batch).catch((error) => {
        if (error.name !== 'TimeoutError') throw error;
        return batch.map(() => ({}));
      });
      return responses.map(outcomeOf);`,
  },
  {
    name: 'repeats within a round not looked for',
    file: 'store/aggregate-round.ts',
    find: 'freshIds?.has(entry.id)',
    replace: 'freshIds?.has(entry.id) && entry.index < 0',
  },
  {
    name: 'a copy called duplicate before the first is durable',
    file: 'store/aggregate-round.ts',
    find: 'found.repeats.push(entry);',
    replace: 'settle(entry, this.told(stored, DUPLICATE));',
  },
  {
    name: 'pages never asked',
    file: 'reduce/dedup-memory.ts',
    find: "return spilledThroughMs === undefined || timestampMs > spilledThroughMs ? 'new' : 'ask-pages';",
    replace: "return spilledThroughMs === undefined || timestampMs > 0 ? 'new' : 'ask-pages';",
  },
  {
    name: 'time of spilled ids forgotten',
    file: 'reduce/dedup-memory.ts',
    find: 'const spilledThroughMs = later(memory.spilledThroughMs, memory.ringThroughMs);',
    replace: 'const spilledThroughMs = memory.spilledThroughMs;',
  },
  {
    name: 'page keys used twice',
    file: 'store/dedup-pages.ts',
    find: 'page_id: toHex(random.bytes(EVENT_ID_BYTES)),',
    replace: 'page_id: `page-${parts.indexOf(part)}`,',
  },
  {
    name: 'only the first page of ids read',
    file: 'store/dedup-pages.ts',
    find: 'for (const page of answer.Items)',
    replace: 'for (const page of answer.Items.slice(0, 1))',
  },
  {
    name: 'dedup by the envelope’s id',
    file: 'decode/connection-event.ts',
    find: 'const eventSid = data.event_sid ?? envelope.eventSid;',
    replace:
      'const eventSid = envelope.eventSid ?? (data.event_sid ? `EZ${data.event_sid.slice(2, 18)}${String(context.arrivedAtMs).padStart(16, "0")}` : undefined);',
  },
  {
    name: 'a closed hour handed on by nobody',
    file: 'store/session-kind.ts',
    find: 'return countUsage(closedParts(stored)).then(() => ({ ...stored, isHandedOn: true }));',
    replace: 'return Promise.resolve({ ...stored, isHandedOn: true });',
  },
  {
    name: 'a closed hour not handed on by who reads the session after a crash',
    file: 'store/aggregate-store.ts',
    find: 'base = await this.withoutClosed(base);',
    replace: '',
  },
  {
    name: 'a closed hour not waited for until it is handed on',
    file: 'store/aggregate-store.ts',
    find: 'base = await this.withoutClosed({ id, stored: written.stored });',
    replace: `base = { id, stored: written.stored };
        void this.withoutClosed(base).catch(() => undefined);`,
  },
  {
    name: 'a closed hour that comes twice counted twice',
    file: 'reduce/usage-day.ts',
    find: 'eventSid: `${sid}@${version}#${name}`,',
    replace:
      'eventSid: `${sid}@${version}#${name}#${(globalThis.handedOn = (globalThis.handedOn ?? 0) + 1)}`,',
  },
  {
    name: 'closed hours of all swaps under one name',
    file: 'reduce/usage-day.ts',
    find: 'eventSid: `${sid}@${version}#${name}`,',
    replace: 'eventSid: `${sid}#${name}`,',
  },
  {
    name: 'a closed hour kept back when its session has ended',
    file: 'reduce/hourly-usage.ts',
    find: 'after.terminal ? Number.POSITIVE_INFINITY : hourOf',
    replace: 'hourOf',
  },
  {
    name: 'an hour’s bytes on the line of the session’s first event',
    file: 'reduce/hourly-usage.ts',
    find: 'const line = lineOf(event);',
    replace: 'const line = open[0]?.line ?? lineOf(event);',
  },
  {
    name: 'an hour by when its event happened instead of the window’s end',
    file: 'reduce/session.ts',
    find: 'windowEndOf(event) ?? stampOf(event).timeMs;',
    replace: 'event.windowStartMs ?? stampOf(event).timeMs;',
  },
  {
    name: 'a SIM’s version check dropped from puts',
    file: 'store/put-writer.ts',
    find: 'const condition = ({ key, change }: ItemWrite): object =>',
    replace: `const condition = (write: ItemWrite): object =>
  write.change !== undefined && write.tableName.endsWith('-sims') ? {} : conditionOf(write);

const conditionOf = ({ key, change }: ItemWrite): object =>`,
  },
  {
    name: 'a SIM’s version check dropped from statements',
    file: 'store/statements.ts',
    find: 'parameters.push(version);',
    replace: `if (tableName.endsWith('-sims')) {
    const without = updateText({ tableName, key: Object.keys(key), set: Object.keys(set), remove }, dialect);
    return { text: without.replace(' AND "version"=?', ''), parameters };
  }
  parameters.push(version);`,
  },
  {
    name: 'a SIM’s refused write taken for a stored one',
    file: 'store/aggregate-round.ts',
    find: "if (outcome.kind === 'conflict') {",
    replace: "if (outcome.kind === 'conflict' && kind.name !== 'sim') {",
  },
  {
    name: 'a SIM’s state not waited for',
    file: 'store/projections.ts',
    find: 'ofSims.length === 0 ? [] : sims.apply(ofSims.map(newsOf), signal, { mayWait }),',
    replace: `ofSims.map(() => ({ kind: 'applied' }) as const),
      void sims.apply(ofSims.map(newsOf), signal, { mayWait }).catch(() => undefined),`,
  },
  {
    name: 'a SIM’s blocking told by its sessions to nobody',
    file: 'store/projections.ts',
    find: 'if (news.length > 0) await',
    replace: 'if (news.length < 0) await',
  },
  {
    name: 'a SIM’s last attachment by arrival',
    file: 'reduce/sim.ts',
    find: 'if (isLater(stamp, last?.stamp) ||',
    replace: 'if (stamp.timeMs >= 0 ||',
  },
  {
    name: 'a SIM’s latest transitions in the order of arrival',
    file: 'reduce/sim.ts',
    find: '{ timeMs: stamp.timeMs, transition }].sort(byTime)',
    replace: '{ timeMs: stamp.timeMs, transition }]',
  },
  {
    name: 'a SIM’s session that ended opened again by its late start',
    file: 'reduce/sim-sessions.ts',
    find: 'const ends = [old?.endedMs, endOf(event)]',
    replace: 'const ends = [endOf(event)]',
  },
  {
    name: 'last counter instead of the largest',
    file: 'reduce/session.ts',
    find: 'const largest = max(direction.cumulative, cumulative);',
    replace: 'const largest = cumulative ?? direction.cumulative;',
  },
  {
    name: 'usage through the last event instead of the latest',
    file: 'reduce/session.ts',
    find: 'const usageThroughMs = max(session.usageThroughMs, windowEndOf(event));',
    replace: 'const usageThroughMs = windowEndOf(event) ?? session.usageThroughMs;',
  },
  {
    name: 'dead letters of one record share a key',
    file: 'store/dead-letters.ts',
    find: 'record_id: `${letter.sequenceNumber}#${letter.index}`,',
    replace: 'record_id: `${letter.sequenceNumber}#0`,',
  },
  {
    name: 'shard end on an empty page',
    file: 'source/shard-poller.ts',
    find: 'const isEnd = childShards !== undefined && childShards.length > 0;',
    replace: `const isEnd = (childShards !== undefined && childShards.length > 0) || records.length === 0;
    childShards ??= [];`,
  },
  {
    name: 'a null iterator trusted although records are left',
    file: 'source/find-children.ts',
    find: 'const mayHaveEnded = (answer.MillisBehindLatest ?? 0) === 0;',
    replace: 'const mayHaveEnded = true;',
  },
  {
    name: 'expired iterator reopened at the latest',
    file: 'source/shard-poller.ts',
    find: "if (kind === 'expired-iterator') this.iterator = undefined;",
    replace: `if (kind === 'expired-iterator') {
      this.iterator = undefined;
      this.position = 'LATEST';
    }`,
  },
  {
    name: 'position moved before the page is handed out',
    file: 'source/shard-poller.ts',
    find: 'metrics.recordsRead(this.name, clock.monotonicMs() - startedAtMs);',
    replace: `metrics.recordsRead(this.name, clock.monotonicMs() - startedAtMs);
    const lastRead = answer.Records?.at(-1)?.SequenceNumber;
    if (lastRead) this.position = { afterSequenceNumber: lastRead };`,
  },
  {
    name: 'pages handed out in the wrong order',
    file: 'source/prefetch.ts',
    find: 'const page = this.pages.shift();',
    replace: 'const page = this.pages.pop();',
  },
  {
    name: 'deadline’s timer left running',
    file: 'source/with-deadline.ts',
    find: 'deadline.cancel();',
    replace: '',
  },
  {
    name: 'child before parent',
    file: 'leases/lineage.ts',
    find: 'for (const lease of leases) if (!isFinished(lease)) unfinished.add(lease.leaseKey);',
    replace: '',
  },
  {
    name: 'child waits for one parent of two',
    file: 'leases/lineage.ts',
    find: 'parentLeaseKeys(lease).some((parent) => unfinished.has(parent))',
    replace:
      '((keys) => keys.length > 0 && keys.every((parent) => unfinished.has(parent)))(parentLeaseKeys(lease))',
  },
  {
    name: 'lease writes without the counter',
    file: 'leases/dynamo-lease-store.ts',
    find: 'ConditionExpression: `leaseCounter = :counter${',
    replace: 'ConditionExpression: `(leaseCounter = :counter OR leaseCounter <> :counter)${',
  },
  {
    name: 'lease writes not conditional on the owner or the counter',
    file: 'leases/dynamo-lease-store.ts',
    find: "ConditionExpression: `leaseCounter = :counter${isOwn ? ' AND leaseOwner = :us' : ''}${",
    replace:
      "ConditionExpression: `(leaseCounter = :counter OR leaseCounter <> :counter)${isOwn ? ' AND (leaseOwner = :us OR leaseOwner <> :us)' : ''}${",
  },
  {
    name: 'another’s row taken for our own write',
    file: 'leases/lease-change.ts',
    find: `row.owner === wanted.owner &&
    row.counter === wanted.counter &&`,
    replace: 'row.counter === wanted.counter &&',
  },
  {
    name: 'validity from the end of the renewal',
    file: 'leases/lease-session.ts',
    find: 'this.#validity.stored(startedAtMs, write.recovered);',
    replace: 'this.#validity.stored(this.#deps.clock.monotonicMs(), false);',
  },
  {
    name: 'validity for longer than the failover time',
    file: 'leases/validity.ts',
    find: 'this.#validForMs = failoverTimeMs * (1 - VALIDITY_MARGIN);',
    replace: 'this.#validForMs = failoverTimeMs * 1.5;',
  },
  {
    name: 'leases expire too early',
    file: 'leases/observed-leases.ts',
    find: 'nowMs - observed.unchangedSinceMs >= failoverTimeMs;',
    replace: 'nowMs - observed.unchangedSinceMs >= failoverTimeMs / 2;',
  },
  {
    name: 'a loop that ends with its first failure',
    file: 'leases/loop.ts',
    find: 'await backOff(this.#deps, this.#stop.signal, error, failures++, { reason: this.#name });',
    replace: 'if (failures++ >= 0) return;',
  },
  {
    name: 'no back-off',
    file: 'leases/loop.ts',
    find: 'Math.min(capMs, BACK_OFF_BASE_MS * 2 ** Math.min(attempt, 16)) * (0.5 + 0.5 * random.next());',
    replace: 'random.next();',
  },
  {
    name: 'held-back events of a session taken for alike',
    file: 'store/packed-event.ts',
    find: 'like && isSame(like.common, event) ? like.common : commonOf(event)',
    replace: 'like ? like.common : commonOf(event)',
  },
  {
    name: 'events that came during a write forgotten',
    file: 'store/aggregate-store.ts',
    find: 'if (events.length > 0) await this.count(queue.id, events);',
    replace: `if (events.length > 0) await this.count(queue.id, events);
        queue.events = [];`,
  },
  {
    name: 'started sessions never done',
    file: 'store/held-back.ts',
    find: 'this.underwayCount -= 1;',
    replace: '',
  },
  {
    name: 'room of a page that failed kept',
    file: 'page-store.ts',
    find: '.finally(room.leave);',
    replace: '.then((tally) => (room.leave(), tally));',
  },
  {
    name: 'leases kept at a stop',
    file: 'leases/lease-session.ts',
    find: 'return this.#deps.store.release(lease, { readToTip: this.#readToTip, isDraining });',
    replace: 'return isDraining ? "unchanged" : this.#deps.store.renew(lease, this.#readToTip);',
  },
  {
    name: 'chance that no seed decides',
    file: 'time.ts',
    find: 'random.next() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));',
    replace: 'Math.random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));',
  },
];
