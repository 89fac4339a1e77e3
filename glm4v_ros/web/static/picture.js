// The left side: where pictures come from, and which are asked about.

import { html, useEffect, useState } from "./vendor/preact-htm.js";
import { PhoneCamera, RobotCamera, hasLiveCamera } from "./camera.js";
import { Regional } from "./region.js";

export const MOST_PICTURES = 16; // of one question, as the server has it

export function Pictures({ word, pictures, active, cameras, onAdd, onRemove, onActive, onChange, onCamera }) {
  const [phone, setPhone] = useState(false);
  const [over, setOver] = useState(false);
  const shown = pictures[active];

  useEffect(() => {
    const images = (list) => [...list].filter((file) => file.type.startsWith("image/"));
    const paste = (event) => {
      const files = images(event.clipboardData?.files ?? []);
      if (files.length) { event.preventDefault(); onAdd(files); }
    };
    const drag = (event) => {
      if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
      event.preventDefault();
      setOver(event.type === "dragover");
      if (event.type === "drop") onAdd(images(event.dataTransfer.files));
    };
    const handlers = { paste, dragover: drag, dragleave: drag, drop: drag };
    for (const [name, handler] of Object.entries(handlers)) document.addEventListener(name, handler);
    return () => { for (const [name, handler] of Object.entries(handlers)) document.removeEventListener(name, handler); };
  }, [onAdd]);

  const chosen = (event) => { onAdd([...event.target.files]); event.target.value = ""; };
  return html`
    <section class=${over ? "panel over" : "panel"} aria-labelledby="picture-title">
      <h2 id="picture-title">${word("picture")}</h2>
      <div class="row">
        <label class="button primary">${word("chooseFile")}
          <input type="file" accept="image/*" multiple onChange=${chosen} /></label>
        <label class="button">${word("takePhoto")}
          <input type="file" accept="image/*" capture="environment" onChange=${chosen} /></label>
        <button disabled=${!hasLiveCamera()} title=${hasLiveCamera() ? "" : word("noCamera")} onClick=${() => setPhone(true)}>
          ${word("liveCamera")}</button>
      </div>
      ${!hasLiveCamera() && html`<p class="faint">${word("noCamera")}</p>`}
      ${phone && html`<${PhoneCamera} word=${word} onClose=${() => setPhone(false)} onPicture=${(blob) => onAdd([blob])} />`}
      ${cameras.length > 0 && html`
        <h3>${word("robotCameras")}</h3>
        <div class="cameras">${cameras.map((name) => html`
          <${RobotCamera} key=${name} name=${name} word=${word} chosen=${pictures.some((one) => one.camera === name)}
            onChoose=${(seen) => onCamera(name, seen)} />`)}
        </div>`}
      ${shown ? html`
        <${Regional} key=${shown.id} src=${shown.url} label=${shown.name} region=${shown.region} help=${word("regionHelp")}
          onRegion=${(region) => onChange(shown.id, { region })} onSize=${(size) => onChange(shown.id, size)} />
        <p class="row faint"><span>${shown.region ? word("region", shown.region) : shown.camera ? "" : word("regionHelp")}</span>
          ${shown.region && html`<button onClick=${() => onChange(shown.id, { region: null })}>${word("clearRegion")}</button>`}</p>`
      : html`<p class="drop">${word("dropHere")}</p>`}
      ${pictures.length > 0 && html`
        <ul class="thumbs">${pictures.map((one, index) => html`
          <li key=${one.id}>
            <button aria-pressed=${index === active} aria-label=${word("show", { name: one.name })} onClick=${() => onActive(index)}>
              <img src=${one.url} alt="" /></button>
            <span class="name">${one.error ? html`<em class="trouble" role="alert">${one.error}</em>`
              : one.key || one.camera ? one.name : word("uploading")}</span>
            <button class="small" aria-label=${word("remove", { name: one.name })} onClick=${() => onRemove(one.id)}>✕</button>
          </li>`)}
        </ul>`}
      ${pictures.length >= MOST_PICTURES && html`<p class="faint">${word("tooMany")}</p>`}
    </section>`;
}
