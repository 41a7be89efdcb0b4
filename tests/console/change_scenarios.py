"""What people change: they compare, put back, publish, delete and bring back, each with a page before it is done."""

import time

from playwright.sync_api import expect

from stage import named, onboarding, scenario


def shouting(stage):
    """A flow in force that greets in capitals since Luis changed it, and was published so by Ana."""
    flow = stage.service.create(onboarding("Saludo"), by="Ana")
    stage.service.publish(flow, by="Ana")
    flow = stage.service.edit_step(flow, "bienvenida", {"text": "¡HOLA! SOY EL ASISTENTE DE ACME."},
                                   reason="más fuerte", by="Luis")
    stage.service.publish(flow, by="Luis")
    return stage.service.api("GET", f"bot/flows/{flow['id']}?version=draft")["data"]


@scenario
def a_greeting_in_capitals_is_put_right(stage):
    """Found, compared and put back in force, as somebody does who knows only what customers complain about."""
    for _ in range(20):
        stage.service.create(onboarding("Otro"), by="Marta")
    flow = shouting(stage)
    visitor = stage.signed_in(person="Eva")
    page = visitor.page
    began, told = time.monotonic(), []

    def step(what, act, shot, url=None):
        act()
        page.wait_for_url(url or "**", wait_until="load")
        told.append(f"{time.monotonic() - began:5.1f} s  {what}")
        visitor.shot(shot, whole=False)

    def search():
        page.fill("main [name=q]", flow["name"])
        page.keyboard.press("Enter")
        expect(page.locator("#list tbody tr")).to_have_count(1)

    def compare():
        page.click("tr:has-text('más fuerte') a[data-swap]")
        expect(page.locator("#history ins").first).to_contain_text("HOLA")

    def write():
        page.fill("[name=reason]", "el saludo gritaba")

    step("the list", lambda: page.goto(visitor.url("flows")), "1-list")
    step("typed the name of the flow", search, "2-found", "**q=*")
    step("click: the flow", lambda: page.click(f"#list a:has-text('{flow['name']}')"), "3-flow", "**/flows/*")
    step("click: its history", lambda: page.click("main a:text-is('History')"), "4-history", "**/history*")
    visitor.says("Luis", "más fuerte")
    step("click: what Luis changed", compare, "5-compared")
    step("click: restore version 2", lambda: page.click("main a:has-text('Restore version 2')"), "6-restore", "**/restore*")
    visitor.says("gets version")
    step("typed a reason", write, "7-reason")
    step("click: restore and put in force", lambda: page.click("button.primary"), "8-done", "**done=*")
    print("\n".join(f"       {line}" for line in told))
    visitor.check().says("el saludo gritaba")
    now = stage.service.api("GET", f"bot/flows/{flow['id']}")["data"]
    assert "¡Hola!" in str(now), "what is in force greets as before"
    page.reload()
    visitor.check()
    last = stage.service.api("GET", f"bot/flows/{flow['id']}/events")["data"]["data"]
    assert len([entry for entry in last if entry["type"] == "flow.restored"]) == 1, "a reload repeats nothing"


@scenario
def publishing_names_whose_changes_ship(stage):
    flow = stage.service.create(onboarding("Publicar"), by="Ana")
    stage.service.publish(flow, by="Ana")
    stage.service.edit_step(flow, "adios", {"text": "Hasta luego."}, reason="otro adiós", by="Luis")
    for language, theme in [("es", "dark"), ("en", "light")]:
        visitor = stage.signed_in(language=language, theme=theme)
        visitor.go(f"flows/{flow['id']}/publish").says("Luis").shot(f"publish-{language}-{theme}")
    visitor.page.fill("[name=reason]", "todo revisado")
    visitor.page.click("button.primary")
    visitor.page.wait_for_url("**done=*")
    visitor.check().says("In force").shot("done")


@scenario
def a_flow_is_deleted_and_brought_back(stage):
    flow = stage.service.create(onboarding("Fugaz"))
    visitor = stage.signed_in()
    page = visitor.page
    visitor.go(f"flows/{flow['id']}/delete").shot("delete")
    page.fill("[name=reason]", "ya no hace falta")
    page.click("button.primary")
    page.wait_for_load_state()
    visitor.check()
    visitor.go("deleted").says(flow["name"], "ya no hace falta").shot("deleted")
    visitor.go(f"flows/{flow['id']}").shot("deleted-flow")
    visitor.go("deleted")
    page.click(f"tr:has-text('{flow['name']}') a.button")
    visitor.check().shot("bring-back")
    page.fill("[name=reason]", "sí hacía falta")
    page.click("button.primary")
    page.wait_for_url("**done=*")
    visitor.check()
    visitor.go("flows").says(flow["name"])


@scenario
def somebody_is_faster(stage):
    flow = shouting(stage)
    visitor = stage.signed_in()
    visitor.allowed.update({409, 412})
    visitor.go(f"flows/{flow['id']}/restore?version=2")
    stage.service.edit_step(flow, "adios", {"text": "Otra cosa."}, reason="mientras tanto", by="Luis")
    visitor.page.fill("[name=reason]", "el saludo gritaba")
    visitor.page.click("button.primary")
    visitor.page.wait_for_selector("[role=alert]")
    visitor.check().says("Luis").shot("conflict")


@scenario
def errors_forbid_publishing(stage):
    flow = stage.service.create({"name": named("Roto"), "steps": [
        {"id": "a", "type": "message", "text": "hola", "next": "nadie"}]})
    visitor = stage.signed_in()
    visitor.allowed.add(422)
    visitor.go(f"flows/{flow['id']}/publish").says("nadie").shot("refused")
    assert visitor.page.locator("button[aria-disabled=true]").count() == 1


@scenario
def a_flow_is_made(stage):
    visitor = stage.signed_in()
    page = visitor.page
    visitor.go("flows/new").shot("new")
    name = named("Hecho a mano")
    page.fill("main [name=name]", name)
    page.fill("[name=reason]", "para probar")
    page.click("button.primary")
    page.wait_for_url("**done=*")
    visitor.check().says(name)
    visitor.go("flows/new")
    page.click("form:has([name=from]) button")
    page.wait_for_url("**done=*")
    visitor.check().shot("example")


@scenario
def two_versions_are_one_picture(stage):
    flow = shouting(stage)
    stage.service.add_step(flow, {"id": "nuevo", "type": "message", "text": "Nuevo", "next": "adios"}, by="Luis")
    for language, theme in [("es", "light"), ("en", "dark")]:
        visitor = stage.signed_in(language=language, theme=theme)
        visitor.go(f"flows/{flow['id']}/compare?base=1&head=draft").shot(f"compare-{language}-{theme}")
    visitor.go(f"flows/{flow['id']}/compare?base=draft&head=draft").shot("equal")


@scenario
def changes_need_no_script(stage):
    flow = stage.service.create(onboarding("Sin guion"))
    visitor = stage.signed_in(script=False)
    visitor.go(f"flows/{flow['id']}/publish")
    visitor.page.fill("[name=reason]", "sin guion también")
    visitor.page.click("button.primary")
    visitor.page.wait_for_load_state()
    assert "done=" in visitor.page.url, visitor.page.url
    visitor.check()
