"""The page of a flow: its picture, its outline, the panel of a step, and what is in them."""

import re

from stage import BAD, hostile, large, onboarding, scenario

VIEWS = ("picture", "outline", "json")


@scenario
def a_flow_is_drawn(stage):
    flow = stage.service.create(onboarding("Dibujo"))
    for language, theme in [("es", "light"), ("en", "dark")]:
        visitor = stage.signed_in(language=language, theme=theme)
        for layer in ("plain", "findings", "blame"):
            visitor.go(f"flows/{flow['id']}?view=picture&layer={layer}")
            assert visitor.page.locator("svg.picture .step").count() == 6
            visitor.shot(f"{layer}-{language}-{theme}")
        for view in VIEWS:
            visitor.go(f"flows/{flow['id']}?view={view}").says("pide_correo").shot(f"{view}-{language}-{theme}")


@scenario
def the_picture_is_a_map(stage):
    flow = stage.service.create(large("Mapa", steps=60))
    visitor = stage.signed_in()
    visitor.go(f"flows/{flow['id']}?view=picture")
    page = visitor.page
    view = lambda: page.get_attribute("svg.picture", "viewBox")  # noqa: E731
    wait = lambda before: page.wait_for_function(  # noqa: E731
        "before => document.querySelector('svg.picture').getAttribute('viewBox') !== before", arg=before)
    assert page.locator("svg.miniature rect").count() > 60, "the small map shows every step"
    for act in (lambda: page.click("[data-map=in]"), lambda: page.click("[data-map=whole]"),
                lambda: page.mouse.wheel(0, 200)):
        before = view()
        box = page.locator(".map-window").bounding_box()
        page.mouse.move(box["x"] + 60, box["y"] + 60)
        act()
        wait(before)
    before = view()
    page.mouse.move(box["x"] + 10, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 110, box["y"] + 120, steps=4)
    page.mouse.up()
    wait(before)
    visitor.check().shot("map")


@scenario
def arrows_follow_the_exits(stage):
    flow = stage.service.create(onboarding("Flechas"))
    visitor = stage.signed_in()
    visitor.go(f"flows/{flow['id']}?view=picture")
    page = visitor.page
    focused = lambda: page.evaluate("document.activeElement.closest('.step')?.dataset.step")  # noqa: E731
    assert page.locator("svg.picture a[tabindex='0']").count() == 1, "the picture is one stop"
    page.focus("svg.picture a[tabindex='0']")
    assert focused() == "bienvenida"
    walked = []
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowUp", "End", "Home"):
        page.keyboard.press(key)
        walked.append(focused())
    assert walked == ["pide_correo", "elige_plan", "listo", "agente", "elige_plan", "adios", "bienvenida"], walked
    page.keyboard.press("Enter")
    page.wait_for_selector("aside#step")
    assert "step=bienvenida" in page.url
    visitor.check().shot("panel")


@scenario
def a_step_opens_beside_the_picture(stage):
    flow = stage.service.create(onboarding("Panel"), by="Luis")
    visitor = stage.signed_in()
    visitor.go(f"flows/{flow['id']}?view=picture")
    page = visitor.page
    page.click("svg.picture [data-step=pide_correo] a.box")
    page.wait_for_selector("aside#step:has-text('pide_correo')")
    assert page.locator("svg.picture .step.selected").get_attribute("data-step") == "pide_correo"
    visitor.check().shot("panel")
    page.click("aside#step .ways a:has-text('agente')")
    page.wait_for_selector("aside#step h2:has-text('agente')")
    page.wait_for_function("() => document.querySelector('svg.picture .selected')?.dataset.step === 'agente'")
    page.reload()
    page.wait_for_selector("aside#step h2:has-text('agente')")
    visitor.check()


@scenario
def a_flow_is_whole_without_script(stage):
    flow = stage.service.create(onboarding("Sin guion"))
    visitor = stage.signed_in(script=False)
    visitor.go(f"flows/{flow['id']}?view=picture&step=pide_correo").says("pide_correo").shot("picture")
    visitor.page.click("svg.picture [data-step=agente] a.box")
    visitor.page.wait_for_url("**step=agente*")
    visitor.check()


@scenario
def two_hundred_steps_are_looked_at(stage):
    service = stage.service
    flows = [service.create(large("Doscientos")), service.create(large("Treinta opciones", options=30))]
    visitor = stage.signed_in()
    for flow in flows:
        for view in VIEWS:
            visitor.go(f"flows/{flow['id']}?view={view}", check=False)
            visitor.check().shot(view, whole=False)
    visitor.go(f"flows/{flows[0]['id']}?view=picture", check=False)
    visitor.page.click("[data-map=whole]")
    visitor.check().shot("whole", whole=False)


@scenario
def what_authors_write_stays_text(stage):
    flow = stage.service.create(hostile("Hostil"), by=BAD[0])
    flow = stage.service.edit(flow, {"description": BAD[1]}, reason="<" * 500, by=BAD[2][:100])
    for script in (True, False):
        visitor = stage.signed_in(script=script, person=BAD[0][:60])
        paths = [f"flows/{flow['id']}?view={view}" for view in VIEWS]
        paths += [f"flows/{flow['id']}?view=picture&layer={layer}" for layer in ("findings", "blame")]
        paths += ["flows", "keys", "deleted", f"flows/{flow['id']}?step=menu", f"flows/{flow['id']}/history",
                  f"flows/{flow['id']}/history?open=2", f"flows/{flow['id']}/compare?base=1&head=2",
                  f"flows/{flow['id']}/publish", f"flows/{flow['id']}/delete", f"flows/{flow['id']}/restore?version=1"]
        for path in paths:
            visitor.go(path)
            visitor.lacks("<script>window.pwned", "<img src=x", "\u202e", "\u2066")
        visitor.go("flows").says("U+202E").shot("list")
    assert re.search(r"onerror", visitor.page.content()), "it is shown as text"


@scenario
def a_flow_fits_a_narrow_window(stage):
    flow = stage.service.create(onboarding("Estrecho"))
    visitor = stage.signed_in(width=320, height=640)
    for path in [f"flows/{flow['id']}", *(f"flows/{flow['id']}?view={view}" for view in VIEWS),
                 f"flows/{flow['id']}?step=menu", f"flows/{flow['id']}/history"]:
        visitor.go(path)
    visitor.go(f"flows/{flow['id']}?view=outline").shot("outline")


@scenario
def the_colours_of_the_picture_yield(stage):
    flow = stage.service.create(onboarding("Contraste"))
    visitor = stage.signed_in(forced_colors="active")
    visitor.go(f"flows/{flow['id']}?view=picture&layer=findings").shot("forced")
