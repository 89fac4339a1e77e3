// A picture on which a region can be drawn, with mouse, finger or keys. Regions are in pixels of the picture.

import { html, useRef, useState } from "./vendor/preact-htm.js";

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

// The box in percent of the picture, so that it stays in place at any size.
export function Box({ region, width, height, kind = "", title }) {
  if (!region || !width) return null;
  const percent = (value, whole) => `${(100 * value) / whole}%`;
  const style = {
    left: percent(region.x, width), top: percent(region.y, height),
    width: percent(region.width, width), height: percent(region.height, height),
  };
  return html`<div class=${`box ${kind}`} style=${style} title=${title}></div>`;
}

export function Regional({ src, label, region, help, onRegion, onSize }) {
  const image = useRef(null);
  const [drawn, setDrawn] = useState(null);
  const from = useRef(null);
  const size = () => ({ width: image.current?.naturalWidth || 0, height: image.current?.naturalHeight || 0 });

  const at = (event) => {
    const frame = image.current.getBoundingClientRect();
    const { width, height } = size();
    return {
      x: clamp(Math.round(((event.clientX - frame.left) / frame.width) * width), 0, width),
      y: clamp(Math.round(((event.clientY - frame.top) / frame.height) * height), 0, height),
    };
  };
  const between = (a, b) => ({ x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) });

  const down = (event) => {
    if (event.button || !size().width) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    from.current = at(event);
    setDrawn(null);
  };
  const move = (event) => from.current && setDrawn(between(from.current, at(event)));
  const up = (event) => {
    if (!from.current) return;
    const one = between(from.current, at(event));
    from.current = null;
    setDrawn(null);
    const least = Math.max(4, Math.round(size().width / 100));
    onRegion(one.width >= least && one.height >= least ? one : null);
  };
  const cancel = () => { from.current = null; setDrawn(null); };
  const key = (event) => {
    const { width, height } = size();
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    if (event.key.toLowerCase() === "r" && !event.ctrlKey && !event.metaKey) {
      onRegion(region ? null : { x: width >> 2, y: height >> 2, width: width >> 1, height: height >> 1 });
    } else if (region && (dx || dy)) {
      const step = Math.max(1, Math.round(width / 50));
      const next = { ...region };
      if (event.shiftKey) {
        next.width = clamp(region.width + dx * step, step, width - region.x);
        next.height = clamp(region.height + dy * step, step, height - region.y);
      } else {
        next.x = clamp(region.x + dx * step, 0, width - region.width);
        next.y = clamp(region.y + dy * step, 0, height - region.height);
      }
      onRegion(next);
    } else return;
    event.preventDefault();
  };

  return html`
    <div class="regional" tabindex="0" role="group" aria-label=${label} aria-describedby="region-help"
         onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onPointerCancel=${cancel} onKeyDown=${key}>
      <img ref=${image} src=${src} alt=${label} draggable=${false} onLoad=${() => onSize(size())} />
      <${Box} region=${drawn ?? region} ...${size()} />
      <p id="region-help" class="hidden">${help}</p>
    </div>`;
}
