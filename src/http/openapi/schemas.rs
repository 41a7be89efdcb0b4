//! The schemas of bodies and answers.

use serde_json::{Value, json};

use super::problem;

/// Every schema by name.
pub fn all() -> Value {
    let mut all = answers();
    for part in [problem::schemas(), flows(), history(), runs(), keys()] {
        if let (Value::Object(all), Value::Object(part)) = (&mut all, part) {
            all.extend(part);
        }
    }
    all
}

pub fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn nullable(kind: &str) -> Value {
    json!({"type": [kind, "null"]})
}

/// `{data, timestamp}` around something.
pub fn envelope(data: Value) -> Value {
    json!({
        "type": "object",
        "required": ["data", "timestamp"],
        "properties": {"data": data, "timestamp": {"type": "string", "format": "date-time"}}
    })
}

fn page(entry: &str) -> Value {
    envelope(json!({
        "type": "object",
        "required": ["data", "pageInfo"],
        "properties": {
            "data": {"type": "array", "items": reference(entry)},
            "pageInfo": {
                "type": "object",
                "required": ["endCursor", "hasNextPage"],
                "properties": {"endCursor": nullable("string"), "hasNextPage": {"type": "boolean"}}
            }
        }
    }))
}

fn answers() -> Value {
    json!({
        "FlowAnswer": envelope(reference("Flow")),
        "FlowListAnswer": envelope(json!({"type": "array", "items": reference("Flow")})),
        "VerdictAnswer": envelope(reference("Verdict")),
        "RunAnswer": envelope(reference("Run")),
        "RunPageAnswer": page("RunEntry"),
        "ApiKeyAnswer": envelope(reference("ApiKey")),
        "ApiKeyPageAnswer": page("ApiKey"),
        "HealthAnswer": envelope(super::health()),
        "Text": {"type": "string"},
        "Description": {"type": "object"},
        "Nothing": {"type": "object", "additionalProperties": false},
        "Actor": {
            "type": "object",
            "required": ["type", "id", "name"],
            "properties": {
                "type": {"enum": ["api_key", "user", "operator", "erased"]},
                "id": {"type": "string"},
                "name": nullable("string")
            }
        },
        "Finding": {
            "type": "object",
            "required": ["code", "severity", "pointer", "stepId", "message"],
            "properties": {
                "code": {"type": "string"},
                "severity": {"enum": ["error", "warning"]},
                "pointer": {"type": "string", "description": "RFC 6901, into the document."},
                "stepId": nullable("string"),
                "message": {"type": "string"},
                "hint": {"type": "string"},
                "position": {
                    "type": "object",
                    "description": "Inside a template or expression, in characters.",
                    "properties": {"offset": {"type": "integer"}, "length": {"type": "integer"}}
                }
            }
        },
        "Verdict": {
            "type": "object",
            "required": ["valid", "errorCount", "warningCount", "findings"],
            "properties": {
                "valid": {"type": "boolean"},
                "errorCount": {"type": "integer"},
                "warningCount": {"type": "integer"},
                "findings": {"type": "array", "items": reference("Finding")}
            }
        }
    })
}

/// The members an author writes. What may stand inside steps is told by findings, not by this schema.
fn document_members() -> Value {
    json!({
        "name": {"type": "string", "minLength": 1, "maxLength": 120},
        "description": nullable("string"),
        "wabaId": nullable("string"),
        "phoneNumberId": nullable("string"),
        "triggerType": {"type": ["string", "null"],
            "enum": ["MANUAL", "KEYWORD", "INTENT", "AUTO_REPLY", "ANY_MESSAGE", "EVENT", "REFERRAL", null]},
        "triggerConfig": {"type": ["object", "null"]},
        "formatVersion": {"type": ["integer", "null"], "enum": [1, null]},
        "variables": {"type": ["array", "null"], "items": {"type": "object"}, "maxItems": 100},
        "steps": {"type": ["array", "null"], "items": {"type": "object"}, "maxItems": 200},
        "settings": {"type": ["object", "null"]},
        "interrupts": {"type": ["array", "null"], "items": {"type": "object"}, "maxItems": 20},
        "translations": {"type": ["object", "null"]},
        "meta": {"type": ["object", "null"]}
    })
}

fn flows() -> Value {
    let mut change = document_members();
    change["enabled"] =
        json!({"type": "boolean", "description": "On a published flow it needs `flows:publish`."});
    change["force"] = json!({"type": ["boolean", "null"],
        "description": "Pause it though flows in force call it; needs a `reason`."});
    change["reason"] = json!({"type": ["string", "null"], "maxLength": 500});
    change["json"] = json!({"type": "object",
        "description": "The definition as a whole: `{steps, variables, settings, interrupts, translations}`, or as a \
            graph `{nodes, edges}`. Excludes those members."});
    let mut flow = document_members();
    for (name, schema) in state_members() {
        flow[name] = schema;
    }
    json!({
        "FlowDocument": {"type": "object", "required": ["name"], "additionalProperties": false,
            "properties": document_members()},
        "FlowChange": {"type": "object", "additionalProperties": false, "properties": change},
        "Flow": {"type": "object",
            "required": ["id", "organizationId", "name", "status", "version", "documentDigest", "createdAt"],
            "properties": flow},
        "PublishOrder": {"type": "object", "additionalProperties": false, "properties": {
            "version": {"type": ["integer", "null"], "minimum": 1},
            "reason": {"type": ["string", "null"], "maxLength": 500},
            "label": {"type": ["string", "null"], "minLength": 1, "maxLength": 120}
        }},
        "PublishSetOrder": {"type": "object", "required": ["flows"], "additionalProperties": false, "properties": {
            "flows": {"type": "array", "minItems": 1, "maxItems": 50, "items": {
                "type": "object", "required": ["id"], "additionalProperties": false, "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    "version": {"type": ["integer", "null"], "minimum": 1}
                }
            }},
            "reason": {"type": ["string", "null"], "maxLength": 500},
            "label": {"type": ["string", "null"], "minLength": 1, "maxLength": 120}
        }},
        "UnpublishOrder": {"type": "object", "additionalProperties": false, "properties": {
            "force": {"type": ["boolean", "null"],
                "description": "Also where flows in force call it; needs a `reason`."},
            "reason": {"type": ["string", "null"], "maxLength": 500}
        }},
        "CallerPageAnswer": page("CallingFlow"),
        "DuplicateOrder": {"type": "object", "additionalProperties": false, "properties": {
            "version": {"type": ["integer", "null"], "minimum": 1},
            "name": {"type": ["string", "null"], "minLength": 1, "maxLength": 120}
        }}
    })
}

/// The members of a flow that are not its author's.
fn state_members() -> [(&'static str, Value); 21] {
    let time = || json!({"type": "string", "format": "date-time"});
    [
        ("id", json!({"type": "string", "format": "uuid"})),
        ("organizationId", json!({"type": "string", "format": "uuid"})),
        ("status", json!({"enum": ["draft", "published", "deleted"]})),
        ("published", json!({"type": "boolean"})),
        ("enabled", json!({"type": "boolean"})),
        ("inForce", json!({"type": "boolean", "description": "Published, enabled and not deleted."})),
        ("publishedVersion", nullable("integer")),
        ("publishedAt", nullable("string")),
        ("hasUnpublishedChanges", json!({"type": "boolean"})),
        ("version", json!({"type": "integer", "minimum": 1, "description": "Counts the flow's events."})),
        ("documentDigest", json!({"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"})),
        ("duplicatedFrom", json!({"type": ["object", "null"]})),
        ("restoredFrom", nullable("integer")),
        ("createdAt", time()),
        ("createdBy", reference("Actor")),
        ("updatedAt", time()),
        ("updatedBy", reference("Actor")),
        ("deletedAt", nullable("string")),
        ("findings", json!({"type": "array", "items": reference("Finding")})),
        ("formatVersion", json!({"const": 1})),
        ("name", json!({"type": "string"})),
    ]
}

fn history() -> Value {
    let positive = || json!({"type": "integer", "minimum": 1});
    json!({
        "EventPageAnswer": page("Event"),
        "AuditPageAnswer": page("AuditEntry"),
        "ExportLinkAnswer": envelope(json!({"type": "object", "required": ["url", "expiresAt"], "properties": {
            "url": {"type": "string", "format": "uri"}, "expiresAt": {"type": "string", "format": "date-time"}
        }})),
        "JsonPatch": {"type": "array", "items": {"type": "object", "required": ["op", "path"], "properties": {
            "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
            "path": {"type": "string"}, "from": {"type": "string"}, "value": {}
        }}},
        "DiffAnswer": envelope(json!({"type": "object", "required": ["from", "to", "changes"], "properties": {
            "from": {"type": "object"}, "to": {"type": "object"}, "changes": {"type": "object"}
        }})),
        "BlameAnswer": envelope(json!({"type": "object", "required": ["flowId", "version", "steps"], "properties": {
            "steps": {"type": "array", "items": {"type": "object", "required": ["stepId", "event"]}}
        }})),
        "CheckpointAnswer": envelope(reference("Checkpoint")),
        "Checkpoint": {"type": "object",
            "required": ["organizationId", "position", "chainHash", "signedAt", "note", "headPosition", "signsHere"],
            "properties": {
                "organizationId": {"type": "string", "format": "uuid"},
                "position": {"type": "integer", "minimum": 0},
                "chainHash": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
                "signedAt": {"type": "string", "format": "date-time", "description": "With microseconds."},
                "note": {"type": "string", "description": "A C2SP signed note (Ed25519) over all of this."},
                "headPosition": {"type": "integer", "minimum": 0,
                    "description": "Where the log stands now; beyond `position` only where this replica does not sign."},
                "signsHere": {"type": "boolean", "description": "Otherwise it is the latest that another replica made."}
            }},
        "RehearsalAnswer": envelope(json!({"type": "object", "required": ["dryRun", "diff", "findings"]})),
        "RestoreOrder": {"type": "object", "required": ["version"], "additionalProperties": false,
            "properties": {
                "version": {"oneOf": [positive(), {"const": "published"}]},
                "reason": {"type": ["string", "null"], "minLength": 3, "maxLength": 500,
                    "description": "Required but for a `dryRun`."},
                "mode": {"enum": ["draft", "live", null]},
                "dryRun": {"type": ["boolean", "null"]}
            }},
        "Event": {"type": "object", "required": ["version", "position", "type", "at", "actor", "changed"],
            "properties": {
                "version": positive(),
                "position": positive(),
                "type": {"type": "string"},
                "at": {"type": "string", "format": "date-time", "description": "With microseconds."},
                "actor": reference("Actor"),
                "onBehalfOf": nullable("string"),
                "reason": nullable("string"),
                "requestId": nullable("string"),
                "changed": {"type": "array", "items": {"type": "string"}},
                "changedMore": {"type": "integer"}
            }},
        "AuditEntry": {"type": "object",
            "required": ["id", "organizationId", "action", "resource", "resourceId", "metadata", "createdAt"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "actorUserId": nullable("string"),
                "action": {"type": "string"},
                "resource": {"enum": ["flow", "api_key", "organization"]},
                "resourceName": {"type": ["string", "null"], "description": "As it was at that event."},
                "metadata": {"type": "object"},
                "ip": nullable("string"),
                "userAgent": nullable("string"),
                "createdAt": {"type": "string", "format": "date-time"}
            }}
    })
}

fn runs() -> Value {
    json!({
        "RunRequest": {"type": "object", "additionalProperties": false, "properties": {
            "name": {"type": ["string", "null"], "maxLength": 120},
            "description": {"type": ["string", "null"], "maxLength": 1000},
            "version": {"oneOf": [{"enum": ["draft", "published", null]}, {"type": "integer", "minimum": 1}]},
            "definition": {"type": ["object", "null"], "description": "An unsaved document; excludes `version`."},
            "drafts": {"type": ["boolean", "null"], "description": "Run called flows by their drafts."},
            "trigger": {"type": ["object", "null"]},
            "messages": {"type": ["array", "null"], "items": {"type": "string"}, "maxItems": 200},
            "inputs": {"type": ["array", "null"], "maxItems": 200},
            "variables": {"type": ["object", "null"]},
            "contact": {"type": ["object", "null"]},
            "env": {"type": ["object", "null"]},
            "mocks": {"type": ["object", "null"]},
            "clock": {"type": ["object", "null"]},
            "seed": {"type": ["string", "null"], "maxLength": 64},
            "locale": nullable("string"),
            "maxSteps": {"type": ["integer", "null"], "minimum": 1, "maximum": 2000},
            "breakpoints": {"type": ["array", "null"], "items": {"type": "string"}},
            "trace": {"enum": ["full", "summary", null]},
            "expect": {"type": ["object", "null"]}
        }},
        "RunEntry": {"type": "object", "required": ["id", "flowId", "version", "digest"], "properties": {
            "id": {"type": "string", "format": "uuid"},
            "flowId": {"type": "string", "format": "uuid"},
            "version": nullable("integer"),
            "name": nullable("string"),
            "description": nullable("string"),
            "executedAt": {"type": "string", "format": "date-time"},
            "durationMs": {"type": "integer"},
            "digest": {"type": "string"},
            "passed": nullable("boolean"),
            "status": {"type": "string"},
            "createdBy": reference("Actor")
        }},
        "Run": {"type": "object",
            "required": ["id", "flowId", "version", "name", "description", "digest", "passed", "expectations",
                "status", "steps", "finalVariables", "transcript", "coverage", "warnings", "stats"],
            "properties": {
                "status": {"enum": ["completed", "waiting_for_input", "waiting_for_event", "handed_off", "transferred",
                    "expired", "stopped", "not_triggered", "failed", "budget_exhausted"]},
                "steps": {"type": "array", "items": {"type": "object", "required": ["stepId", "type", "output"]}},
                "finalVariables": {"type": "object"},
                "transcript": {"type": "array", "items": {"type": "object"}},
                "reproducible": {"type": ["boolean", "null"],
                    "description": "On reading: whether the digest still matches; null for a run by other rules."}
            }}
    })
}

fn keys() -> Value {
    let scopes = json!({"type": ["array", "null"], "minItems": 1, "items": {"enum": [
        "flows:read", "flows:write", "flows:publish",
        "flows:test", "flows:restore", "audit:read", "keys:manage", "consumer", "auditor", "support", "admin"]}});
    let numbers =
        json!({"type": ["array", "null"], "items": {"type": "string", "minLength": 1, "maxLength": 64}});
    json!({
        "NewApiKey": {"type": "object", "required": ["name"], "additionalProperties": false, "properties": {
            "name": {"type": "string", "minLength": 2, "maxLength": 80},
            "scopes": scopes,
            "phoneNumberIds": numbers,
            "expiresAt": {"type": ["string", "null"], "format": "date-time"}
        }},
        "ApiKeyChange": {"type": "object", "additionalProperties": false, "properties": {
            "name": {"type": "string", "minLength": 2, "maxLength": 80},
            "scopes": scopes,
            "phoneNumberIds": numbers
        }},
        "ApiKey": {"type": "object", "required": ["id", "prefix", "name", "scopes", "phoneNumberIds"], "properties": {
            "id": {"type": "string", "format": "uuid"},
            "prefix": {"type": "string"},
            "name": {"type": "string"},
            "scopes": {"type": "array", "items": {"type": "string"}},
            "phoneNumberIds": {"type": "array", "items": {"type": "string"}},
            "lastUsedAt": nullable("string"),
            "expiresAt": nullable("string"),
            "createdAt": {"type": "string", "format": "date-time"},
            "secret": {"type": "string", "description": "The whole key, when it is made and never again."}
        }}
    })
}
