"""Creates, edits, publishes and test-runs a flow with the client that openapi-generator made of the description."""

import os
from uuid import UUID, uuid4

import pydantic_client as api
from pydantic_client.exceptions import ApiException

ORG = UUID(os.environ["ORG"])
client = api.ApiClient(api.Configuration(host=os.environ["HOST"], api_key={"apiKey": os.environ["KEY"]}))
flows, runs = api.FlowsApi(client), api.TestRunsApi(client)

step = api.StepInput
document = api.FlowDocument(
    name="openapi-generator",
    trigger_type=api.TriggerType.KEYWORD,
    trigger_config=api.TriggerConfigInput(keywords=["planes"]),
    variables=[api.VariableInput(name="plan", type=api.VariableType.STRING)],
    settings=api.SettingsInput(timeout=api.TimeoutInput(after="PT1H", next="$end")),
    steps=[
        step(
            api.ChoiceStepInput(
                id="plan",
                type="choice",
                text="¿Qué plan te interesa?",
                save_to="plan",
                options=[api.ChoiceOptionInput(id="basico", title="Básico"), api.ChoiceOptionInput(id="pro", title="Pro")],
                retry=api.RetryInput(max=1, next="persona"),
            )
        ),
        step(
            api.BranchStepInput(
                id="es_pro",
                type="branch",
                cases=[api.BranchCaseInput(when='plan == "pro"', next="persona")],
                var_else="adios",
            )
        ),
        step(api.EndStepInput(id="adios", type="end", text="¡Gracias!")),
        step(api.HandoffStepInput(id="persona", type="handoff", queue="ventas")),
    ],
)
flow = flows.create_flow(ORG, document, idempotency_key=str(uuid4())).data
assert all(finding.severity == "warning" for finding in flow.findings), flow.findings

change = api.FlowChange(description="Planes")
edited = flows.update_flow(ORG, flow.id, change, if_match='"1"', x_on_behalf_of="ana@example.com").data
assert (edited.version, edited.description) == (2, "Planes")

try:
    flows.update_flow(ORG, flow.id, change, if_match='"1"')
except ApiException as refused:
    assert (refused.status, refused.data.code) == (412, api.ProblemCode.PRECONDITION_FAILED), refused
    assert refused.data.current.version == 2
else:
    raise AssertionError("a late edit is refused")

published = flows.publish_flow(ORG, flow.id, publish_order=api.PublishOrder(reason="listo")).data
assert published.in_force, published

run = runs.test_run(
    ORG,
    flow.id,
    run_request=api.RunRequest(
        trigger=api.RunTrigger(api.MessageRunTrigger(type="message", text="planes")),
        messages=["nada", "Básico"],
        expect=api.RunExpectations(status="completed", last_message=api.RunExpectationsLastMessage("Gracias")),
    ),
).data
assert run.passed, run.expectations
for line in run.transcript:
    print(f"{line.var_from}: {line.text}")

first = flows.get_flow(ORG, flow.id).data.steps[0].actual_instance
assert isinstance(first, api.ChoiceStep) and first.options[1].title == "Pro", first

assert flows.delete_flow_with_http_info(ORG, flow.id).status_code == 204
