// Answers, each with the pictures that it is about. All text is shown as text: what is read in a picture is data.

import { html, useState } from "./vendor/preact-htm.js";
import { Box } from "./region.js";

// ``found`` is what a second reader read in this picture, ``verdict`` what it says of the answer.
function Evidence({ picture, found, verdict, word }) {
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [gone, setGone] = useState(false);
  const time = new Date(picture.stamp * 1000).toLocaleString();
  const caption = [picture.camera, word("asOf", { time })].filter(Boolean).join(" · ");
  return html`
    <figure>
      <div class="framed">
        ${gone ? html`<p class="faint">${word("gone")}</p>` : html`
          <img src=${picture.src ?? picture.url} alt=${word("evidence")} data-sha256=${picture.sha256} onError=${() => setGone(true)}
            onLoad=${(event) => setSize({ width: event.target.naturalWidth, height: event.target.naturalHeight })} />
          <${Box} region=${picture.roi} ...${size} />
          ${found.map((one) => html`<${Box} region=${one.roi} ...${size} kind=${verdict} title=${one.text} />`)}`}
      </div>
      <figcaption>${caption}</figcaption>
    </figure>`;
}

async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.body.appendChild(document.createElement("textarea")); // plain HTTP to another machine's name
  area.value = text;
  area.select();
  document.execCommand("copy");
  area.remove();
}

function Copy({ text, word }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return html`<button class="small" onClick=${copy}>${word(copied ? "copied" : "copy")}</button>`;
}

// Each choice is a button that copies it, over a bar as long as it is likely.
function Choices({ choices }) {
  const percent = (probability) => `${(100 * probability).toFixed(1)} %`;
  return html`
    <ul class="choices">${choices.probabilities.map(({ value, probability }) => html`
      <li><button aria-pressed=${value === choices.choice} aria-label=${`${value}: ${percent(probability)}`} onClick=${() => copyText(String(value))}>
        <span class="bar" style=${{ width: `${100 * probability}%` }}></span>
        <span class="value">${value}</span><span class="value">${percent(probability)}</span>
      </button></li>`)}
    </ul>`;
}

function Turn({ turn, word }) {
  const seconds = (value) => value.toFixed(value < 10 ? 2 : 1);
  const found = turn.found ?? { evidence: [] };
  const facts = [
    turn.first != null && !turn.choices && word("firstWord", { seconds: seconds(turn.first) }),
    turn.total != null && word("total", { seconds: seconds(turn.total) }),
    turn.imageTokens > 0 && word("tokens", { count: turn.imageTokens }),
    turn.finish === "length" && word("cut"),
    turn.stopped && word("stopped"),
    turn.abstained && word("abstained"),
  ].filter(Boolean);
  return html`
    <li class="turn">
      <p class="asked">${turn.text}</p>
      ${turn.evidence?.length > 0 && html`<div class="evidence">${turn.evidence.map((picture, index) => html`
        <${Evidence} key=${picture.sha256} picture=${picture} found=${found.evidence.filter((one) => one.picture === index)}
          verdict=${found.verification} word=${word} />`)}</div>`}
      ${turn.choices ? html`<${Choices} choices=${turn.choices} />` : html`<p class="answer" dir="auto">${turn.answer}</p>`}
      ${found.verification && html`<p class=${`verdict ${found.verification}`} title=${found.verification_reason}>${word(found.verification)}${
        found.verification === "contradicted" && `: ${found.evidence.map((one) => one.text).join(", ")}`}</p>`}
      ${turn.error && html`<p class="trouble" role="alert">${turn.error}</p>`}
      ${turn.running ? html`<p class="faint">${word(turn.stage)}</p>`
        : html`<p class="row faint"><span class="facts">${facts.join(" · ")}</span>
            ${turn.answer && html`<${Copy} text=${turn.answer} word=${word} />`}</p>`}
    </li>`;
}

// The newest is on top. The list is announced when an answer is complete, not word by word.
export function Answers({ word, turns }) {
  const newest = turns[0];
  return html`
    <section class="panel" aria-labelledby="answers-title">
      <h2 id="answers-title">${word("answers")}</h2>
      <p class="hidden" role="status" aria-live="polite">
        ${newest ? (newest.running ? word(newest.stage) : newest.choices ? String(newest.choices.choice) : newest.answer || word("stopped")) : ""}</p>
      <ol class="turns">${turns.map((turn) => html`<${Turn} key=${turn.id} turn=${turn} word=${word} />`)}</ol>
    </section>`;
}

export { Turn };
