// The portal works without this script. With it, rows come and go without a new page, and the file follows what is typed.
"use strict";

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

const form = () => document.getElementById("change");
let unsaved = false;

function showOnlyWhatBelongs() {
  const kind = form().querySelector("[name='design.kind']:checked");
  for (const part of form().querySelectorAll("[data-only], #section-design :is(.field, .group, .more)")) {
    const only = part.dataset.only;
    part.hidden = kind ? Boolean(only) && !only.split(" ").includes(kind.value) : !part.matches(".has-wrong, :has(.has-wrong)");
  }
  const shares = document.getElementById("interference-shares").closest(".field");
  shares.hidden = document.getElementById("interference").value !== "shares" && !document.getElementById("interference-shares").value;
}

async function post(address, data) {
  const answer = await fetch(address, { method: "POST", body: new URLSearchParams(data), credentials: "same-origin" });
  if (!answer.ok) throw new Error(answer.status);
  return answer;
}

async function changeRows(button) {
  const data = new FormData(form());
  data.append("do", button.value);
  const page = new DOMParser().parseFromString(await (await post(form().action, data)).text(), "text/html");
  const group = document.getElementById(button.dataset.rows);
  const fresh = page.getElementById(button.dataset.rows);
  group.replaceWith(fresh);
  for (const list of page.querySelectorAll("datalist")) document.getElementById(list.id).replaceWith(list);
  showOnlyWhatBelongs();
  unsaved = true;
  refreshSoon();
  const rows = fresh.querySelectorAll(":scope > .row");
  const target = button.value.startsWith("add:") ? rows[rows.length - 1].querySelector("input:not([type=hidden]), select") : fresh.querySelector(".add");
  target.focus();
}

let waiting;
let latest = 0;
function refreshSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, 350);
}

async function refresh() {
  const mine = ++latest;
  try {
    const answer = await (await post(form().dataset.preview, new FormData(form()))).json();
    if (mine !== latest) return;
    document.getElementById("preview").textContent = answer.text || document.getElementById("preview").dataset.empty;
    document.getElementById("state").textContent = answer.state;
  } catch {
    document.getElementById("state").textContent = "";
  }
}

if (form()) {
  showOnlyWhatBelongs();
  form().addEventListener("click", (event) => {
    const button = event.target.closest("[data-rows]");
    if (!button) return;
    event.preventDefault();
    changeRows(button).catch(() => { unsaved = false; form().requestSubmit(button); });
  });
  form().addEventListener("input", () => { unsaved = true; showOnlyWhatBelongs(); refreshSoon(); });
  form().addEventListener("submit", () => { unsaved = false; });
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  const answer = document.querySelector("#answer, #wrong, #right");
  if (answer) answer.focus();
  for (const link of document.querySelectorAll("#wrong a")) {
    link.addEventListener("click", () => {
      const target = document.getElementById(link.hash.slice(1));
      const closed = target && target.closest("details:not([open])");
      if (closed) closed.open = true;
      if (target) setTimeout(() => target.focus(), 0);
    });
  }
}
