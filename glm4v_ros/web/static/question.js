// The right side's upper part: the question and how it is asked.

import { html, useState } from "./vendor/preact-htm.js";

export function Question({ word, presets, busy, canFollow, onAsk, onStop, onStartOver }) {
  const [text, setText] = useState("");
  const [choices, setChoices] = useState("");
  const [preset, setPreset] = useState("");
  const lines = [...new Set(choices.split("\n").map((line) => line.trim()).filter(Boolean))];

  const submit = (event) => {
    event?.preventDefault();
    if (busy) return;
    if (onAsk({ text: text.trim(), choices: lines.length > 1 ? lines : [], preset })) setText("");
  };
  const key = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event);
  };
  return html`
    <form class="panel" aria-labelledby="question-title" onSubmit=${submit}>
      <h2 id="question-title"><label for="question">${word("question")}</label></h2>
      <textarea id="question" rows="2" maxlength="32000" placeholder=${word("placeholder")} value=${text}
        onInput=${(event) => setText(event.target.value)} onKeyDown=${key}></textarea>
      <div class="row">
        ${busy ? html`<button type="button" class="primary stop" onClick=${onStop}>${word("stop")}</button>`
          : html`<button type="submit" class="primary">${word("ask")}</button>`}
        <label>${word("preset")} <select value=${preset} onChange=${(event) => setPreset(event.target.value)}>
          <option value="">-</option>
          ${presets.map((name) => html`<option value=${name}>${name}</option>`)}
        </select></label>
        ${canFollow && html`<span class="faint">${word("followUp")}</span>
          <button type="button" disabled=${busy} onClick=${onStartOver}>${word("startOver")}</button>`}
      </div>
      <details>
        <summary>${word("choices")}</summary>
        <textarea rows="4" aria-label=${word("choices")} value=${choices}
          onInput=${(event) => setChoices(event.target.value)}></textarea>
      </details>
    </form>`;
}
