"""Every page in both languages and both themes: accessible, of the right width, and kept as a screenshot."""

from stage import EACH, named, onboarding, scenario


def busy(stage):
    """A flow with everything pages tell of: versions in force and not, two authors, a warning, labels."""
    flow = stage.service.create(onboarding("Galería"), by="Ana")
    stage.service.publish(flow, by="Ana")
    stage.service.edit_step(flow, "bienvenida", {"text": "¡Hola! ¿Qué tal?"}, reason="más cercano", by="Luis")
    stage.service.publish(flow, by="Ana")
    stage.service.edit_step(flow, "adios", {"text": "Hasta luego."}, reason="otro adiós", by="Luis")
    stage.service.add_step(flow, {"id": "suelto", "type": "message", "text": "Nadie llega aquí."}, by="Marta")
    return flow


def pages(flow, position, paused, unpublished, broken, gone, key):
    """What a page is called, and where it is."""
    of = f"flows/{flow['id']}"
    return {
        "list": "flows", "list-nothing-found": "flows?q=nada-de-nada", "deleted": "deleted", "new": "flows/new",
        "flow-picture": f"{of}?view=picture", "flow-findings": f"{of}?view=picture&layer=findings",
        "flow-blame": f"{of}?view=picture&layer=blame", "flow-plain": f"{of}?view=picture&layer=plain",
        "flow-step": f"{of}?view=picture&step=elige_plan", "flow-outline": f"{of}?view=outline",
        "flow-json": f"{of}?view=json", "flow-version": f"{of}?version=1", "flow-past": f"{of}?asOf=position:{position}",
        "flow-unpublished": f"flows/{unpublished['id']}", "flow-paused": f"flows/{paused['id']}",
        "flow-deleted": f"flows/{gone['id']}",
        "history": f"{of}/history", "compare": f"{of}/compare?base=published&head=draft",
        "compare-equal": f"{of}/compare?base=draft&head=draft",
        "restore": f"{of}/restore?version=1", "publish": f"{of}/publish",
        "publish-refused": f"flows/{broken['id']}/publish", "unpublish": f"{of}/unpublish", "pause": f"{of}/pause",
        "resume": f"flows/{paused['id']}/resume", "duplicate": f"{of}/duplicate", "delete": f"{of}/delete",
        "bring-back": f"flows/{gone['id']}/restore?version=1", "keys": "keys", "keys-new": "keys/new",
        "keys-edit": f"keys/{key['id']}/edit", "keys-revoke": f"keys/{key['id']}/revoke", "not-found": "flows/nothing",
    }


@scenario
def every_page_in_each_language_and_theme(stage):
    service = stage.service
    paused, unpublished, gone = (service.create(onboarding(name)) for name in ("En pausa", "Sin publicar", "Borrado"))
    service.publish(paused)
    service.api("PATCH", f"bot/flows/{paused['id']}", {"enabled": False})
    service.api("DELETE", f"bot/flows/{gone['id']}")
    broken = service.create({"name": named("Roto"), "steps": [
        {"id": "a", "type": "message", "text": "hola", "next": "nadie"}]})
    flow = busy(stage)
    events = service.api("GET", f"bot/flows/{flow['id']}/events")["data"]["data"]
    position = min(event["position"] for event in events) + 1
    all_pages = pages(flow, position, paused, unpublished, broken, gone, service.new_key("Galería"))
    for language, theme in EACH:
        visitor = stage.signed_in(language=language, theme=theme)
        for name, path in all_pages.items():
            visitor.go(path, status=404 if name == "not-found" else 200).shot(f"{name}-{language}-{theme}")
        visitor.close()
