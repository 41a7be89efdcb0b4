//! The table of endpoints: what each takes and answers. Errors that all have in common are added by kind.

/// The scope an endpoint needs.
pub enum Scope {
    /// No credential is asked for.
    Open,
    One(&'static str),
    /// One of two.
    Either(&'static str, &'static str),
    /// Every scope there is.
    All,
}

pub struct Parameter {
    pub name: &'static str,
    /// `query` or `header`.
    pub place: &'static str,
    /// JSON Schema.
    pub schema: &'static str,
    pub description: &'static str,
}

pub struct Body {
    pub schema: &'static str,
    pub required: bool,
    pub example: &'static str,
}

pub struct Answer {
    pub status: &'static str,
    pub description: &'static str,
    pub schema: Option<&'static str>,
    pub media_type: &'static str,
    /// Other media types it comes as, each with its schema.
    pub also: &'static [(&'static str, &'static str)],
    pub headers: &'static [(&'static str, &'static str)],
}

pub struct Endpoint {
    pub method: &'static str,
    pub path: &'static str,
    pub id: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    pub scope: Scope,
    pub parameters: &'static [Parameter],
    pub body: Option<Body>,
    pub answers: &'static [Answer],
    /// Statuses of refusals beyond those every endpoint of its kind has.
    pub refusals: &'static [u16],
}

impl Endpoint {
    /// Every status it may refuse with, ascending.
    pub fn errors(&self) -> Vec<u16> {
        let mut errors = vec![405, 431, 500, 503];
        if !matches!(self.scope, Scope::Open) {
            errors.extend([400, 401, 403, 406, 429]);
        }
        if !matches!(self.scope, Scope::Open) && self.method != "get" {
            errors.extend([409, 412, 413, 415, 422]);
        }
        errors.extend(self.refusals);
        errors.sort_unstable();
        errors.dedup();
        errors
    }
}

const ETAG: (&str, &str) = ("ETag", "The flow's version, quoted.");
const LOCATION: (&str, &str) = ("Location", "Where the new flow is.");
const REPLAYED: (&str, &str) = ("Idempotent-Replayed", "`true` when the answer repeats an earlier one.");

const fn query(name: &'static str, schema: &'static str, description: &'static str) -> Parameter {
    Parameter { name, place: "query", schema, description }
}

const fn header(name: &'static str, schema: &'static str, description: &'static str) -> Parameter {
    Parameter { name, place: "header", schema, description }
}

const IF_MATCH: Parameter =
    header("If-Match", r#"{"type":"string","examples":["\"7\""]}"#, "Only at one of these versions, or `*`.");
const IF_NONE_MATCH: Parameter =
    header("If-None-Match", r#"{"type":"string","examples":["\"7\""]}"#, "Only at none of these versions.");
const IDEMPOTENCY_KEY: Parameter = header(
    "Idempotency-Key",
    r#"{"type":"string","minLength":1,"maxLength":255}"#,
    "The same key and request answers the first result again, for at least 24 hours.",
);
const ON_BEHALF_OF: Parameter = header(
    "X-On-Behalf-Of",
    r#"{"type":"string","maxLength":200}"#,
    "The person a backend acts for; recorded.",
);
const REASON: Parameter = header("X-Reason", r#"{"type":"string","maxLength":500}"#, "Why; recorded.");
const COMMAND: &[Parameter] = &[IF_MATCH, IF_NONE_MATCH, IDEMPOTENCY_KEY, ON_BEHALF_OF, REASON];

const FORCE: Parameter = query(
    "force",
    r#"{"type":"boolean"}"#,
    "Also where flows in force call it; `X-Reason` then says why, in 3 characters or more.",
);

const LIMIT: Parameter =
    query("limit", r#"{"type":"integer","minimum":1,"maximum":1000}"#, "Entries of one page.");
const CURSOR: Parameter =
    query("cursor", r#"{"type":"string"}"#, "Where the page begins; from the page before.");

const INSTANT: &str = r#"{"type":"string","examples":["2026-05-01","2026-05-01T03:42:18.123Z"]}"#;
const FROM: Parameter = query("from", INSTANT, "A day or an instant, inclusive.");
const TO: Parameter = query("to", INSTANT, "A day, whole, or an instant, inclusive.");
const AS_OF: Parameter = query(
    "asOf",
    r#"{"type":"string","examples":["2026-05-01T03:42:18.123Z","position:41","now"]}"#,
    "As it stood at an instant, or at a position of the organization's log, or as it stands `now`.",
);
const ACTION: Parameter = query("action", ACTIONS, "Events of this type.");
const ACTIONS: &str = r#"{"enum":["flow.created","flow.updated","flow.published","flow.unpublished","flow.duplicated",
    "flow.deleted","flow.restored","api_key.created","api_key.changed","api_key.revoked","audit.exported",
    "content.erased","log.accepted","signing_key.created","signing_key.rotated","signing_key.retired",
    "env.changed"]}"#;
const FLOW_EVENTS: &str = r#"{"enum":["flow.created","flow.updated","flow.published","flow.unpublished",
    "flow.duplicated","flow.deleted","flow.restored"]}"#;
const RESOURCE: Parameter =
    query("resource", r#"{"enum":["flow","api_key","organization"]}"#, "Events of this kind of thing.");
const ACTOR_USER_ID: Parameter = query("actorUserId", r#"{"type":"string"}"#, "Events by this user.");
const DATE_FROM: Parameter = query("dateFrom", INSTANT, "A day or an instant, inclusive.");
const DATE_TO: Parameter = query("dateTo", INSTANT, "A day, whole, or an instant, inclusive.");
const SIDE: &str = r#"{"type":"string","examples":["3","draft","published"]}"#;

const fn ok(status: &'static str, description: &'static str, schema: &'static str) -> Answer {
    Answer {
        status,
        description,
        schema: Some(schema),
        media_type: "application/json",
        also: &[],
        headers: &[],
    }
}

const fn empty(status: &'static str, description: &'static str) -> Answer {
    Answer { status, description, schema: None, media_type: "", also: &[], headers: &[] }
}

const FLOWS: &str = "/organizations/{orgId}/bot/flows";
const FLOW: &str = "/organizations/{orgId}/bot/flows/{flowId}";

const fn flow(status: &'static str, description: &'static str) -> Answer {
    Answer { headers: &[ETAG, REPLAYED], ..ok(status, description, "FlowAnswer") }
}

const fn created(description: &'static str) -> Answer {
    Answer { headers: &[ETAG, LOCATION, REPLAYED], ..ok("201", description, "FlowAnswer") }
}

const ENV: &str = "/organizations/{orgId}/bot/env";

const fn env(description: &'static str) -> Answer {
    Answer {
        headers: &[
            ("ETag", "The position of the log at which they were changed last, quoted; 0 before."),
            REPLAYED,
        ],
        ..ok("200", description, "EnvAnswer")
    }
}

const fn body(schema: &'static str, required: bool, example: &'static str) -> Option<Body> {
    Some(Body { schema, required, example })
}

const READ: Scope = Scope::One("flows:read");
const WRITE: Scope = Scope::One("flows:write");
const PUBLISH: Scope = Scope::One("flows:publish");
const TEST: Scope = Scope::One("flows:test");
const KEYS: Scope = Scope::One("keys:manage");

macro_rules! endpoints {
    ($($method:literal $path:expr, $id:literal in $tag:literal: $summary:literal, $scope:expr, $parameters:expr, $body:expr,
       [$($answer:expr),+], $refusals:expr;)+) => {
        pub const ENDPOINTS: &[Endpoint] = &[$(Endpoint {
            method: $method, path: $path, id: $id, tag: $tag, summary: $summary, scope: $scope,
            parameters: $parameters, body: $body, answers: &[$($answer),+], refusals: $refusals,
        }),+];
    };
}

endpoints! {
    "get" FLOWS, "listFlows" in "flows": "List flows, newest change first", READ, &[
        query("phoneNumberId", r#"{"type":"string"}"#, "The number the draft is bound to, exactly."),
        query("status", r#"{"enum":["draft","published","deleted"]}"#, "Flows of this status."),
        query("q", r#"{"type":"string"}"#, "Text in name or description; case and accents do not matter."),
        query("version", r#"{"enum":["draft","published"]}"#,
            "`published`: the flows in force, with the documents in force."),
        query("view", r#"{"enum":["summary"]}"#, "Leaves the large members out."),
        query("include", r#"{"enum":["deleted"]}"#, "Deleted flows too."),
        AS_OF,
        LIMIT, CURSOR,
    ], None, [Answer { headers: &[("Link", "The next page, `rel=\"next\"`, when `limit` is given.")],
        ..ok("200", "The flows.", "FlowListAnswer") }], &[];
    "post" FLOWS, "createFlow" in "flows": "Create a flow", WRITE, COMMAND,
        body("FlowDocument", true, r#"{"name":"Onboarding nuevo cliente","steps":[]}"#),
        [created("The new flow, a draft.")], &[];
    "get" FLOW, "getFlow" in "flows": "Get a flow as it is, was, or is in force", READ, &[
        query("version", r#"{"oneOf":[{"type":"integer","minimum":1},{"enum":["draft","published"]}]}"#,
            "A version, `draft` or `published`. Given so, or by `asOf`, a deleted flow is answered too; as it is now \
                (default) it is not found."),
        AS_OF,
        IF_MATCH, IF_NONE_MATCH,
    ], None, [flow("200", "The flow."), empty("304", "The reader has this version.")], &[404, 409, 412];
    "patch" FLOW, "updateFlow" in "flows": "Change members of the draft", WRITE, COMMAND,
        body("FlowChange", true, r#"{"steps":[{"type":"end","text":"¡Listo!"}]}"#),
        [flow("200", "The flow after the change.")], &[404];
    "delete" FLOW, "deleteFlow" in "flows": "Delete a flow; its history stays", WRITE,
        &[FORCE, IF_MATCH, IF_NONE_MATCH, IDEMPOTENCY_KEY, ON_BEHALF_OF, REASON], None,
        [Answer { headers: &[REPLAYED], ..empty("204", "Gone from lists and out of force.") }], &[404];
    "post" "/organizations/{orgId}/bot/flows/{flowId}/publish", "publishFlow" in "flows":
        "Put the draft, or an earlier version, in force", PUBLISH, COMMAND,
        body("PublishOrder", false, r#"{"reason":"Aprobado por ventas","label":"campaña de mayo"}"#),
        [flow("201", "The flow, in force.")], &[404];
    "post" "/organizations/{orgId}/bot/flows/publish", "publishFlows" in "flows":
        "Put flows in force together, or none of them", PUBLISH, &[IDEMPOTENCY_KEY, ON_BEHALF_OF, REASON],
        body("PublishSetOrder", true, r#"{"flows":[{"id":"0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c"}],"reason":"Campaña"}"#),
        [Answer { headers: &[REPLAYED], ..ok("201", "The flows, in force, in the order asked.", "FlowListAnswer") }],
        &[404];
    "post" "/organizations/{orgId}/bot/flows/{flowId}/unpublish", "unpublishFlow" in "flows":
        "Take the flow out of force", PUBLISH, COMMAND, body("UnpublishOrder", false, "{}"),
        [flow("201", "The flow, out of force.")], &[404];
    "get" "/organizations/{orgId}/bot/flows/{flowId}/callers", "listCallers" in "flows":
        "The flows in force that call this one or hand over to it", READ, &[LIMIT, CURSOR], None,
        [ok("200", "A page of flows, in the order they were created.", "CallerPageAnswer")], &[404];
    "post" "/organizations/{orgId}/bot/flows/{flowId}/duplicate", "duplicateFlow" in "flows":
        "Copy a flow", WRITE, COMMAND, body("DuplicateOrder", false, r#"{"name":"Copia de prueba"}"#),
        [created("The copy, a draft.")], &[404];
    "post" "/organizations/{orgId}/bot/flows/validate", "validateDocument" in "flows":
        "Validate a document that is no flow yet", READ, &[], body("FlowDocument", true, r#"{"name":"a","steps":[]}"#),
        [ok("200", "What is wrong or doubtful.", "VerdictAnswer")], &[];
    "post" "/organizations/{orgId}/bot/flows/{flowId}/validate", "validateFlow" in "flows":
        "Validate a flow's draft", READ, &[], body("Nothing", false, "{}"),
        [ok("200", "What is wrong or doubtful.", "VerdictAnswer")], &[404];
    "post" "/organizations/{orgId}/bot/flows/{flowId}/test-run", "testRun" in "test runs":
        "Run a version in the sandbox", TEST, &[IDEMPOTENCY_KEY],
        body("RunRequest", false, r#"{"name":"saludo","messages":["hola"],"version":"draft"}"#),
        [Answer { headers: &[REPLAYED], ..ok("201", "The trace.", "RunAnswer") }], &[404];
    "get" "/organizations/{orgId}/bot/flows/{flowId}/test-runs", "listTestRuns" in "test runs":
        "List a flow's runs of the last 30 days, newest first", READ, &[LIMIT, CURSOR], None,
        [ok("200", "A page of runs.", "RunPageAnswer")], &[404];
    "get" "/organizations/{orgId}/bot/test-runs/{runId}", "getTestRun" in "test runs":
        "Read a run by running it again", READ, &[], None,
        [ok("200", "The trace, personal values masked.", "RunAnswer")], &[404];
    "get" "/organizations/{orgId}/bot/flows/{flowId}/events", "listFlowEvents" in "history":
        "List what happened to a flow, newest first", READ, &[
            query("type", FLOW_EVENTS, "Events of this type."),
            query("actor", r#"{"type":"string"}"#, "Events by this key or user."),
            FROM, TO, LIMIT, CURSOR,
        ], None, [ok("200", "A page of events.", "EventPageAnswer")], &[404];
    "get" "/organizations/{orgId}/bot/flows/{flowId}/versions/{version}", "getFlowVersion" in "history":
        "The whole flow as it stood after an event", READ, &[], None,
        [flow("200", "The flow as it stood then.")], &[404];
    "get" "/organizations/{orgId}/bot/flows/{flowId}/diff", "diffFlow" in "history": "Compare two versions", READ, &[
            query("from", SIDE, "A version, `draft`, `published`, or `{otherFlowId}:{version}`."),
            query("to", SIDE, "The same; what it has become."),
        ], None, [Answer { also: &[("application/json-patch+json", "JsonPatch")],
            ..ok("200", "What changed, step by step. As `application/json-patch+json`: RFC 6902.", "DiffAnswer") }],
        &[404, 409];
    "get" "/organizations/{orgId}/bot/flows/{flowId}/blame", "blameFlow" in "history":
        "For each step the last event that touched it", READ, &[], None,
        [ok("200", "The steps of the draft.", "BlameAnswer")], &[404];
    "post" "/organizations/{orgId}/bot/flows/{flowId}/restore", "restoreFlow" in "history":
        "Put an earlier version back, or say what that would do", Scope::One("flows:restore"), COMMAND,
        body("RestoreOrder", true, r#"{"version":3,"reason":"Volvemos a la que funcionaba","mode":"live"}"#),
        [ok("200", "With `dryRun`: what would be.", "RehearsalAnswer"), flow("201", "The flow, restored.")], &[404];
    "get" ENV, "getEnv" in "flows": "Read the values that flows read as `env.<NAME>`", READ, &[IF_MATCH, IF_NONE_MATCH],
        None, [env("The values."), empty("304", "The reader has these.")], &[412];
    "put" ENV, "putEnv" in "flows": "Replace all of them", PUBLISH, COMMAND,
        body("Env", true, r#"{"API_BASE":"https://api.example.com"}"#), [env("The values from now on.")], &[];
    "get" "/organizations/{orgId}/audit", "listAudit" in "history": "List the organization's log, newest first",
        Scope::One("audit:read"), &[
            ACTION, RESOURCE, ACTOR_USER_ID, DATE_FROM, DATE_TO, LIMIT, CURSOR,
        ], None, [ok("200", "A page of the log.", "AuditPageAnswer")], &[];
    "get" "/organizations/{orgId}/audit/export", "exportAudit" in "history":
        "Export the organization's log, oldest first, or get a link to do so", Scope::One("audit:read"), &[
            query("format", r#"{"enum":["csv","ndjson"]}"#,
                "`csv`: rows for people. `ndjson`: evidence that verifies offline. Without: a link to the rows."),
            ACTION, RESOURCE, ACTOR_USER_ID, DATE_FROM, DATE_TO,
            query("after", r#"{"type":"integer","minimum":0}"#, "Only events behind this position of the log."),
            query("bom", r#"{"enum":["1","0"]}"#, "`1`: the CSV begins with a byte order mark, as some spreadsheets need."),
            ON_BEHALF_OF, REASON,
        ], None, [Answer { also: &[("text/csv", "Text"), ("application/x-ndjson", "Text")],
            headers: &[("Content-Disposition", "With `format`: the name of the file.")],
            ..ok("200", "A link that is good for 10 minutes. With `format`: the file itself, as it is read; an event \
                `audit.exported` is recorded first, and the file goes up to it. A file that has no proper end was \
                cut short.", "ExportLinkAnswer") }], &[];
    "get" "/organizations/{orgId}/audit/export/{link}", "followExportLink" in "history":
        "Export the log by a link, without a credential", Scope::Open, &[], None,
        [Answer { media_type: "text/csv", headers: &[("Content-Disposition", "The name of the file.")],
            ..ok("200", "The rows, in the name of whoever asked for the link.", "Text") }], &[400, 401];
    "get" "/organizations/{orgId}/audit/stream", "followAudit" in "history":
        "Follow the organization's log: every event once, in order, none skipped",
        Scope::Either("audit:read", "flows:read"), &[
            header("Last-Event-ID", r#"{"type":"integer","minimum":0}"#,
                "Begin behind this event; 0 is the beginning of the log. Without it the feed begins at the end."),
            query("lastEventId", r#"{"type":"integer","minimum":0}"#, "The same, for clients that cannot set headers."),
            query("after", r#"{"type":"integer","minimum":0}"#, "Another name for `lastEventId`."),
        ], None, [Answer { media_type: "text/event-stream", ..ok("200", "Server-Sent Events: the position as `id`, \
            the type as `event`, an entry of the audit log as `data`. With `flows:read` alone the events of flows, \
            without who did it, for whom and from where. Comments are signs of life.", "Text") }], &[];
    "get" "/organizations/{orgId}/audit/checkpoint", "getCheckpoint" in "evidence":
        "A signed note over the log as it stands now", Scope::One("audit:read"), &[], None,
        [Answer { also: &[("text/plain", "Text")],
            ..ok("200", "The checkpoint. As `text/plain`: the note alone, to be kept as it is.", "CheckpointAnswer") }],
        &[409];
    "get" "/.well-known/flow-registry-keys", "listPublicKeys" in "evidence":
        "The public keys that checkpoints are verified with", Scope::Open, &[], None,
        [Answer { media_type: "text/plain", ..ok("200", "One key a line, `<name>+<id>+<base64>`.", "Text") }], &[];
    "get" "/organizations/{orgId}/api-keys", "listApiKeys" in "API keys": "List keys that are not revoked", KEYS,
        &[], None, [ok("200", "All keys, on one page.", "ApiKeyPageAnswer")], &[];
    "post" "/organizations/{orgId}/api-keys", "createApiKey" in "API keys": "Make a key", KEYS,
        &[ON_BEHALF_OF, REASON], body("NewApiKey", true, r#"{"name":"backend","scopes":["flows:read"]}"#),
        [ok("201", "The key, with its secret this once.", "ApiKeyAnswer")], &[];
    "patch" "/organizations/{orgId}/api-keys/{keyId}", "changeApiKey" in "API keys": "Change a key", KEYS,
        &[IDEMPOTENCY_KEY, ON_BEHALF_OF, REASON], body("ApiKeyChange", true, r#"{"name":"backend 2"}"#),
        [Answer { headers: &[REPLAYED], ..ok("200", "The key after the change.", "ApiKeyAnswer") }], &[404];
    "delete" "/organizations/{orgId}/api-keys/{keyId}", "revokeApiKey" in "API keys": "Revoke a key", KEYS,
        &[IDEMPOTENCY_KEY, ON_BEHALF_OF, REASON], None,
        [Answer { headers: &[REPLAYED], ..empty("204", "Refused from now on.") }], &[404];
    "post" "/auth/refresh", "refresh" in "operations": "Tokens are issued elsewhere: always refused", Scope::Open,
        &[], None, [Answer { media_type: "application/problem+json", ..ok("401", "Always.", "Problem") }], &[];
    "get" "/health", "health" in "operations": "Whether the service and its database answer", Scope::Open, &[],
        None, [ok("200", "Both answer.", "HealthAnswer")], &[];
    "get" "/health/live", "live" in "operations": "Whether the service answers", Scope::Open, &[], None,
        [ok("200", "It answers.", "HealthAnswer")], &[];
    "get" "/health/ready", "ready" in "operations": "Whether the service and its database answer", Scope::Open,
        &[], None, [ok("200", "Both answer.", "HealthAnswer")], &[];
    "get" "/metrics", "metrics" in "operations": "What the process has counted, for Prometheus", Scope::All, &[],
        None, [Answer { media_type: "text/plain", ..ok("200", "The numbers.", "Text") }], &[];
    "get" "/problems/{code}", "explainProblem" in "operations": "What an error code means", Scope::Open, &[], None,
        [Answer { media_type: "text/html", ..ok("200", "A page for people.", "Text") }], &[400, 404];
    "get" "/openapi.json", "openapi" in "operations": "This description", Scope::Open, &[], None,
        [ok("200", "OpenAPI 3.1.", "Description")], &[];
}
