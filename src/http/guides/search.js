// Finds passages of the documentation by their words. The index is a line for each passage: its address, the title of its
// page, its heading and its text, between tabs. It is fetched when somebody begins to search.
"use strict";

(() => {
  const form = document.querySelector(".search");
  const field = form.elements.q;
  const list = document.getElementById("found");
  const SHOWN_MAX = 12;
  let passages;

  const fold = (text) => text.normalize("NFD").replace(/\p{Mn}/gu, "").toLowerCase();

  const escape = (word) => word.replace(/[.*+?^${}()|[\]\\/-]/g, (sign) => `\\u{${sign.codePointAt(0).toString(16)}}`);

  const load = () => {
    passages ??= fetch("/docs/search.txt")
      .then((response) => response.text())
      .then((text) => text.trimEnd().split("\n").map((line) => {
        const [address, title, heading, words] = line.split("\t");
        return { address, title, heading, words, folded: fold(words), name: fold(`${title} ${heading}`) };
      }));
    return passages;
  };

  // How well a passage answers, 0 where a word is missing. A word counts most in a heading, and more at its beginning.
  const score = (passage, words) => {
    let sum = 0;
    for (const word of words) {
      const begins = new RegExp(`(^|[^\\p{L}\\p{N}])${escape(word)}`, "u");
      if (begins.test(passage.name)) sum += 10;
      else if (passage.name.includes(word)) sum += 5;
      else if (begins.test(passage.folded)) sum += 2;
      else if (passage.folded.includes(word)) sum += 1;
      else return 0;
    }
    // Words that stand together answer better, and so do guides, which explain.
    const together = words.length > 1 && new RegExp(words.map(escape).join("[^\\p{L}\\p{N}]+"), "u");
    if (together && together.test(`${passage.name} ${passage.folded}`)) sum += 3;
    return passage.address.startsWith("/docs/guides/") ? sum + 0.5 : sum;
  };

  const excerpt = (passage, words) => {
    const places = words.map((word) => passage.folded.indexOf(word)).filter((place) => place >= 0);
    const from = Math.max(0, (places.length ? Math.min(...places) : 0) - 40);
    const text = passage.words.slice(from, from + 150);
    return `${from ? "…" : ""}${text}${from + 150 < passage.words.length ? "…" : ""}`;
  };

  // The text with what was searched for marked, as nodes: nothing of the index is ever read as markup.
  const marked = (text, words) => {
    const nodes = document.createDocumentFragment();
    const folded = fold(text);
    let at = 0;
    while (folded.length === text.length) {
      const next = words
        .map((word) => ({ place: folded.indexOf(word, at), length: word.length }))
        .filter(({ place }) => place >= 0)
        .sort((a, b) => a.place - b.place)[0];
      if (!next) break;
      const mark = document.createElement("mark");
      mark.textContent = text.slice(next.place, next.place + next.length);
      nodes.append(text.slice(at, next.place), mark);
      at = next.place + next.length;
    }
    nodes.append(text.slice(at));
    return nodes;
  };

  const entry = (passage, words) => {
    const [item, link, name, text] = ["li", "a", "b", "small"].map((tag) => document.createElement(tag));
    link.href = passage.address;
    name.append(marked(passage.heading === passage.title ? passage.title : `${passage.title} · ${passage.heading}`, words));
    text.append(marked(excerpt(passage, words), words));
    link.append(name, text);
    item.append(link);
    return item;
  };

  const show = async () => {
    const query = field.value;
    const words = fold(query).split(/\s+/).filter(Boolean);
    if (words.length === 0) {
      list.hidden = true;
      return;
    }
    const known = await load();
    if (field.value !== query) return;
    const found = known
      .map((passage) => ({ passage, points: score(passage, words) }))
      .filter(({ points }) => points > 0)
      .sort((a, b) => b.points - a.points)
      .slice(0, SHOWN_MAX);
    const none = document.createElement("li");
    none.className = "none";
    none.textContent = "Nothing was found.";
    list.replaceChildren(...(found.length ? found.map(({ passage }) => entry(passage, words)) : [none]));
    list.hidden = false;
  };

  const move = (event) => {
    const links = [...list.querySelectorAll("a")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || list.hidden || links.length === 0) return;
    event.preventDefault();
    const next = links.indexOf(document.activeElement) + step;
    (links[next] ?? field).focus();
  };

  field.addEventListener("focus", load, { once: true });
  field.addEventListener("input", show);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      list.hidden = true;
      field.focus();
    }
    move(event);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    list.querySelector("a")?.click();
  });
  document.addEventListener("click", (event) => {
    if (!form.contains(event.target)) list.hidden = true;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement === document.body) {
      event.preventDefault();
      field.focus();
    }
  });
  form.hidden = false;
})();
