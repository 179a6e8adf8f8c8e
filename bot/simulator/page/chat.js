/**
 * The simulator's chat page. It knows three things: the words (every text on the page comes from the server),
 * the talk (what is seen), and the line (what goes out and comes in). Untrusted text is only ever a text node.
 */

const CHAT = /^[A-Za-z0-9_-]{1,64}$/;
const CHANNELS = { telegram: "Telegram", whatsapp: "WhatsApp" };
const MOST_WAITING = 20;
const WAITS = [300, 1000, 2000, 4000, 8000, 15000, 30000];
const PATIENCE = 15000;
const STEADY = 5000;
const LOOK_AGAIN = [3000, 6000, 12000];
const GIVE_UP_TYPING = 25000;
const SAME_ANSWER = 3000;
const ADDRESS = /https?:\/\/[^\s<>"“”«»]+/giu;
const AFTER_ADDRESS = /[.,;:!?)\]}'’…؟،؛।]+$/u;

const query = new URLSearchParams(location.search);
const byId = (id) => document.getElementById(id);

/** A store that may be switched off by the browser. */
function remember(store, key, value) {
  try {
    if (value === undefined) return window[store].getItem(key);
    window[store].setItem(key, value);
  } catch {
    // Nothing is kept then; the page works all the same.
  }
  return null;
}

function randomChat() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function chosenChat() {
  const asked = query.get("chat") ?? "";
  if (CHAT.test(asked)) return asked;
  const kept = remember("localStorage", "sportello.chat") ?? "";
  if (CHAT.test(kept)) return kept;
  const made = randomChat();
  remember("localStorage", "sportello.chat", made);
  return made;
}

async function json(url, options = {}) {
  const response = await fetch(url, { ...options, signal: AbortSignal.timeout(PATIENCE) });
  if (!response.ok) throw Object.assign(new Error(String(response.status)), { status: response.status });
  return response.json();
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// --- Words -----------------------------------------------------------------------------------------------------

/** Every word on the page, in the language of the newest answer. */
class Words {
  #all = {};
  #wanted = "";
  #direction = "ltr";
  #shown = null;
  #listeners = [];

  get = (key) => String(this.#all[key] ?? "");
  onChange = (listener) => this.#listeners.push(listener);

  /** Change to a language; a failure is made good by the next call. */
  async follow(language, direction = "ltr") {
    [this.#wanted, this.#direction] = [language, direction];
    await this.complete();
  }

  async complete() {
    const language = this.#wanted;
    if (this.#shown === language) return;
    try {
      const found = await json(`/simulator/words?language=${encodeURIComponent(language)}`);
      if (language === this.#wanted) this.#show(language, found);
    } catch {
      // The line will notice that the server is away, and call again.
    }
  }

  #show(language, found) {
    this.#all = found;
    this.#shown = language;
    const page = document.documentElement;
    page.lang = found.language || language;
    page.dir = (found.direction ?? this.#direction) === "rtl" ? "rtl" : "ltr";
    document.title = this.get("title");
    byId("log").setAttribute("aria-busy", "true"); // new words are no news
    this.fill(document);
    for (const listener of this.#listeners) listener();
    requestAnimationFrame(() => byId("log").removeAttribute("aria-busy"));
  }

  fill(root) {
    for (const element of root.querySelectorAll("[data-word]")) element.textContent = this.get(element.dataset.word);
    for (const element of root.querySelectorAll("[data-label]")) {
      element.setAttribute("aria-label", this.get(element.dataset.label));
      if (element.matches("button")) element.title = this.get(element.dataset.label);
    }
    for (const element of root.querySelectorAll("[data-placeholder]")) {
      element.placeholder = this.get(element.dataset.placeholder);
    }
  }
}

// --- The talk --------------------------------------------------------------------------------------------------

/** Text, with its web addresses made into links. Never markup. */
function textNodes(text) {
  const nodes = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const shown = found.replace(AFTER_ADDRESS, "");
    const link = make("a", "", shown);
    link.href = shown; // ADDRESS lets through http and https alone
    if (!/^https?:$/u.test(link.protocol)) continue; // no address after all
    link.target = "_blank";
    link.rel = "noopener noreferrer nofollow";
    nodes.push(text.slice(from, index), link);
    from = index + shown.length;
  }
  return [...nodes, text.slice(from)];
}

/** What is seen: bubbles by id, edits in their place, and where we have scrolled. */
class Talk {
  #words;
  #onTap;
  #fileAt;
  #entries = new Map();
  #scroller = byId("scroller");
  #log = byId("log");
  #ownScroll = -1;
  #atEnd = true;
  #answer = { element: null, at: 0 };
  newestId = 0;
  newestBotId = 0;

  constructor(words, onTap, fileAt) {
    [this.#words, this.#onTap, this.#fileAt] = [words, onTap, fileAt];
    this.#scroller.addEventListener("scroll", () => (this.#atEnd = this.#isAtEnd), { passive: true });
    new ResizeObserver(() => this.#atEnd && this.toEnd()).observe(this.#scroller);
  }

  get isEmpty() {
    return this.#entries.size === 0;
  }

  has(id) {
    return this.#entries.has(id);
  }

  /** Put a message where it belongs. */
  show(message, { fresh }) {
    const following = this.#following;
    const entry = this.#entries.get(message.edits) ?? { element: null, version: message.id };
    this.#entries.set(message.id, entry);
    this.newestId = Math.max(this.newestId, message.id);
    if (message.from !== "person") this.newestBotId = Math.max(this.newestBotId, message.id);
    if (entry.version > message.id || this.#isOpening(message)) return;
    entry.version = message.id;
    const element = this.#message(message);
    if (entry.element) this.#replace(entry.element, element);
    else this.#insert(element, message.id, fresh);
    entry.element = element;
    this.#markNewest();
    this.#readFrom(message.from === "person" ? null : element);
    if (following) this.#follow();
  }

  /** The page itself said /start; the person did not. */
  #isOpening(message) {
    return message.from === "person" && message.text === "/start" && this.#entries.size === 1;
  }

  #insert(element, id, fresh) {
    element.dataset.place = id;
    element.classList.toggle("fresh", fresh);
    let before = this.#log.lastElementChild;
    while (before && Number(before.dataset.place) > id) before = before.previousElementSibling;
    if (before) before.after(element);
    else this.#log.prepend(element);
  }

  #replace(old, element) {
    element.dataset.place = old.dataset.place;
    const held = old.contains(document.activeElement) ? document.activeElement.dataset.tap : undefined;
    old.replaceWith(element);
    if (held === undefined) return;
    const buttons = [...element.querySelectorAll("button")];
    const again = buttons.find((button) => button.dataset.tap === held) ?? buttons[0] ?? byId("text");
    again.focus({ preventScroll: true });
  }

  #markNewest() {
    this.#log.querySelector(".newest")?.classList.remove("newest");
    [...this.#log.querySelectorAll(".message.bot")].at(-1)?.classList.add("newest");
  }

  #message(message) {
    const side = message.from === "person" ? "person" : "bot";
    const element = make("div", `message ${side}`);
    element.append(this.bubble(side, message));
    const options = Array.isArray(message.options) ? message.options : [];
    if (options.length) element.append(this.#options(options, message));
    return element;
  }

  bubble(side, message) {
    const bubble = make("div", "bubble");
    const who = make("span", "unseen", this.#words.get(side === "person" ? "you" : "bot"));
    who.dataset.word = side === "person" ? "you" : "bot";
    const text = make("p", "text");
    text.append(...(side === "bot" ? textNodes(String(message.text ?? "")) : [String(message.text ?? "")]));
    speakAs(text, message);
    bubble.append(who, text);
    if (message.file) bubble.append(this.#file(message.file));
    const at = new Date(message.at ?? NaN);
    if (!Number.isNaN(at.getTime())) bubble.append(clock(at, text.lang));
    return bubble;
  }

  #file({ name, letter }) {
    const link = make("a", "file", `📄 ${name}`);
    link.href = this.#fileAt(Number(letter));
    link.download = String(name);
    link.dir = "ltr";
    return link;
  }

  #options(options, message) {
    const group = make("div", "options");
    group.setAttribute("role", "group");
    group.dataset.label = "choose";
    group.setAttribute("aria-label", this.#words.get("choose"));
    for (const option of options) {
      const button = make("button", "", String(option?.label ?? ""));
      button.type = "button";
      button.dataset.tap = String(option?.tap ?? "");
      button.addEventListener("click", () => this.#onTap(button.dataset.tap, button.textContent));
      group.append(button);
    }
    speakAs(group, message);
    return group;
  }

  get #isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    return scrollHeight - clientHeight - scrollTop < 80;
  }

  /** True at the end, or where our own last scrolling stopped: the person has not gone up to read. */
  get #following() {
    return this.#isAtEnd || Math.abs(this.#scroller.scrollTop - this.#ownScroll) < 2;
  }

  /** An answer is read from its first bubble; what comes much later is another answer. */
  #readFrom(element) {
    const same = element && this.#answer.element?.isConnected && Date.now() - this.#answer.at < SAME_ANSWER;
    this.#answer = { element: same ? this.#answer.element : element, at: Date.now() };
  }

  /** To the end, but never past the beginning of a long answer. */
  #follow() {
    const { scrollHeight, clientHeight, scrollTop } = this.#scroller;
    const end = scrollHeight - clientHeight;
    const top = this.#answer.element?.getBoundingClientRect().top ?? Infinity;
    const start = scrollTop + top - this.#scroller.getBoundingClientRect().top - 12;
    this.#scroller.scrollTop = Math.max(Math.min(end, start), Math.min(end, scrollTop));
    this.#ownScroll = this.#scroller.scrollTop;
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#ownScroll = this.#scroller.scrollTop;
  }

  /** Make a change that takes room, and stay at the end if we are there. */
  stayAtEnd(change) {
    const atEnd = this.#isAtEnd;
    change();
    if (atEnd) this.toEnd();
  }
}

/** Language and direction are the message's own; else the page's. Never dir=auto: mixed lines would go wrong. */
function speakAs(element, { language, direction }) {
  const page = document.documentElement;
  element.lang = language ? String(language) : page.lang;
  element.dir = ["ltr", "rtl"].includes(direction) ? direction : page.dir;
}

function clock(at, language) {
  let format;
  try {
    format = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
  } catch {
    format = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
  }
  const time = make("time", "", format.format(at));
  time.dateTime = at.toISOString();
  time.lang = language;
  return time;
}

// --- What waits to be sent -------------------------------------------------------------------------------------

/** Messages on their way, at most twenty; kept over a reload, and shown until the server shows them. */
class Outbox {
  #key;
  #talk;
  #items = [];
  #box = byId("outbox");

  constructor(chat, talk) {
    [this.#key, this.#talk] = [`sportello.outbox.${chat}`, talk];
    try {
      this.#items = JSON.parse(remember("sessionStorage", this.#key) ?? "[]").slice(0, MOST_WAITING);
    } catch {
      this.#items = [];
    }
    this.#draw();
  }

  get next() {
    return this.#items.find((item) => !item.id);
  }

  get isEmpty() {
    return this.#items.length === 0;
  }

  /** False when it is full, or when that very tap is on its way already. */
  add(body, label) {
    const unsent = this.#items.filter((item) => !item.id);
    if (unsent.length >= MOST_WAITING) return false;
    if (body.tap !== undefined && this.#items.some((item) => item.body.tap === body.tap)) return false;
    this.#items.push({ body, label, since: this.#talk.newestId });
    this.#changed();
    return true;
  }

  tried(item) {
    item.tried = true;
    this.#changed();
  }

  sent(item, id) {
    item.id = id;
    if (this.#talk.has(id)) this.drop(item);
    else this.#changed();
  }

  drop(item) {
    this.#items = this.#items.filter((other) => other !== item);
    this.#changed();
  }

  /** A person's message has come back. If the answer to our request was lost, its text tells it is ours. */
  arrived(message) {
    const first = this.next;
    const isFirst = first?.tried && first.label === message.text && message.id > first.since;
    const item = this.#items.find((other) => other.id === message.id) ?? (isFirst ? first : undefined);
    if (item) this.drop(item);
  }

  #changed() {
    remember("sessionStorage", this.#key, JSON.stringify(this.#items.filter((item) => !item.id)));
    this.#draw();
  }

  #draw() {
    const visible = this.#items.filter((item) => item.body.text !== "/start" || !this.#talk.isEmpty);
    this.#box.replaceChildren(...visible.map((item) => {
      const element = make("div", "message person");
      element.append(this.#talk.bubble("person", { text: item.label }));
      return element;
    }));
  }
}

// --- The line --------------------------------------------------------------------------------------------------

/** The connection: reads all that is new, listens, and comes back by itself with growing pauses. */
class Line {
  #url;
  #as;
  #receive;
  #after;
  #onUp;
  #onDown;
  #source = null;
  #failures = 0;
  #timer = 0;
  #steady = 0;
  #turn = 0;

  constructor(chat, as, { receive, after, onUp, onDown }) {
    this.#url = `/simulator/${encodeURIComponent(chat)}`;
    this.#as = as;
    [this.#receive, this.#after, this.#onUp, this.#onDown] = [receive, after, onUp, onDown];
    addEventListener("online", () => this.connect());
    addEventListener("offline", () => this.lose({ surely: true }));
    addEventListener("pagehide", () => this.#hangUp());
    addEventListener("pageshow", (event) => event.persisted && this.connect());
    document.addEventListener("visibilitychange", () => document.hidden || this.lookAgain());
  }

  path(name, parameters = {}) {
    const search = String(new URLSearchParams(this.#as ? { ...parameters, as: this.#as } : parameters));
    return `${this.#url}/${name}${search && `?${search}`}`;
  }

  #hangUp() {
    this.#turn += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#steady);
    this.#source?.close();
    this.#source = null;
  }

  get isUp() {
    return this.#source !== null;
  }

  async connect() {
    this.#hangUp();
    const turn = this.#turn;
    try {
      await this.#readNew({ fresh: false, turn });
    } catch {
      if (turn === this.#turn) this.lose();
      return;
    }
    if (turn === this.#turn) this.#listen();
  }

  async #readNew({ fresh, turn }) {
    let found;
    do {
      found = (await json(this.path("messages", { after: this.#after() }))).messages;
      if (turn !== this.#turn) return;
      for (const message of found) this.#receive(message, { fresh });
    } while (found.length >= 100);
  }

  #listen() {
    const source = new EventSource(this.path("events", { after: this.#after() }));
    this.#source = source;
    source.onopen = () => {
      this.#steady = setTimeout(() => (this.#failures = 0), STEADY);
    };
    source.onmessage = ({ data }) => {
      let message;
      try {
        message = JSON.parse(data);
      } catch {
        return;
      }
      this.#receive(message, { fresh: true });
    };
    source.onerror = () => source === this.#source && this.lose();
    this.#onUp();
  }

  /** One failure may be a server that restarts: say so from the second on. */
  lose({ surely = false } = {}) {
    this.#hangUp();
    this.#failures += 1;
    if (surely || this.#failures > 1) this.#onDown();
    const wait = WAITS[Math.min(this.#failures, WAITS.length) - 1];
    this.#timer = setTimeout(() => this.connect(), wait * (0.8 + 0.4 * Math.random()));
  }

  /** The stream may have died in silence: ask once. */
  async lookAgain() {
    if (!this.#source) return this.connect();
    const turn = this.#turn;
    try {
      await this.#readNew({ fresh: true, turn });
    } catch {
      if (turn === this.#turn) this.lose();
    }
  }

  async post(body) {
    const headers = { "Content-Type": "application/json" };
    return json(this.path("messages"), { method: "POST", headers, body: JSON.stringify(body) });
  }
}

// --- The page --------------------------------------------------------------------------------------------------

class Page {
  #as = Object.hasOwn(CHANNELS, query.get("as") ?? "") ? query.get("as") : "";
  #chat = chosenChat();
  #words = new Words();
  #talk = new Talk(
    this.#words,
    (tap, label) => this.#send({ tap }, label),
    (letter) => this.#line.path(`files/${letter}`),
  );
  #outbox = new Outbox(`${this.#chat}@${this.#as}`, this.#talk);
  #line = new Line(this.#chat, this.#as, {
    receive: (message, how) => this.#receive(message, how),
    after: () => this.#talk.newestId,
    onUp: () => this.#up(),
    onDown: () => this.#down(),
  });
  #sending = false;
  #greeted = false;
  #notice = "";
  #typingTimers = [];
  #text = byId("text");

  async start() {
    byId("channel").textContent = this.#as ? CHANNELS[this.#as] : "";
    byId("channel").hidden = !this.#as;
    this.#words.onChange(() => this.#retell());
    byId("new-chat").addEventListener("click", () => this.#newChat());
    byId("location").addEventListener("click", () => this.#locate());
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#sendTyped();
    });
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#sendTyped();
    });
    this.#text.addEventListener("input", () => this.#fit());
    await this.#words.follow(navigator.language || "");
    await this.#line.connect();
    const mouse = matchMedia("(hover: hover) and (pointer: fine)").matches;
    if (mouse && document.activeElement === document.body) this.#text.focus();
  }

  // In

  #receive(message, how) {
    if (!Number.isSafeInteger(message?.id) || this.#talk.has(message.id)) return;
    const isNewest = message.id > this.#talk.newestBotId;
    this.#talk.show(message, how);
    if (message.from === "person") {
      this.#outbox.arrived(message);
      return;
    }
    this.#typing(false);
    if (message.language && isNewest) this.#words.follow(String(message.language), message.direction);
  }

  #up() {
    document.body.classList.remove("offline");
    this.#strip("lost", "");
    this.#words.complete();
    if (!this.#greeted && this.#talk.isEmpty && this.#outbox.isEmpty) this.#outbox.add({ text: "/start" }, "/start");
    this.#greeted = true;
    this.#flush();
  }

  #down() {
    document.body.classList.add("offline");
    this.#typing(false);
    this.#strip("lost", "connection_lost");
  }

  // Out

  #sendTyped() {
    const text = this.#text.value.trim();
    if (!text || !this.#send({ text }, text)) return;
    this.#text.value = "";
    this.#fit();
    this.#text.focus();
  }

  #send(body, label) {
    if (!this.#outbox.add(body, label)) return false;
    this.#tell("");
    this.#talk.toEnd();
    this.#flush();
    return true;
  }

  async #flush() {
    if (this.#sending || !this.#line.isUp) return;
    this.#sending = true;
    try {
      for (let item = this.#outbox.next; item; item = this.#outbox.next) await this.#post(item);
    } catch {
      this.#line.lose();
    } finally {
      this.#sending = false;
    }
  }

  async #post(item) {
    this.#outbox.tried(item);
    if (!document.body.classList.contains("offline")) this.#typing(true);
    try {
      const { id } = await this.#line.post(item.body);
      this.#outbox.sent(item, id);
      if (this.#talk.newestBotId > id) this.#typing(false);
    } catch (error) {
      if (![400, 404, 413, 422].includes(error.status)) throw error;
      this.#outbox.drop(item); // the server will never take it
      this.#typing(false);
    }
  }

  // Around

  #typing(on) {
    for (const timer of this.#typingTimers) clearTimeout(timer);
    this.#typingTimers = [];
    if (!on) {
      this.#showTyping(false);
      return;
    }
    const later = (wait, act) => this.#typingTimers.push(setTimeout(act, wait));
    later(300, () => this.#showTyping(true));
    for (const wait of LOOK_AGAIN) later(wait, () => this.#line.lookAgain());
    later(GIVE_UP_TYPING, () => this.#showTyping(false));
  }

  #showTyping(on) {
    const change = () => byId("typing").classList.toggle("on", on);
    if (on) this.#talk.stayAtEnd(change);
    else change();
    byId("typing-words").textContent = on ? this.#words.get("typing") : "";
  }

  #strip(id, key) {
    this.#talk.stayAtEnd(() => byId(id).classList.toggle("on", Boolean(key)));
    byId(`${id}-words`).textContent = key ? this.#words.get(key) : "";
  }

  #tell(key) {
    this.#notice = key;
    this.#strip("notice", key);
  }

  /** The language has changed: what is being said just now is said again in it. */
  #retell() {
    this.#tell(this.#notice);
    if (document.body.classList.contains("offline")) this.#strip("lost", "connection_lost");
    if (byId("typing").classList.contains("on")) this.#showTyping(true);
  }

  #locate() {
    const button = byId("location");
    if (button.getAttribute("aria-busy") === "true") return;
    const refused = () => {
      button.removeAttribute("aria-busy");
      this.#tell("location_denied");
    };
    if (!navigator.geolocation) {
      refused();
      return;
    }
    button.setAttribute("aria-busy", "true");
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      button.removeAttribute("aria-busy");
      const [lat, lon] = [coords.latitude.toFixed(4), coords.longitude.toFixed(4)];
      this.#send({ location: [Number(lat), Number(lon)] }, `📍 ${lat}, ${lon}`);
    }, refused, { timeout: PATIENCE, maximumAge: 300000 });
  }

  #newChat() {
    remember("localStorage", "sportello.chat", randomChat());
    query.delete("chat");
    history.replaceState(null, "", location.pathname + (String(query) && `?${query}`));
    location.reload();
  }

  /** As high as its text; the style sheet sets the limit. */
  #fit() {
    this.#text.style.blockSize = "auto";
    this.#text.style.blockSize = `${this.#text.scrollHeight + 2}px`;
  }
}

new Page().start();
