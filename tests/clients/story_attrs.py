"""Creates, edits, publishes and test-runs a flow with the client that openapi-python-client made of the description."""

import os
from uuid import UUID, uuid4

from attrs_client import AuthenticatedClient, models
from attrs_client.api.flows import create_flow, delete_flow, get_flow, publish_flow, update_flow
from attrs_client.api.test_runs import test_run
from attrs_client.types import Unset

ORG = UUID(os.environ["ORG"])
client = AuthenticatedClient(
    base_url=os.environ["HOST"], token=os.environ["KEY"], prefix="", auth_header_name="X-Api-Key"
)

document = models.FlowDocument(
    name="openapi-python-client",
    trigger_type=models.TriggerType.KEYWORD,
    trigger_config=models.TriggerConfigInput(keywords=["planes"]),
    variables=[models.VariableInput(name="plan", type_=models.VariableType.STRING)],
    settings=models.SettingsInput(timeout=models.TimeoutInput(after="PT1H", next_="$end")),
    steps=[
        models.ChoiceStepInput(
            id="plan",
            type_="choice",
            text="¿Qué plan te interesa?",
            save_to="plan",
            options=[models.ChoiceOptionInput(id="basico", title="Básico"), models.ChoiceOptionInput(id="pro", title="Pro")],
            retry=models.RetryInput(max_=1, next_="persona"),
        ),
        models.BranchStepInput(
            id="es_pro",
            type_="branch",
            cases=[models.BranchCaseInput(when='plan == "pro"', next_="persona")],
            else_="adios",
        ),
        models.EndStepInput(id="adios", type_="end", text="¡Gracias!"),
        models.HandoffStepInput(id="persona", type_="handoff", queue="ventas"),
    ],
)
created = create_flow.sync(ORG, client=client, body=document, idempotency_key=str(uuid4()))
assert isinstance(created, models.FlowAnswer), created
flow = created.data
assert all(finding.severity == models.FindingSeverity.WARNING for finding in flow.findings), flow.findings

change = models.FlowChange(description="Planes")
edited = update_flow.sync(ORG, flow.id, client=client, body=change, if_match='"1"', x_on_behalf_of="ana@example.com")
assert isinstance(edited, models.FlowAnswer), edited
assert (edited.data.version, edited.data.description) == (2, "Planes")

late = update_flow.sync(ORG, flow.id, client=client, body=change, if_match='"1"')
assert isinstance(late, models.Problem), late
assert late.code == models.ProblemCode.PRECONDITION_FAILED
assert not isinstance(late.current, Unset) and late.current.version == 2

published = publish_flow.sync(ORG, flow.id, client=client, body=models.PublishOrder(reason="listo"))
assert isinstance(published, models.FlowAnswer) and published.data.in_force, published

run = test_run.sync(
    ORG,
    flow.id,
    client=client,
    body=models.RunRequest(
        trigger=models.MessageRunTrigger(type_="message", text="planes"),
        messages=["nada", "Básico"],
        expect=models.RunExpectations(status="completed", last_message="Gracias"),
    ),
)
assert isinstance(run, models.RunAnswer), run
assert run.data.passed, run.data.expectations
for line in run.data.transcript:
    print(f"{line.from_}: {line.text}")

read = get_flow.sync(ORG, flow.id, client=client, version=models.GetFlowVersionType1.PUBLISHED)
assert isinstance(read, models.FlowAnswer), read
first = read.data.steps[0]
assert isinstance(first, models.ChoiceStep) and not isinstance(first.options, Unset), first
assert first.options[1].title == "Pro"

assert delete_flow.sync_detailed(ORG, flow.id, client=client).status_code == 204
