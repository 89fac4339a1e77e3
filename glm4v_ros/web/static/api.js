// Talks to the server. What goes wrong is an ApiError with the server's message.

export class ApiError extends Error {
  constructor(status, error, retryAfter = 0) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.retryAfter = retryAfter;
  }
}

let csrf = "";

async function call(path, { method = "GET", json, body, headers = {}, signal } = {}) {
  const sent = { ...headers };
  if (csrf && method !== "GET") sent["x-csrf-token"] = csrf;
  if (json !== undefined) sent["content-type"] = "application/json";
  const response = await fetch(path, { method, headers: sent, body: json === undefined ? body : JSON.stringify(json), signal });
  if (!response.ok) {
    let error = { message: `HTTP ${response.status}`, code: null };
    try { error = (await response.json()).error; } catch { /* a proxy's page: the status must do */ }
    throw new ApiError(response.status, error, Number(response.headers.get("retry-after")) || 0);
  }
  return response;
}

export async function loginState() {
  const state = await (await call("/login")).json();
  csrf = state.csrf ?? "";
  return state;
}

export async function login(key) {
  csrf = (await (await call("/login", { method: "POST", json: { key } })).json()).csrf;
}

export async function logout() {
  await call("/login", { method: "DELETE" });
  csrf = "";
}

export const serverState = async () => (await call("/v1/state")).json();

export const upload = async (blob) =>
  (await call("/v1/pictures", { method: "POST", body: blob, headers: { "content-type": "application/octet-stream" } })).json();

export async function cameraPicture(name, after, signal) {
  const response = await call(`/v1/cameras/${encodeURIComponent(name)}/picture?after=${after}`, { signal });
  return { blob: await response.blob(), stamp: Number(response.headers.get("x-glm4v-stamp")) };
}

const imageUrl = (picture) => (picture.camera ? `camera:${picture.camera}` : `sha256:${picture.key}`);

function options({ pictures, preset, session, verify }) {
  const rois = pictures.some((one) => one.camera) ? undefined : pictures.map((one) => one.region ?? null);
  return { preset, session, rois, progress: true, verify };
}

// Calls onEvent with each stage, piece of text, and at the end the figures.
export async function askText(request, onEvent, signal) {
  const content = [
    { type: "text", text: request.text },
    ...request.pictures.map((one) => ({ type: "image_url", image_url: { url: imageUrl(one) } })),
  ];
  const json = { model: request.model, stream: true, stream_options: { include_usage: true }, messages: [{ role: "user", content }], glm4v: options(request) };
  const response = await call("/v1/chat/completions", { method: "POST", json, signal });
  for await (const data of events(response.body)) {
    if (data === "[DONE]") return;
    const chunk = JSON.parse(data);
    if (chunk.error) throw new ApiError(response.status, chunk.error);
    const choice = chunk.choices[0];
    if (choice?.delta.content) onEvent({ text: choice.delta.content });
    if (choice?.finish_reason) onEvent({ finish: choice.finish_reason });
    if (chunk.glm4v?.stage) onEvent({ stage: chunk.glm4v.stage });
    if (chunk.glm4v?.pictures) onEvent({ figures: chunk.glm4v });
  }
  throw new TypeError("the stream ended early");
}

export async function askChoices(request, signal) {
  const content = [...request.pictures.map((one) => ({ type: "input_image", image_url: imageUrl(one) }))];
  const { session: _, ...rest } = options(request);
  const json = {
    model: request.model, input: [{ role: "user", content }], glm4v: rest,
    questions: [{ type: "choice", instructions: request.text, choices: request.choices.map((value) => ({ value })) }],
  };
  const decision = await (await call("/v1/decisions", { method: "POST", json, signal })).json();
  return { answer: decision.answers[0], figures: decision.glm4v };
}

// The data of each server-sent event.
async function* events(stream) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const blocks = rest.split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const data = block.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
        if (data) yield data;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
