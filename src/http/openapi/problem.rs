//! The schemas of refusals with what single codes say, and of the values of an organization.

use serde_json::{Value, json};

use super::schemas::{envelope, reference};

pub fn schemas() -> Value {
    json!({
        "Problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail", "code", "instance", "requestId", "statusCode", "error",
                "message", "path", "timestamp", "errors"],
            "properties": {
                "type": {"type": "string", "description": "Leads to an explanation for people."},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "statusCode": {"type": "integer"},
                "detail": {"type": "string"},
                "code": {"type": "string"},
                "instance": {"type": "string"},
                "path": {"type": "string"},
                "requestId": {"type": "string"},
                "error": {"type": "string", "description": "The reason phrase."},
                "message": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
                "timestamp": {"type": "string", "format": "date-time"},
                "errors": {"type": "array", "items": {"type": "object"}},
                "findings": {"type": "array", "items": reference("Finding")},
                "callers": {"type": "array", "items": reference("CallingFlow")},
                "hasMoreCallers": {"type": "boolean"},
                "current": {"type": "object", "description": "With 409 and 412: where the flow stands.", "properties": {
                    "version": {"type": "integer"},
                    "updatedAt": {"type": "string", "format": "date-time"},
                    "updatedBy": reference("Actor")
                }}
            }
        },
        "EnvAnswer": envelope(reference("Env")),
        "Env": {
            "type": "object",
            "description": "Texts by name.",
            "maxProperties": 200,
            "propertyNames": {"pattern": "^[A-Z][A-Z0-9_]{0,63}$"},
            "additionalProperties": {"type": "string", "description": "At most 2 KiB."}
        },
        "CallingFlow": {
            "type": "object",
            "required": ["flowId", "name", "publishedVersion", "steps"],
            "properties": {
                "flowId": {"type": "string", "format": "uuid"},
                "name": {"type": "string"},
                "publishedVersion": {"type": "integer", "minimum": 1},
                "steps": {"type": "array", "items": {
                    "type": "object",
                    "required": ["stepId", "mode", "version"],
                    "properties": {
                        "stepId": {"type": "string"},
                        "mode": {"enum": ["call", "transfer"]},
                        "version": {"oneOf": [{"type": "integer", "minimum": 1}, {"const": "published"}]}
                    }
                }}
            }
        }
    })
}
