// Keeps a part of the page as it is now: told by server-sent events, fetched anew as HTML.
const REST = 2000; // Milliseconds between two fetches, however much happens.

export function follow(part, dress) {
  const state = document.querySelector("[data-live-state]");
  const say = (text) => {
    if (state) {
      state.textContent = text;
      state.hidden = false;
    }
  };
  let wanted = false;
  let resting = false;

  async function refresh() {
    if (resting || document.hidden) {
      wanted = true;
      return;
    }
    wanted = false;
    resting = true;
    setTimeout(() => {
      resting = false;
      if (wanted) refresh();
    }, REST);
    try {
      const answer = await fetch(part.dataset.live, { redirect: "error" });
      if (answer.status === 401) window.location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      replace(part, await answer.text());
      dress(part);
      say(`Live, as of ${new Date().toLocaleTimeString()}`);
    } catch {
      say("Cannot reach the service; trying again");
      wanted = true;
    }
  }

  const source = new EventSource(part.dataset.stream);
  source.addEventListener("open", () => say("Live"));
  source.addEventListener("changed", refresh);
  source.addEventListener("error", () => {
    say(source.readyState === EventSource.CLOSED ? "Not live; load the page anew" : "Connecting…");
    refresh();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && wanted) refresh();
  });
}

// Whoever has a table open, or the focus on a link, keeps it.
function replace(part, html) {
  const open = [...part.querySelectorAll("details")].map((each) => each.open);
  const focused = part.contains(document.activeElement) ? document.activeElement : null;
  const address = focused && focused.getAttribute("href");
  const place = focused && [...part.querySelectorAll(focused.tagName)].indexOf(focused);
  part.innerHTML = html;
  part.querySelectorAll("details").forEach((each, index) => {
    each.open = Boolean(open[index]);
  });
  if (!focused) return;
  const same = address && part.querySelector(`[href="${CSS.escape(address)}"]`);
  const there = same || part.querySelectorAll(focused.tagName)[place];
  if (there) there.focus({ preventScroll: true });
}
