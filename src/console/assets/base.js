// What pages do beyond links and forms, where a script runs: swap a part in place, copy, keys, live notices, the zone of the
// browser, and a word when the service cannot be reached. Every page works without it.

const root = document.documentElement;
const find = (selector, within = document) => within.querySelector(selector);
const say = (text) => { const said = find("#said"); if (said) said.textContent = text; };

// Parts: links and forms with data-swap are fetched, and the one element they name is replaced.

const address = () => location.pathname + location.search;
let shown = address();

async function swap(url, selector, isNew) {
  const target = find(selector);
  if (!target || typeof Document.parseHTML !== "function") return false;
  const late = setTimeout(() => target.setAttribute("aria-busy", "true"), 300);
  try {
    const answer = await fetch(url, { headers: { "X-Part": selector.slice(1) }, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return false;
    const parsed = Document.parseHTML(await answer.text(), { sanitizer: {} });
    const part = find(selector, parsed);
    if (!part) return false;
    const focused = document.activeElement?.id;
    target.replaceWith(document.adoptNode(part));
    if (isNew) history.pushState({ swap: selector }, "", url);
    shown = address();
    if (focused) document.getElementById(focused)?.focus();
    begin(find(selector));
    say(find("h1, h2, caption", find(selector))?.textContent ?? "");
    online();
    return true;
  } catch {
    offline();
    return false;
  } finally {
    clearTimeout(late);
    find(selector)?.removeAttribute("aria-busy");
  }
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-swap]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  if (!(await swap(link.href, link.dataset.swap, true))) location.assign(link.href);
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method === "post") {
    // A second click while the first is under way would only wait for the same answer.
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 3000);
    keep(form);
    return;
  }
  if (!form.dataset.swap) return;
  event.preventDefault();
  const url = new URL(form.action);
  url.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  if (!(await swap(url, form.dataset.swap, true))) location.assign(url);
});

window.addEventListener("popstate", async (event) => {
  // A link to a place on the same page, as the one that skips the frame, leaves what was typed alone.
  if (address() === shown) return;
  if (!event.state?.swap || !(await swap(location.href, event.state.swap, false))) location.reload();
});
window.addEventListener("pageshow", (event) => {
  for (const form of document.forms) delete form.dataset.sent;
  // A page from the memory of the browser may be one of somebody who signed out.
  if (event.persisted && document.body.dataset.live) location.reload();
});

// What was typed into a form that is sent when nobody is signed in any more: it is filled in again after signing in.

const typable = (form) => [...form.elements].filter((field) => field.matches("input:not([type=hidden]), textarea, select"));
const isBox = (field) => field.type === "checkbox" || field.type === "radio";

function keep(form) {
  const { live, person } = document.body.dataset;
  if (!live || !form.closest("main")) return;
  const typed = typable(form).map((field) => isBox(field) ? [field.name, field.value, field.checked] : [field.name, field.value]);
  try {
    sessionStorage.removeItem("typed");
    sessionStorage.setItem("typed", JSON.stringify({ at: address(), action: form.action, person, typed }));
  } catch { /* no room, or storage is not allowed */ }
}

function refill() {
  const { live, person } = document.body.dataset;
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem("typed"));
    if (live) sessionStorage.removeItem("typed");
  } catch { return; }
  // What one person typed is no other's.
  if (!kept || !live || kept.at !== address() || kept.person !== person) return;
  const form = [...document.querySelectorAll("main form")].find((form) => form.action === kept.action);
  for (const [name, value, isChecked] of kept.typed) {
    const field = form && typable(form).find((field) => field.name === name && (!isBox(field) || field.value === value));
    if (!field) continue;
    if (isBox(field)) field.checked = isChecked;
    else field.value = value;
  }
}

// Whether the service can be reached.

function offline() { const banner = find("#offline"); if (banner) banner.hidden = false; }
function online() { const banner = find("#offline"); if (banner) banner.hidden = true; }
window.addEventListener("offline", offline);
window.addEventListener("online", online);

// Copying.

function begin(within) {
  for (const button of within.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(find(button.dataset.copy).textContent.trim());
      say(find("#said").dataset.copied);
      button.setAttribute("aria-pressed", "true");
    });
  }
}

// Keys: an element with data-key="h", "g d" or "3|h" is what they lead to. Without Ctrl only where nobody types.

const isTyping = (element) => element.closest?.("input, textarea, select, [contenteditable]");
let prefix = "";

function act(key) {
  const target = [...document.querySelectorAll("[data-key]")].find((element) => element.dataset.key.split("|").includes(key));
  if (!target) return false;
  if (target.matches("summary")) target.parentElement.open = !target.parentElement.open;
  if (target.matches("input, textarea, summary")) target.focus();
  else if (target.getAttribute("aria-disabled") !== "true") target.click();
  return true;
}

function walk(step) {
  const stops = [...document.querySelectorAll("[data-walk]")];
  const at = stops.findIndex((stop) => stop.contains(document.activeElement));
  const next = at < 0 ? (step > 0 ? 0 : stops.length - 1) : at + step;
  stops[next]?.focus();
  stops[next]?.scrollIntoView({ block: "start" });
  return stops.length > 0;
}

document.addEventListener("keydown", (event) => {
  const { key } = event;
  if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === "k" && find("#search")) {
    event.preventDefault();
    find("#search").focus();
    return;
  }
  const menu = key === "Escape" && find("details.menu[open]");
  if (menu) {
    menu.open = false;
    find("summary", menu).focus();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || root.dataset.keys === "off" || isTyping(event.target)) return;
  const pressed = prefix ? `${prefix} ${key}` : key;
  prefix = "";
  if (key === "g" && pressed === "g") {
    prefix = "g";
    setTimeout(() => { prefix = ""; }, 1500);
    return;
  }
  const isWalk = (key === "n" || key === "p") && find("[data-walk]") && walk(key === "n" ? 1 : -1);
  if (isWalk || act(pressed)) event.preventDefault();
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// The zone of times: as the browser is set, unless somebody chose another.

function zone() {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = document.cookie.match(/(?:^|; )tz=([^;]*)/)?.[1];
  const button = find("[data-own-zone]");
  if (!own) return;
  if (button && own !== "UTC") { button.value = own; button.hidden = false; }
  if (known !== undefined) return;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `tz=${encodeURIComponent(own)}; Path=/console; SameSite=Lax; Max-Age=31536000${secure}`;
}

// Pages that could not be shown are asked for again when the time has come.

function retry() {
  const told = find("[data-retry]");
  if (!told) return;
  let seconds = Number(told.dataset.retry);
  const tick = () => {
    told.textContent = told.dataset.retryText.replace("{seconds}", seconds);
    if (seconds-- <= 0) location.reload();
    else setTimeout(tick, 1000);
  };
  tick();
}

// Live notices, while somebody looks: what happened is told, and never replaces what is being read.

function live() {
  const path = document.body.dataset.live;
  const told = find("#live");
  if (!path || !told || root.hasAttribute("data-past")) return;
  let source = null;
  let wait = 1000;
  let timer = 0;
  let last = "";
  let lostAt = "";

  const show = (text, href, label = told.dataset.showText) => {
    told.textContent = text;
    if (!href) return;
    const link = document.createElement("a");
    link.href = href;
    link.textContent = label;
    told.append(" ", link);
  };
  const close = () => {
    source?.close();
    source = null;
    clearTimeout(timer);
  };
  // The page that is asked for again is the form to sign in, which leads back here.
  const over = () => {
    close();
    wait = 0;
    told.dataset.state = "off";
    show(told.dataset.overText, location.href, told.dataset.signInText);
  };
  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource(last ? `${path}?after=${last}` : path);
    source.addEventListener("open", () => {
      wait = 1000;
      lostAt = "";
      told.dataset.state = "on";
      if (!told.querySelector("a")) show(told.dataset.liveText);
      online();
    });
    source.addEventListener("at", (event) => { last = event.lastEventId; });
    source.addEventListener("notice", (event) => {
      last = event.lastEventId;
      const { text, href } = JSON.parse(event.data);
      show(text, href);
    });
    source.addEventListener("over", over);
    source.addEventListener("error", async () => {
      if (!wait) return;
      const isRefused = source?.readyState === EventSource.CLOSED;
      close();
      if (isRefused && (await fetch(path, { method: "HEAD" }).catch(() => null))?.status === 401) return over();
      told.dataset.state = "off";
      lostAt ||= new Date().toLocaleTimeString(root.lang, { hour: "2-digit", minute: "2-digit" });
      show(told.dataset.lostText.replace("{time}", lostAt));
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, 30000);
    });
  };
  document.addEventListener("visibilitychange", () => { if (document.hidden) close(); else if (wait) open(); });
  window.addEventListener("pagehide", close);
  open();
}

begin(document);
refill();
zone();
retry();
live();
