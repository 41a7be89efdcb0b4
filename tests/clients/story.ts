// Creates, edits, publishes and test-runs a flow, with types that openapi-typescript made of the description.
import createClient from "openapi-fetch";

import type { components, paths } from "./flow-registry.d.ts";

const { HOST, ORG, KEY } = process.env as { HOST: string; ORG: string; KEY: string };
const client = createClient<paths>({ baseUrl: HOST, headers: { "X-Api-Key": KEY } });

type Document = components["schemas"]["FlowDocument"];
type Step = components["schemas"]["StepInput"];

function check(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

const steps: Step[] = [
  {
    id: "plan", type: "choice", text: "¿Qué plan te interesa?", saveTo: "plan",
    options: [{ id: "basico", title: "Básico" }, { id: "pro", title: "Pro" }],
    retry: { max: 1, next: "persona" },
  },
  { id: "es_pro", type: "branch", cases: [{ when: 'plan == "pro"', next: "persona" }], else: "adios" },
  { id: "adios", type: "end", text: "¡Gracias!" },
  { id: "persona", type: "handoff", queue: "ventas" },
];
const document: Document = {
  name: "TypeScript", triggerType: "KEYWORD", triggerConfig: { keywords: ["planes"] },
  variables: [{ name: "plan", type: "string" }], settings: { timeout: { after: "PT1H", next: "$end" } }, steps,
};

const inOrg = { orgId: ORG };
const created = await client.POST("/organizations/{orgId}/bot/flows", {
  params: { path: inOrg, header: { "Idempotency-Key": crypto.randomUUID() } }, body: document,
});
check(created.data, `created: ${created.error?.detail}`);
const flow = created.data.data;
check(flow.findings.every((finding) => finding.severity === "warning"), JSON.stringify(flow.findings));
const path = { orgId: ORG, flowId: flow.id };

const edited = await client.PATCH("/organizations/{orgId}/bot/flows/{flowId}", {
  params: { path, header: { "If-Match": `"${flow.version}"`, "X-On-Behalf-Of": "ana@example.com" } },
  body: { description: "Planes" },
});
check(edited.data?.data.version === 2, "edited");

const late = await client.PATCH("/organizations/{orgId}/bot/flows/{flowId}", {
  params: { path, header: { "If-Match": '"1"' } }, body: { description: "tarde" },
});
check(late.error?.code === "precondition_failed" && late.error.current?.version === 2, "a late edit is refused");

const published = await client.POST("/organizations/{orgId}/bot/flows/{flowId}/publish", {
  params: { path }, body: { reason: "listo" },
});
check(published.data?.data.inForce, "published");

const run = await client.POST("/organizations/{orgId}/bot/flows/{flowId}/test-run", {
  params: { path },
  body: {
    version: "published", trigger: { type: "message", text: "planes" }, messages: ["nada", "Básico"],
    expect: { status: "completed", variables: { plan: "basico" }, lastMessage: "Gracias" },
  },
});
check(run.data, `run: ${run.error?.detail}`);
check(run.data.data.passed, JSON.stringify(run.data.data.expectations));
for (const line of run.data.data.transcript) console.log(`${line.from}: ${line.text}`);

// What is read is a member of the document again, by its type.
const read = await client.GET("/organizations/{orgId}/bot/flows/{flowId}", { params: { path, query: { version: "published" } } });
const first = read.data?.data.steps[0];
check(first?.type === "choice" && first.options?.[1]?.title === "Pro", "steps are read by their type");

const deleted = await client.DELETE("/organizations/{orgId}/bot/flows/{flowId}", { params: { path } });
check(deleted.response.status === 204, "deleted");
