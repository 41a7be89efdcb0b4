"""What a scenario gets, and the flows it is played with."""

import uuid

from visitor import Visitor

ALL = []
EACH = [(language, theme) for language in ("es", "en") for theme in ("light", "dark")]


def scenario(function):
    """Makes a function a scenario; its name says what people do."""
    ALL.append(function)
    return function


class Stage:
    """A browser and a service. Whoever looks is closed when the scenario is over."""

    def __init__(self, browser, service, name, visitors):
        self.browser = browser
        self.service = service
        self.name = name
        self.visitors = visitors

    def visitor(self, **how):
        visitor = Visitor(self.browser, self.service, self.name, **how)
        self.visitors.append(visitor)
        return visitor

    def signed_in(self, key=None, person="Ana Pérez", **how):
        return self.visitor(**how).sign_in(key, person)


def named(name):
    """A name that no other scenario has."""
    return f"{name} {uuid.uuid4().hex[:6]}"


def onboarding(name):
    """A small flow with a menu, a question with a way out, and an end."""
    return {
        "name": named(name), "description": "Da la bienvenida.", "triggerType": "KEYWORD",
        "triggerConfig": {"keywords": ["hola", "alta"], "matchMode": "STARTS_WITH"},
        "variables": [{"name": "correo", "type": "string"}, {"name": "plan", "type": "string"}],
        "settings": {"onError": "agente"},
        "interrupts": [{"keywords": ["agente"], "next": "agente"}],
        "steps": [
            {"id": "bienvenida", "type": "message", "text": "¡Hola! Soy el asistente de Acme."},
            {"id": "pide_correo", "type": "ask", "text": "¿Cuál es tu correo?", "input": "email", "saveTo": "correo",
             "retry": {"max": 2, "next": "agente"}, "timeout": {"after": "PT24H", "next": "adios"}},
            {"id": "elige_plan", "type": "choice", "text": "¿Qué plan te interesa?", "saveTo": "plan",
             "options": [{"id": "basico", "title": "Básico", "next": "listo"},
                         {"id": "pro", "title": "Pro", "next": "agente"}],
             "retry": {"next": "agente"}, "timeout": {"after": "PT24H", "next": "adios"}},
            {"id": "listo", "type": "end", "text": "¡Listo, {{ correo }} y {{ plan }}!"},
            {"id": "agente", "type": "handoff", "text": "Te paso con una persona."},
            {"id": "adios", "type": "end", "text": "Hasta pronto."},
        ],
    }


def large(name, steps=200, options=4):
    """The largest flow: menus, questions and conditions, with steps that many lead to."""
    def step(index):
        own, following = f"paso_{index}", lambda ahead: f"paso_{min(index + ahead, steps - 3)}"
        kinds = [
            {"type": "message", "text": f"Este es el paso {index} de la conversación."},
            {"type": "ask", "text": "¿Cómo te llamas?", "saveTo": "nombre", "retry": {"max": 2, "next": "agente"},
             "timeout": {"after": "PT1H", "next": "adios"}},
            {"type": "choice", "text": "¿Qué necesitas hoy?", "retry": {"next": "agente"},
             "timeout": {"after": "PT1H", "next": "adios"},
             "options": [{"id": f"o{n}", "title": f"Opción {n}", "next": following(1 + n * 2 % 9)}
                         for n in range(options)]},
            {"type": "branch", "cases": [{"when": "nombre == 'Ana'", "next": following(2), "label": "Es Ana"}],
             "else": following(1)},
        ]
        return {"id": own, **kinds[index % 4]}

    return {
        "name": named(name), "variables": [{"name": "nombre", "type": "string"}],
        "interrupts": [{"keywords": ["agente"], "next": "agente"}],
        "steps": [step(index) for index in range(steps - 2)] + [
            {"id": "agente", "type": "handoff", "text": "Te paso con una persona."},
            {"id": "adios", "type": "end", "text": "Hasta pronto."}],
    }


BAD = [
    "<script>window.pwned=1</script>", "\"><img src=x onerror=\"window.pwned=1\">",
    "</title></text></svg><script>window.pwned=1</script>", "{{7*7}} {% raw %}", "a\u202eb\u2066c\u200bd\ufeffe",
    "Z\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307a", "👨‍👩‍👧🏴󠁧󠁢󠁳󠁣󠁴󠁿❤️", "שלום עולם", "=cmd()|' /C calc'!A0", "../..%2f", "x" * 120,
]


def hostile(name):
    """A flow in which every text is an attempt."""
    texts = [text for text in BAD if "{{" not in text and "{%" not in text]
    steps = [{"id": f"paso_{index}", "type": "message", "name": text[:120], "text": text}
             for index, text in enumerate(texts)]
    steps += [
        {"id": "largo", "type": "message", "text": "<b>largo</b> " * 300},
        {"id": "menu", "type": "choice", "text": BAD[0], "options": [
            {"id": f"o{index}", "title": (BAD[index % 3])[:24], "next": "fin"} for index in range(3)]},
        {"id": "enlace", "type": "message", "text": "x", "cta": {"label": "Ver", "url": "https://a.example/?q=javascript:alert(1)"}},
        {"id": "web", "type": "http", "url": "https://a.example/\"><script>"},
        {"id": "fin", "type": "end", "text": BAD[2]},
    ]
    return {"name": f"{name} {BAD[1]} {BAD[3]} {BAD[4]}"[:120], "description": BAD[2], "steps": steps,
            "triggerType": "KEYWORD", "triggerConfig": {"keywords": [BAD[0], BAD[6]]},
            "interrupts": [{"keywords": [BAD[1]], "next": "fin"}]}
