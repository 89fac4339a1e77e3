// Cameras: the phone's, live, where the browser gives it; the robot's, picture by picture.

import { html, useEffect, useRef, useState } from "./vendor/preact-htm.js";
import { cameraPicture } from "./api.js";

const SHORTEST = 200; // ms between two pictures of one camera
const AFTER_TROUBLE = 2000; // ms

export const hasLiveCamera = () => Boolean(navigator.mediaDevices?.getUserMedia);

export function PhoneCamera({ word, onPicture, onClose }) {
  const video = useRef(null);
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    let stream = null, closed = false;
    navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1080 } } })
      .then((given) => {
        stream = given;
        if (closed) stream.getTracks().forEach((track) => track.stop());
        else video.current.srcObject = stream;
      })
      .catch((error) => setTrouble(word("cameraDenied", { reason: error.message })));
    return () => {
      closed = true;
      stream?.getTracks().forEach((track) => track.stop());
    };
  }, []);
  const capture = () => {
    const canvas = document.createElement("canvas");
    canvas.width = video.current.videoWidth;
    canvas.height = video.current.videoHeight;
    canvas.getContext("2d").drawImage(video.current, 0, 0);
    canvas.toBlob((blob) => { onPicture(blob); onClose(); }, "image/jpeg", 0.95);
  };
  const [live, setLive] = useState(false);
  return html`
    <div class="phone">
      ${trouble ? html`<p role="alert" class="trouble">${trouble}</p>`
        : html`<video ref=${video} autoplay muted playsinline aria-label=${word("liveCamera")} onPlaying=${() => setLive(true)}></video>`}
      <div class="row">
        <button class="primary" disabled=${!live} onClick=${capture}>${word("capture")}</button>
        <button onClick=${onClose}>${word("close")}</button>
      </div>
    </div>`;
}

// Shows a robot's camera for as long as it is on the page and the page is looked at.
export function RobotCamera({ name, word, chosen, onChoose }) {
  const [seen, setSeen] = useState(null);
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    const ending = new AbortController();
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    let url = null;
    (async () => {
      let after = 0;
      while (!ending.signal.aborted) {
        const began = performance.now();
        try {
          if (document.hidden) { await sleep(SHORTEST); continue; }
          const { blob, stamp } = await cameraPicture(name, after, ending.signal);
          if (ending.signal.aborted) break;
          const old = url;
          url = URL.createObjectURL(blob);
          after = stamp;
          setSeen({ url, stamp, blob });
          setTrouble("");
          if (old) URL.revokeObjectURL(old);
          await sleep(Math.max(0, SHORTEST - (performance.now() - began)));
        } catch (error) {
          if (ending.signal.aborted) break;
          setTrouble(error.message);
          await sleep(AFTER_TROUBLE);
        }
      }
      if (url) URL.revokeObjectURL(url);
    })();
    return () => ending.abort();
  }, [name]);
  return html`
    <button class="camera" aria-pressed=${chosen} onClick=${() => onChoose(seen)} aria-label=${word("askAbout", { name })}>
      ${seen ? html`<img src=${seen.url} alt="" />` : html`<span class="waiting"></span>`}
      <span>${name}${trouble ? html` <em class="trouble">${trouble}</em>` : ""}</span>
    </button>`;
}
