// The page: what is asked, about which pictures, and what came of it.

import { html, render, useCallback, useEffect, useRef, useState } from "./vendor/preact-htm.js";
import { ApiError, askChoices, askText, login, loginState, logout, serverState, upload } from "./api.js";
import { Answers, Turn } from "./answer.js";
import * as history from "./history.js";
import { MOST_PICTURES, Pictures } from "./picture.js";
import { Question } from "./question.js";
import { firstLanguage, keepLanguage, wordsOf } from "./words.js";

const LOOK_EVERY = 2000; // ms between looks at the server's state

const foundIn = ({ verification, verification_reason, evidence }) => ({ verification, verification_reason, evidence });
const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function Login({ word, onDone }) {
  const [key, setKey] = useState("");
  const [trouble, setTrouble] = useState("");
  const submit = async (event) => {
    event.preventDefault();
    try {
      await login(key.trim());
      onDone();
    } catch (error) {
      setTrouble(error.message);
    }
  };
  return html`
    <main class="login"><form class="panel" onSubmit=${submit}>
      <h1>${word("title")}</h1>
      <p>${word("needKey")}</p>
      <label>${word("key")} <input type="password" autocomplete="current-password" required value=${key}
        onInput=${(event) => setKey(event.target.value)} /></label>
      ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
      <button class="primary">${word("login")}</button>
    </form></main>`;
}

function State({ state, word }) {
  if (!state) return html`<span class="state bad">${word("unreachable")}</span>`;
  if (!state.ready) return html`<span class="state bad">${word("notReady")}: ${state.reason}</span>`;
  const busy = state.running + state.queued;
  const wait = busy > 0 ? ` · ${word("wait", { seconds: Math.ceil(state.retry_after) })}` : "";
  const load = state.capacity ? ` · ${word("load", { busy, capacity: state.capacity })}` : ""; // the node vqa does not say
  return html`<span class="state good">${word("ready")} · ${state.models[0]}${load}${wait}</span>`;
}

function History({ word, version }) {
  const [turns, setTurns] = useState([]);
  const [shown, setShown] = useState(false);
  useEffect(() => { history.load().then(setTurns, () => setTurns([])); }, [version]);
  const download = async () => {
    const url = URL.createObjectURL(await history.exported(turns));
    const link = Object.assign(document.createElement("a"), { href: url, download: "glm4v-history.json" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  };
  const clear = async () => { await history.clear(); setTurns([]); };
  const withPictures = (turn) => ({ ...turn, evidence: turn.pictures.map(({ blob, ...rest }) => rest) });
  return html`
    <details class="panel history" onToggle=${(event) => setShown(event.target.open)}>
      <summary>${word("history")} (${turns.length})</summary>
      <div class="row">
        <button disabled=${!turns.length} onClick=${download}>${word("export")}</button>
        <button disabled=${!turns.length} onClick=${clear}>${word("clearHistory")}</button>
      </div>
      ${shown && html`<ol class="turns">${turns.map((turn) => html`<${Turn} key=${turn.id} turn=${withPictures(turn)} word=${word} />`)}</ol>`}
      ${!turns.length && html`<p class="faint">${word("noHistory")}</p>`}
    </details>`;
}

// The pictures that are asked about; a new or removed one begins another conversation.
function usePictures(word, startOver) {
  const [pictures, setPictures] = useState([]);
  const [active, setActive] = useState(0);
  const change = useCallback((id, values) => {
    setPictures((all) => all.map((one) => (one.id === id ? { ...one, ...values } : one)));
    if ("region" in values) startOver();
  }, []);
  const send = useCallback(async (picture) => {
    try {
      const { sha256 } = await upload(picture.blob);
      change(picture.id, { key: sha256, error: "" });
      return sha256;
    } catch (error) {
      change(picture.id, { error: error.message });
      throw error;
    }
  }, []);
  const add = useCallback((files) => {
    if (!files.length) return;
    const added = files.map((blob) => ({ id: newId(), blob, url: URL.createObjectURL(blob), name: blob.name ?? word("capture"), key: "", region: null, error: "" }));
    setPictures((all) => {
      const next = [...all.filter((one) => !one.camera), ...added].slice(0, MOST_PICTURES);
      setActive(next.length - 1);
      return next;
    });
    startOver();
    added.forEach((one) => send(one).catch(() => {}));
  }, [word]);
  const remove = useCallback((id) => {
    setPictures((all) => all.filter((one) => one.id !== id));
    setActive(0);
    startOver();
  }, []);
  const camera = useCallback((name, seen) => {
    const url = seen ? URL.createObjectURL(seen.blob) : "";
    setPictures([{ id: newId(), camera: name, url, name, key: "", region: null, error: "" }]);
    setActive(0);
    startOver();
  }, []);
  return { pictures, active, setActive, add, remove, change, camera, send };
}

function Page({ word, needsKey, onLanguage, onLogout }) {
  const [state, setState] = useState(null);
  const [turns, setTurns] = useState([]);
  const [trouble, setTrouble] = useState("");
  const [version, setVersion] = useState(0);
  const session = useRef(newId());
  const [asked, setAsked] = useState(false); // something in this session
  const stopping = useRef(null);
  const startOver = useCallback(() => { session.current = newId(); setAsked(false); }, []);
  const { pictures, active, setActive, add, remove, change, camera, send } = usePictures(word, startOver);

  useEffect(() => {
    const look = () => document.hidden || serverState().then(setState, (error) => (error.status === 401 ? onLogout() : setState(null)));
    look();
    const timer = setInterval(look, LOOK_EVERY);
    return () => clearInterval(timer);
  }, []);

  const update = (id, values) => setTurns((all) => all.map((one) => (one.id === id ? { ...one, ...(typeof values === "function" ? values(one) : values) } : one)));

  // One try; a picture that the server has let go is sent again, once.
  const tried = async (request, onEvent, signal) => {
    const ask = async (given) => {
      if (!given.choices.length) return askText(given, onEvent, signal);
      const { answer, figures } = await askChoices(given, signal);
      onEvent({ choices: answer, figures });
    };
    const keyed = async (again) => Promise.all(request.pictures.map(async (one) =>
      one.camera || (one.key && !again) ? one : { ...one, key: await send(one) }));
    try {
      await ask({ ...request, pictures: await keyed(false) });
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "unknown_picture") throw error;
      await ask({ ...request, pictures: await keyed(true) });
    }
  };

  const run = async (turn, request) => {
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    let last = turn;
    const set = (values) => { last = { ...last, ...values }; update(turn.id, values); };
    const onEvent = ({ text, stage, finish, choices, figures }) => {
      if (stage) set({ stage });
      if (text) set({ answer: last.answer + text, first: last.first ?? seconds(), stage: "answering" });
      if (finish) set({ finish });
      if (choices) set({ choices, answer: "" });
      if (figures) set({ evidence: figures.pictures, imageTokens: figures.image_tokens, abstained: figures.abstained, found: foundIn(figures) });
    };
    try {
      await tried(request, onEvent, stopping.current.signal);
      set({ total: seconds() });
      if (!request.choices.length) setAsked(true);
    } catch (error) {
      set(stopping.current.signal.aborted ? { stopped: true } : { error: error instanceof ApiError ? error.message : word("unreachable") });
    }
    set({ running: false });
    stopping.current = null;
    const blobs = Object.fromEntries(request.pictures.filter((one) => one.blob).map((one) => [one.key, one.blob]));
    const kept = (last.evidence ?? []).map((one) => ({ ...one, blob: blobs[one.sha256] ?? null }));
    const { evidence: _, running: __, ...plain } = last;
    history.keep({ ...plain, pictures: kept }).then(() => setVersion((count) => count + 1), () => {});
  };

  const ask = ({ text, choices, preset }) => {
    setTrouble(pictures.length ? (text ? "" : word("needQuestion")) : word("needPicture"));
    if (!pictures.length || !text || stopping.current) return false;
    const turn = { id: `${Date.now()}-${newId()}`, at: new Date().toISOString(), text, answer: "", stage: "asking", running: true, model: state?.models[0] };
    setTurns((all) => [turn, ...all]);
    stopping.current = new AbortController();
    run(turn, { text, choices, preset: preset || undefined, pictures, model: state?.models[0], session: session.current,
      verify: state?.verify === "off" ? "auto" : undefined }); // what the server or the robot asks for anyway may be more
    return true;
  };

  const busy = turns.some((turn) => turn.running);
  useEffect(() => {
    const escape = (event) => event.key === "Escape" && stopping.current?.abort();
    document.addEventListener("keydown", escape);
    return () => document.removeEventListener("keydown", escape);
  }, []);
  return html`
    <header>
      <h1>${word("title")}</h1>
      <${State} state=${state} word=${word} />
      <button onClick=${onLanguage}>${word("language")}</button>
      ${needsKey && html`<button onClick=${onLogout}>${word("logout")}</button>`}
    </header>
    <main>
      <${Pictures} word=${word} pictures=${pictures} active=${active} cameras=${state?.cameras ?? []} onAdd=${add} onRemove=${remove}
        onActive=${setActive} onChange=${change} onCamera=${camera} />
      <div class="column">
        <${Question} word=${word} presets=${state?.presets ?? []} busy=${busy} canFollow=${asked}
          onAsk=${ask} onStop=${() => stopping.current?.abort()} onStartOver=${startOver} />
        ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
        <${Answers} word=${word} turns=${turns} />
        <${History} word=${word} version=${version} />
      </div>
    </main>
    <footer>${word(state?.demo_model ? "demo" : "advice")}</footer>`;
}

function App() {
  const [language, setLanguage] = useState(firstLanguage);
  const [access, setAccess] = useState(null); // the server's word on logins
  const word = useCallback(wordsOf(language), [language]);
  const look = () => loginState().then(setAccess, () => setTimeout(look, LOOK_EVERY));
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.title = word("title");
    keepLanguage(language);
  }, [language]);
  useEffect(() => {
    const key = /^#key=(.+)$/.exec(location.hash)?.[1];
    if (key) window.history.replaceState(null, "", location.pathname); // out of the address line and the history at once
    (key ? login(decodeURIComponent(key)).catch(() => {}) : Promise.resolve()).then(look);
  }, []);
  if (!access) return null;
  if (access.required && !access.csrf) return html`<${Login} word=${word} onDone=${look} />`;
  return html`<${Page} word=${word} needsKey=${access.required} onLanguage=${() => setLanguage(language === "zh" ? "en" : "zh")}
    onLogout=${() => logout().then(look, look)} />`;
}

render(html`<${App} />`, document.getElementById("app"));
