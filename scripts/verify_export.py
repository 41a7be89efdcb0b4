"""Verifies an exported log offline, sharing no code with the service. Standard library only, Python 3.9 or later.
verify_export.py EXPORT --key KEY|FILE ... [--checkpoint FILE ...] [--witness KEY|FILE ...] ends with 0 (intact),
1 (altered), 2 (not usable) or 3 (end not proven). A checkpoint is a signed note that was kept, or a kept tree head."""
import argparse, base64, json, os, sys
from datetime import datetime, timedelta
from functools import reduce
from hashlib import sha256, sha512
from struct import pack
from uuid import UUID
def need(condition, what):
    if not condition: raise ValueError(what)
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493  # Ed25519, RFC 8032 section 5.1.7
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
    hashed = sha512(signature[:32] + public + message).digest()
    s, h = int.from_bytes(signature[32:], "little"), int.from_bytes(hashed, "little") % L
    return len(signature) == 64 and s < L and times(s, BASE) == add(point(signature[:32]), times(h, point(public)))
def same(value, found, expected):  # every value has one written form, anything else is refused
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
    value, end = json.JSONDecoder().raw_decode(text)  # returned: its exact bytes, and what follows `ending` behind it
    need(type(value) in (dict, type(None)) and text[end:end + len(ending)] == ending, "no object, or not only one")
    return None if value is None else text[:end].encode(), text[end + len(ending):]
EVENT = """position recordedAt type streamKind streamId version eventId schemaVersion document enabled deleted
    publishedVersion publishedByVersion payloadDigest contextDigest eventHash chainHash""".split()
def event_hash(organization, e):
    enabled, deleted = (same(e[name], type(e[name]), bool) for name in ("enabled", "deleted"))
    document, name = e["document"] and digest(e["document"]), e["type"].encode()
    kind = {"flow": 1, "api_key": 2, "organization": 3}[e["streamKind"]]
    need(document is None or any(document), "a digest of zeros")
    return sha256(b"flow-registry/event/1" + uuid(organization) + pack(">B", kind) + uuid(e["streamId"])
        + uuid(e["eventId"]) + pack(">qqq", number(e["version"]), number(e["position"]), instant(e["recordedAt"]))
        + pack(">h", number(e["schemaVersion"])) + (document or bytes(32)) + pack(">B", enabled | deleted << 1)
        + pack(">qq", version(e["publishedVersion"]), version(e["publishedByVersion"]))
        + digest(e["payloadDigest"]) + digest(e["contextDigest"]) + pack(">H", len(name)) + name).digest()
def unbase64(text): return same(base64.b64decode(text), text, base64.b64encode(base64.b64decode(text)).decode())
def read_keys(given, use=1):  # one or a file of them, each with the instants at which it begins and ceases to count
    keys, valid = [], [float("-inf"), float("inf")]
    for line in map(str.strip, open(given, encoding="utf-8") if os.path.exists(given) else [given]):
        if line.startswith("# valid-from "): valid[0] = instant(line[13:])
        elif line.startswith("# valid-until "): valid[1] = instant(line[14:])
        elif line and line[0] != "#":
            need(line.count("+") > 1, "neither a public key nor a file of them")
            name, key_id, key = line.split("+", 2)
            key, found = unbase64(key), sha256(name.encode() + b"\n" + unbase64(key)).hexdigest()[:8]
            need(len(key) == 33 and key[0] == use and found == key_id, "not a key for this use")
            keys, valid = keys + [(name, bytes.fromhex(key_id), key[1:], *valid)], [float("-inf"), float("inf")]
    need(keys, "no key in it")
    return keys
def signers(note, keys, parts):  # who signed a note (c2sp.org/signed-note); `parts` of a line are message and signature
    for dash, name, signature in (line.split(" ") for line in note.rpartition("\n\n")[2][:-1].split("\n")):
        signature = same(unbase64(signature), dash, "—")
        for key in [key for key in keys if key[:2] == (name, signature[:4])]:
            need(signed(key[2], *parts(signature[4:])), f"the signature of the known key {name} is wrong")
            yield key
def read_note(note, keys):
    """Organization, position, chain hash, roots of a tree head (a checkpoint has none), time, if a known key signed."""
    text, blank, below = note.rpartition("\n\n")
    need(blank, "not a signed note")
    first, position, *digests, time = text.split("\n")
    origin = {1: "flow-registry/log/", 3: "flow-registry/tree/"}.get(len(digests))
    same(uuid(first[-36:]), (first[:-36], below[-1:], str(int(position))), (origin, "\n", position))
    at, (*roots, chain) = instant(time), map(unbase64, digests)
    known = [since <= at < until for *_, since, until in signers(note, keys, lambda it: (text.encode() + b"\n", it))]
    return first[-36:], int(position), chain, roots, time, any(known)
def cosigned(note, witness):  # by c2sp.org/tlog-cosignature: the message has the time that stands in the cosignature
    text = note.rpartition("\n\n")[0]
    def parts(it): return f"cosignature/v1\ntime {int.from_bytes(it[:8], 'big')}\n{text}\n".encode(), it[8:]
    return bool(list(signers(note, [witness], parts)))
# Merkle trees (RFC 6962, section 2.1): whole subtrees from the left, each larger than the next, and their root.
def grown(trees, leaf):
    size, node = 1, sha256(b"\0" + leaf).digest()
    while trees and trees[-1][0] == size:
        size, node, trees = 2 * size, sha256(b"\1" + trees[-1][1] + node).digest(), trees[:-1]
    return trees + [(size, node)]
def tree_of(streams): return reduce(grown, (stream + streams[stream] for stream in sorted(streams)), [])
def root(trees): return reduce(lambda node, left: sha256(b"\1" + left[1] + node).digest(), trees[-2::-1], trees[-1][1])
def root_above(leaf, at, last, path):  # where a path leads to from the leaf at an index; the last one's is `last`
    node = sha256(b"\0" + leaf).digest()
    for beside in path:
        need(0 <= at <= last > 0, "no path")
        if at & 1 or at == last:
            node = sha256(b"\1" + beside + node).digest()
            while not at & 1 and at: at, last = at >> 1, last >> 1
        else: node = sha256(b"\1" + node + beside).digest()
        at, last = at >> 1, last >> 1
    return node if at == last == 0 else None
def said(payload, read):  # what an event says of others, as far as it can be read
    try: return read(json.loads(payload))
    except Exception: return []
def erased(it): return it["documents"] + [(kind[:-1], at) for kind in ("contexts", "payloads") for at in it[kind]]
def gives_up(it): return [(number(it["accepted"]["position"]), number(it["signed"]["position"]))]
WRITES = "flow.created", "flow.updated", "flow.duplicated", "env.changed"  # others name a document from before
START, LINE_MAX = b'{"format":"flow-registry/evidence/1",', 4 << 20
def verify(file, keys, kept):
    """The exit status, the verdict, and a line that names the log and the newest head of it that was signed."""
    organization = chain = announced = flow = last = head = rests_on = proven = against = wrong = None
    after = position = shown = hidden = 0  # versions of the flow that are there, events that are not but for their hash
    whole, ended, line, documents, absent, gone, accepted, trees, streams = sha256(), 0, b"", {}, {}, set(), [], [], {}
    for count, line in enumerate(iter(lambda: file.readline(LINE_MAX), b""), 1):
        need(count > 1 or line.startswith(START) or START.startswith(line), "not an export of a log")
        if not line.endswith(b"\n") and len(line) < LINE_MAX: break
        at = position + 1  # the event that anything wrong from here on concerns
        try:
            text, kind = line.removesuffix(b"\n").decode(), line[2:line.index(b'"', 2)].decode()
            need(not ended and (count == 1) == (kind == "format"), "a line in the wrong place")
            need(not announced or kind == "position", "a document without its event")
            if kind == "format":
                it = members(text, "format", "organization", "after", "chainHash")
                organization, at, chain = it["organization"], number(it["after"]), digest(it["chainHash"])
                start = sha256(b"flow-registry/log/1" + uuid(organization)).digest()
                need(at > 0 or (at, chain) == (0, start), "not where this log starts")
                need(all(note[0] == organization for note in kept), "the checkpoint that was kept is of another log")
                position = after = at
            elif kind == "complete":
                need((count, position) == (2, 0), "only the second line of a whole log says what it is complete for")
                flow = str(UUID(bytes=uuid(members(text, "complete")["complete"])))
            elif kind == "document":
                begin, _, tail = text.partition(',"content":')
                (content, rest), announced = embedded(tail, "}"), members(begin + "}", "document")["document"]
                need(not rest and announced not in documents, "a document stands here again")
                need(content is None or sha256(content).digest() == digest(announced), "its document is another")
                documents[announced] = content is None
            elif kind in ("position", "omitted"):
                begin, _, tail = text.partition(',"payload":')
                event = members(begin + "}", *EVENT) if tail else members(text, "omitted", "eventHash")
                need(number(event[kind]) == at, f"it is missing: the event at position {event[kind]} stands there")
                hashed = digest(event["eventHash"])
                chain, trees, head, rests_on = sha256(chain + hashed).digest(), grown(trees, hashed), None, None
                if tail:
                    payload, tail = embedded(tail, ',"context":')
                    (context, rest), document = embedded(tail, "}"), event["document"]
                    # An erasure excuses what is absent at events before it, not what was written again.
                    for what in said(payload, erased) if event["type"] == "content.erased" else ():
                        gone.add(what)
                        absent.pop(what, None)
                    if documents.get(document) and not (event["type"] not in WRITES and (after or document in gone)):
                        absent.setdefault(document, at)
                    for content, of in (payload, "payloadDigest"), (context, "contextDigest"):
                        if content is None: absent[of[:-6], at] = at
                        else: need(sha256(content).digest() == digest(event[of]), f"{of} is of other content")
                    need(event_hash(organization, event) == hashed, "its content does not have its hash")
                    need(chain == digest(event["chainHash"]), "it does not continue the chain")
                    need(not rest and announced in (None, document), "a document without its event")
                    need(document is None or document in documents, "its document is missing")
                    if event["type"] == "log.accepted": accepted += [(at, *it) for it in said(payload, gives_up)]
                    if streams is not None: streams[uuid(event["streamId"])] = pack(">q", event["version"]) + hashed
                    if event["streamId"] == flow:
                        shown, last = shown + 1, event["eventHash"]
                        need(event["version"] == shown, f"version {shown} of the flow is missing")
                else: hidden, streams = hidden + 1, None
                position, announced = at, None
            elif kind == "checkpoint":
                at, note = position, members(text, "checkpoint")["checkpoint"]
                note = read_note(note, keys)
                need(note[:4] == (organization, position, chain, []), "not the log whose checkpoint was signed")
                proven = note if note[5] and not against else proven
            elif kind == "tree":
                at, head = position, members(text, "tree")["tree"]
                head = read_note(head, keys)
                need(flow and (*head[:3], head[3][0]) == (organization, position, chain, root(trees)), "another log")
                beside = [note[3] for note in kept if note[1:3] == (position, chain) and note[3]]
                need(all(roots == head[3] for roots in beside), "the tree head that was kept is another")
            elif kind == "last":
                at, it = position, members(text, "last", "version", "eventHash", "index", "streams", "path")
                leaf = uuid(same(flow, it["last"], flow)) + pack(">q", number(it["version"])) + digest(it["eventHash"])
                above = root_above(leaf, number(it["index"]), number(it["streams"]) - 1, map(digest, it["path"]))
                need(above == head[3][1], "the flow's last version is not in the tree of streams")
                need((shown, last) == (it["version"], it["eventHash"]), f"version {shown + 1} of the flow is missing")
                rests_on = head[5] and ("a kept tree head" if beside else "the signature of the service alone")
            else:
                ended, it = True, members(text, "end", "digest")
                need(number(it["end"]) == position and digest(it["digest"]) == whole.digest(), "the file is another")
            for note in [note for note in kept if note[1] == position and kind in ("format", "position", "omitted")]:
                against = against or (None if note[2] == chain else note)
                proven = proven if against else note
                if note[2] == chain and note[3] and not after:  # a tree head, and a whole log
                    need(note[3][0] == root(trees), "the kept tree head has other events")
                    need(not streams or note[3][1] == root(tree_of(streams)), "the kept tree head has other streams")
        except Exception as error:  # whatever cannot be read is not what was written
            wrong = at, f"line {count}: {error}"
            break
        whole.update(line)
    about = f"log {organization}, newest signed head: {f'position {proven[1]} at {proven[4]}' if proven else 'none'}"
    def accepted_by(note): return "".join(f"; the event log.accepted at position {event} says that it was accepted"
        for event, low, high in accepted if low < note[1] <= high)
    ahead, is_cut = sorted(note for note in kept if note[1] > position), not ended or line[-1:] != b"\n"
    given_up = [note for note in ahead if accepted_by(note)]
    if against: wrong = against[1], f"not the log whose checkpoint was kept{accepted_by(against)}"
    elif given_up and not wrong: wrong = position + 1, f"it is missing{accepted_by(given_up[0])}"
    elif absent and not wrong and not is_cut: wrong = min(absent.values()), "content is absent, and no event erased it"
    if wrong: return 1, f"altered at position {wrong[0]}: {wrong[1]}", about
    for applies, why in (
        (is_cut, "the file is cut"), (0 < after == position, "no event follows the one after which this part begins"),
        (ahead, f"the export ends before the kept checkpoint at position {ahead and ahead[0][1]}"),
        (any(note[1] < after for note in kept), "this part begins after a checkpoint that was kept"),
        (not proven or proven[1] < position, "the newest signed head is before it"),
        (flow and not rests_on, f"no tree head of a known key proves which version of flow {flow} is the last")):
        if applies: return 3, f"end not proven at position {position}: {why}", about
    good = f"intact from position {after + 1} to {position}" if after else f"intact up to position {position}"
    good += f", complete for flow {flow} up to version {shown} by {rests_on}" if flow else ""
    return 0, good + (f"; {hidden} of {position - after} events are shown by their hash alone" if hidden else ""), about
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", help="a file, or - for the standard input")
    for option in ("--key", "--checkpoint", "--witness"):
        parser.add_argument(option, nargs="+", action="extend", required=option == "--key", default=[])
    given, keys, witnesses, kept = parser.parse_args(), [], [], []
    try:
        for what in given.key: keys += read_keys(what)
        for what in given.witness: witnesses += read_keys(what, 4)
        need(given.checkpoint or not witnesses, "there is no --checkpoint that it could have cosigned")
        for what in given.checkpoint:
            with open(what, encoding="utf-8", newline="") as file: note = file.read()
            kept.append(read_note(note, keys))
            need(kept[-1][5], "no known key signed it")
            for witness in witnesses: need(cosigned(note, witness), f"{witness[0]} did not cosign it")
        what = given.export
        with open(0 if what == "-" else what, "rb") as file: status, *told = verify(file, keys, kept)
        print(*told, sep="\n", flush=True)
    except Exception as error: status = print(f"{what!r} cannot be used: {error}", file=sys.stderr) or 2
    sys.exit(status)
if __name__ == "__main__": main()
