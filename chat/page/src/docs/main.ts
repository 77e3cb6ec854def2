/** The page of the API: Swagger UI over this server's own document. */

import bundle from "swagger-ui-dist/swagger-ui-bundle.js?url";
import "swagger-ui-dist/swagger-ui.css";
import "./docs.css";

const SAFE = ["GET", "HEAD", "OPTIONS"];

/** Give a request by cookie the CSRF token, which only requests that change something need. */
async function withCsrfToken(request: SwaggerRequest): Promise<SwaggerRequest> {
  if (SAFE.includes((request.method ?? "GET").toUpperCase()) || "Authorization" in request.headers) return request;
  const session = await fetch("/api/session");
  if (session.ok) request.headers["X-CSRFToken"] = ((await session.json()) as { csrfToken: string }).csrfToken;
  return request;
}

function followColourScheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", apply);
  apply();
}

/** Name the fields of parameters and bodies, which Swagger UI leaves without a label. */
function nameFields(place: Element) {
  const name = () => {
    for (const field of place.querySelectorAll(":is(select, textarea):not([aria-label], [id])")) {
      field.setAttribute("aria-label", field.closest<HTMLElement>("[data-param-name]")?.dataset.paramName ?? "Request body");
    }
  };
  new MutationObserver(name).observe(place, { childList: true, subtree: true });
}

function show() {
  const place = document.querySelector("#docs");
  if (!place) return;
  nameFields(place);
  window.SwaggerUIBundle({
    url: "/api/openapi.json",
    domNode: place,
    // Links inside of the buttons that open an operation could not be reached with a screen reader.
    deepLinking: false,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    filter: true,
    validatorUrl: null,
    requestInterceptor: withCsrfToken,
  });
}

/** Load Swagger UI as the script it is, rather than bundle it: the chat page would share a chunk with it. */
function load() {
  const script = document.createElement("script");
  script.src = bundle;
  script.addEventListener("load", show);
  document.head.append(script);
}

followColourScheme();
load();
