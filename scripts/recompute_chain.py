"""Recomputes the hashes of log rows, given as a file or on standard input, in a JSON array or one object a line:
psql -qAt -c 'SELECT row_to_json(e) FROM event e ORDER BY org_id, position' | python3 scripts/recompute_chain.py"""
import json, sys
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from struct import pack
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
uuid = lambda text: UUID(text).bytes
bytea = lambda text: bytes.fromhex(text.removeprefix("\\x"))

def event_hash(row):
    microseconds = (datetime.fromisoformat(row["recorded_at"]) - EPOCH) // timedelta(microseconds=1)
    name = row["type"].encode()
    return sha256(b"flow-registry/event/1" + uuid(row["org_id"]) + pack(">B", row["stream_kind"])
        + uuid(row["stream_id"]) + uuid(row["event_id"])
        + pack(">qqqH", row["version"], row["position"], microseconds, row["schema_version"])
        + bytea(row["document_digest"] or "00" * 32) + pack(">B", row["enabled"] | row["deleted"] << 1)
        + pack(">qq", row["published_version"] or 0, row["published_by_version"] or 0)
        + bytea(row["payload_digest"]) + bytea(row["context_digest"]) + pack(">H", len(name)) + name).digest()

def wrong(row, organization, position, chain):
    for part in ("payload", "context"):  # NULL once erased; the digest stays
        if row[part] is not None and sha256(bytea(row[part])).hexdigest() != row[part + "_digest"][2:]:
            yield part + "_digest"
    if (row["org_id"], row["position"]) != (organization, position): yield "position"
    if event_hash(row) != bytea(row["event_hash"]): yield "event_hash"
    if chain != bytea(row["chain_hash"]): yield "chain_hash"

text = (open(sys.argv[1]) if len(sys.argv) > 1 else sys.stdin).read()
organization, position, chain, bad = None, 0, b"", 0
for row in json.loads(text) if text.startswith("[") else map(json.loads, text.splitlines()):
    if row["org_id"] != organization:
        organization, position, chain = row["org_id"], 0, sha256(b"flow-registry/log/1" + uuid(row["org_id"])).digest()
    position, chain = position + 1, sha256(chain + event_hash(row)).digest()
    for column in wrong(row, organization, position, chain):
        bad, _ = bad + 1, print(f"{organization} position {row['position']}: {column} is wrong")
    position, chain = row["position"], bytea(row["chain_hash"])  # so that one fault is named once
sys.exit(f"{bad} wrong" if bad else None)
