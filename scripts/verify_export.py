"""Verifies an exported log offline, sharing no code with the service. Standard library only, Python 3.9 or later.
python3 verify_export.py EXPORT --key PUBLIC_KEY_OR_FILE ... [--checkpoint FILE ...] prints one line and exits with
0 (intact), 1 (altered) or 3 (end not proven). A checkpoint is a signed note that somebody kept: the log must agree."""
import argparse, base64, json, os, sys
from datetime import datetime, timedelta
from hashlib import sha256, sha512
from struct import pack
from uuid import UUID
def need(condition, what):
    if not condition: raise ValueError(what)
# Ed25519, RFC 8032 section 5.1.7.
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
def add(a, b):
    k = D * a[0] * b[0] * a[1] * b[1]
    return (a[0] * b[1] + b[0] * a[1]) * pow(1 + k, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - k, -1, P) % P
def times(scalar, point):
    rest = times(scalar >> 1, add(point, point)) if scalar else (0, 1)
    return add(rest, point) if scalar & 1 else rest
def point(encoded):
    y, sign = int.from_bytes(encoded, "little") & (2**255 - 1), encoded[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P: x = x * pow(2, (P - 1) // 4, P) % P
    need(y < P and (x * x - square) % P == 0 and (x or not sign), "no point of the curve")
    return x if x & 1 == sign else P - x, y
BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
def signed(public, message, signature):
    s, h = (int.from_bytes(part, "little") for part in (signature[32:], sha512(signature[:32] + public + message).digest()))
    return len(signature) == 64 and s < L and times(s, BASE) == add(point(signature[:32]), times(h % L, point(public)))
# Every value has one written form; anything else is refused.
def same(value, found, expected):
    need(type(found) is type(expected) and found == expected, f"{found!r} instead of {expected!r}")
    return value
def number(value): return same(value, type(value), int)
def version(value): return 0 if value is None else number(value) or need(False, "a version 0")
def digest(text): return same(bytes.fromhex(text[7:]), text, "sha256:" + bytes.fromhex(text[7:]).hex())
def uuid(text): return same(UUID(text).bytes, text, str(UUID(text)))
def instant(text):
    time = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
    same(None, text, time.isoformat(timespec="microseconds") + "Z")
    return (time - datetime(1970, 1, 1)) // timedelta(microseconds=1)
def members(text, *names):
    value = json.loads(text)
    same(None, list(value), list(names))
    return same(value, text, json.dumps(value, ensure_ascii=False, separators=(",", ":")))
def embedded(text, ending):
    value, end = json.JSONDecoder().raw_decode(text)  # its exact bytes, and what follows `ending` behind it, are returned
    need(type(value) in (dict, type(None)) and text[end:end + len(ending)] == ending, "no object, or not only one")
    return None if value is None else text[:end].encode(), text[end + len(ending):]
EVENT = """position recordedAt type streamKind streamId version eventId schemaVersion document enabled deleted
    publishedVersion publishedByVersion payloadDigest contextDigest eventHash chainHash""".split()
def event_hash(organization, e):
    enabled, deleted = (same(e[name], type(e[name]), bool) for name in ("enabled", "deleted"))
    document, name = e["document"] and digest(e["document"]), e["type"].encode()
    kind = {"flow": 1, "api_key": 2, "organization": 3}[e["streamKind"]]
    need(document is None or any(document), "a digest of zeros")
    return sha256(b"flow-registry/event/1" + uuid(organization) + pack(">B", kind) + uuid(e["streamId"]) + uuid(e["eventId"])
        + pack(">qqq", number(e["version"]), number(e["position"]), instant(e["recordedAt"]))
        + pack(">h", number(e["schemaVersion"])) + (document or bytes(32)) + pack(">B", enabled | deleted << 1)
        + pack(">qq", version(e["publishedVersion"]), version(e["publishedByVersion"]))
        + digest(e["payloadDigest"]) + digest(e["contextDigest"]) + pack(">H", len(name)) + name).digest()
def read_key(text, use=1):
    name, key_id, key = text.split("+", 2)
    key = base64.b64decode(key, validate=True)
    need(len(key) == 33 and key[0] == use and sha256(name.encode() + b"\n" + key).hexdigest()[:8] == key_id, "not a key")
    return name, bytes.fromhex(key_id), key[1:]
def read_keys(lines):
    """The keys of a file, each with the first instant at which it counts and the first at which it no longer does."""
    keys, valid = [], [float("-inf"), float("inf")]
    for line in (line.strip() for line in lines):
        if line.startswith("# valid-from "): valid[0] = instant(line[13:])
        elif line.startswith("# valid-until "): valid[1] = instant(line[14:])
        elif line and line[0] != "#": keys, valid = keys + [(*read_key(line), *valid)], [float("-inf"), float("inf")]
    return keys
def read_lines(note, origin, count, keys):
    """The lines of a signed note (c2sp.org/signed-note) but the last, its time, and whether a known key signed it."""
    text, _, signatures = note.rpartition("\n\n")
    first, position, *lines, time = text.split("\n")
    same(instant(time), (first[:len(origin)], signatures[-1:], str(int(position)), len(lines) + 2), (origin, "\n", position, count))
    known = False
    for dash, name, signature in (line.split(" ") for line in signatures[:-1].split("\n")):
        signature = same(base64.b64decode(signature, validate=True), dash, "—")
        for *named, public, since, until in keys:
            if named != [name, signature[:4]]: continue
            need(signed(public, text.encode() + b"\n", signature[4:]), "the signature of a known key is wrong")
            known = known or since <= instant(time) < until
    return first[len(origin):], int(position), *lines, known
def read_note(note, keys):
    """Organization, position and chain hash of a checkpoint, and whether a known key signed it."""
    organization, position, chain, known = read_lines(note, "flow-registry/log/", 3, keys)
    return organization, position, base64.b64decode(chain, validate=True), known
def cosigned(note, witness):
    """Whether a witness (c2sp.org/tlog-cosignature) says that it saw a note, at the time that its cosignature has."""
    (name, key_id, public), (text, _, signatures), found = read_key(witness, 4), note.rpartition("\n\n"), False
    for _, by, signature in (line.split(" ") for line in signatures[:-1].split("\n")):
        signature = base64.b64decode(signature, validate=True)
        if (by, signature[:4]) != (name, key_id): continue
        message = f"cosignature/v1\ntime {int.from_bytes(signature[4:12], 'big')}\n{text}\n".encode()
        need(signed(public, message, signature[12:]), "the cosignature of a known witness is wrong")
        found = True
    return found
class Trees:
    """The Merkle tree of the event hashes (RFC 6962), and what is known of the one flow that is to be complete."""
    def __init__(self, flow): self.flow, self.version, self.last, self.head, self.proven, self.subtrees = flow, 0, None, None, False, []
    def event(self, hashed):
        size, node, self.head, self.proven = 1, sha256(b"\0" + hashed).digest(), None, False
        while self.subtrees and self.subtrees[-1][0] == size: size, node = 2 * size, sha256(b"\1" + self.subtrees.pop()[1] + node).digest()
        self.subtrees.append((size, node))
    def root(self):
        node = self.subtrees[-1][1]
        for _, left in self.subtrees[-2::-1]: node = sha256(b"\1" + left + node).digest()
        return node
    def tree(self, note, keys, organization, position, chain):
        *lines, known = read_lines(note, "flow-registry/tree/", 5, keys)
        roots = [base64.b64decode(line, validate=True) for line in lines[2:5]]
        need(lines[:2] == [organization, position] and roots[::2] == [self.root(), chain], "a tree head over another log")
        self.head = roots[1], known
    def complete(self, line):
        same(self.flow, line["last"], self.flow)
        at, last, node = number(line["index"]), number(line["streams"]) - 1, digest(line["eventHash"])
        node = sha256(b"\0" + uuid(self.flow) + pack(">q", number(line["version"])) + node).digest()
        for beside in map(digest, line["path"]):
            need(at <= last > 0, "no path")
            if at & 1 or at == last:
                node = sha256(b"\1" + beside + node).digest()
                while not at & 1 and at: at, last = at >> 1, last >> 1
            else: node = sha256(b"\1" + node + beside).digest()
            at, last = at >> 1, last >> 1
        need(last == 0 and node == self.head[0], "the flow's last version is not in the tree of streams")
        need((self.version, self.last) == (line["version"], line["eventHash"]), f"version {self.version + 1} of the flow is missing")
        self.proven = self.head[1]
def accepts(position, payload):
    """Of an event log.accepted: its position, and which signed positions it gives up: those behind one, up to another."""
    try: said = json.loads(payload); return [(position, number(said["accepted"]["position"]), number(said["signed"]["position"]))]
    except Exception: return []
# Events of these types refer to a document that is in the log already: one that was erased stays absent behind them.
CARRIED_ON = "flow.deleted", "flow.unpublished", "flow.restored"
def erased(payload):
    """What an event content.erased says is gone: contexts and payloads by position, documents by digest."""
    try:
        said, kinds = json.loads(payload), ("contexts", "payloads", "documents")
        return {(kind[:-1], what) for kind in kinds for what in said[kind] if type(what) is (str if kind == "documents" else int)}
    except Exception: return set()
def verify(file, keys, kept):
    organization, after, position, chain, proven, announced, ended = None, 0, 0, b"", None, None, False
    documents, whole, line, against, accepted, absent, trees = set(), sha256(), b"", None, [], {}, None
    blank, gone = set(), set()  # documents without bytes, and all that was erased on record
    def altered(note, at, what):
        by = [event for event, low, high in accepted if note and low < note[1] <= high][-1:]
        named = "".join(f"; the event log.accepted at position {event} says that it was accepted in its place" for event in by)
        return 1, f"altered at position {at}: {what}{named}"
    for count, line in enumerate(file, 1):
        if not line.endswith(b"\n"): break
        at = position + 1  # the event that anything wrong from here on concerns
        try:
            text, kind = line[:-1].decode(), line[2:line.index(b'"', 2)].decode()
            need(not ended and (organization is None) == (kind == "format"), "a line in the wrong place")
            need(not announced or kind == "position", "a document without its event")
            if kind == "format":
                header = members(text, "format", "organization", "after", "chainHash")
                organization = same(header["organization"], header["format"], "flow-registry/evidence/1")
                start = sha256(b"flow-registry/log/1" + uuid(organization)).digest()
                at, chain = number(header["after"]), digest(header["chainHash"])
                need(at > 0 or (at, chain) == (0, start), "not where this log starts")
                need(all(note[0] == organization for note in kept), "the checkpoint that was kept is of another log")
                position = after = at
            elif kind == "complete":
                need((count, position) == (2, 0), "only the second line of a whole log says what it is complete for")
                trees = Trees(members(text, "complete")["complete"])
            elif kind == "document":
                head, _, tail = text.partition(',"content":')
                (content, rest), announced = embedded(tail, "}"), members(head + "}", "document")["document"]
                need(not rest and announced not in documents, "a document stands here again")
                need(content is None or sha256(content).digest() == digest(announced), "its document is another")
                documents.add(announced)
                if content is None: blank.add(announced)
            elif kind in ("position", "omitted"):
                head, _, tail = text.partition(',"payload":')
                event = members(head + "}", *EVENT) if tail else members(text, "omitted", "eventHash")
                need(number(event[kind]) == at, f"it is missing: the event at position {event[kind]} stands in its place")
                chain = sha256(chain + digest(event["eventHash"])).digest()
                if tail:
                    payload, tail = embedded(tail, ',"context":')
                    (context, rest), document = embedded(tail, "}"), event["document"]
                    # An erasure excuses what is absent at events before it, and not what was written again behind it.
                    told = erased(payload) if event["type"] == "content.erased" else set()
                    for what in told: absent.pop(what, None)
                    gone |= told
                    if document in blank and not (event["type"] in CARRIED_ON and ("document", document) in gone):
                        absent.setdefault(("document", document), at)
                    for content, of in ((payload, "payloadDigest"), (context, "contextDigest")):
                        if content is None: absent[of[:-6], at] = at
                        need(content is None or sha256(content).digest() == digest(event[of]), f"{of} is of other content")
                    need(event_hash(organization, event) == digest(event["eventHash"]), "its content does not have its hash")
                    need(chain == digest(event["chainHash"]), "it does not continue the chain")
                    need(not rest and announced in (None, document), "a document without its event")
                    need(document is None or document in documents, "its document is missing")
                    accepted += accepts(at, payload) if event["type"] == "log.accepted" else []
                position, announced = at, None
                if trees:
                    trees.event(digest(event["eventHash"]))
                    if tail and event["streamId"] == trees.flow:
                        trees.version, trees.last = trees.version + 1, event["eventHash"]
                        need(event["version"] == trees.version, f"version {trees.version} of the flow is missing")
            elif kind == "checkpoint":
                note, at = members(text, "checkpoint")["checkpoint"], position
                *place, known = read_note(note, keys)
                need(place == [organization, position, chain], "not the log whose checkpoint was signed")
                proven = position if known else proven
            elif kind in ("tree", "last"):
                at = position
                if kind == "tree": trees.tree(members(text, "tree")["tree"], keys, organization, position, chain)
                else: trees.complete(members(text, "last", "version", "eventHash", "index", "streams", "path"))
            else:
                ended, end = True, members(text, "end", "digest")
                need(number(end["end"]) == position and digest(end["digest"]) == whole.digest(), "the file is another")
            for note in [note for note in kept if note[1] == position]:
                if note[2] == chain: proven = position
                else: against = against or (note, position, "not the log whose checkpoint was kept")
        except Exception as error:  # whatever cannot be read is not what was written
            return altered(*(against or (None, at, f"line {count}: {error}")))
        whole.update(line)
    def unproven(why): return 3, f"end not proven at position {position}: {why}"
    beyond = [(note, position + 1, "a kept checkpoint is over more") for note in kept if note[1] > position]
    if against or beyond: return altered(*(against or min(beyond, key=lambda missing: missing[0][1])))
    if not ended or not line.endswith(b"\n"): return unproven("the file is cut")
    if absent: return 1, f"altered at position {min(absent.values())}: what it said is absent, and no event says that it was erased"
    if any(note[1] < after for note in kept): return unproven("this part begins after a checkpoint that was kept")
    if 0 < after == position: return unproven("no event follows the one after which this part begins")
    if proven != position: return unproven(f"the last checkpoint of a known key is at {proven}")
    if trees and not trees.proven: return unproven(f"no tree head of a known key proves which version of flow {trees.flow} is the last")
    if trees: return 0, f"intact up to position {position}, complete for flow {trees.flow} up to version {trees.version}"
    return 0, f"intact from position {after + 1} to {position}" if after else f"intact up to position {position}"
if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=argparse.FileType("rb"))
    parser.add_argument("--key", nargs="+", required=True)
    parser.add_argument("--checkpoint", nargs="*", default=[], type=argparse.FileType("r", encoding="utf-8"))
    parser.add_argument("--witness", nargs="*", default=[], help="a key that must have cosigned every checkpoint")
    given = parser.parse_args()
    notes = [note.read() for note in given.checkpoint]
    keys = [key for text in given.key for key in read_keys(open(text) if os.path.exists(text) else [text])]
    kept = [read_note(note, keys) for note in notes]
    if not all(note[3] for note in kept): parser.error("a checkpoint that was kept is signed by no known key")
    try: is_cosigned = bool(notes) and all(cosigned(note, witness) for note in notes for witness in given.witness)
    except Exception as error: is_cosigned = parser.error(str(error))
    if given.witness and not is_cosigned: parser.error("a witness did not cosign what was kept")
    sys.exit(print((found := verify(given.export, keys, kept))[1]) or found[0])
