// Emmett's event store for PostgreSQL as its guide sets it up: a connection string, and appends to streams.
// For SECONDS, CLIENTS append the document of the file DOCUMENT to streams of their own; prints what they got done as JSON.

import { readFileSync } from 'node:fs';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';

const { DATABASE_URL, DOCUMENT, CLIENTS, SECONDS } = process.env;
const STREAMS_EACH = 300;
const document = JSON.parse(readFileSync(DOCUMENT, 'utf8'));
const store = getPostgreSQLEventStore(DATABASE_URL);

const append = (client, stream) =>
  store.appendToStream(`flow-${client}-${stream}`, [{ type: 'FlowUpdated', data: { document } }]);

// The first makes the schema, the next open the connections.
await append(0, 0);
await Promise.all(Array.from({ length: Number(CLIENTS) }, (_, client) => append(client, 0)));

const began = performance.now();
const end = began + Number(SECONDS) * 1000;
let appends = 0;
const keepAppending = async (client) => {
  for (let turn = 0; performance.now() < end; turn += 1) {
    await append(client, turn % STREAMS_EACH);
    appends += 1;
  }
};
await Promise.all(Array.from({ length: Number(CLIENTS) }, (_, client) => keepAppending(client)));
console.log(JSON.stringify({ appends, seconds: (performance.now() - began) / 1000 }));
await store.close();
