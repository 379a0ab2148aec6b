// The pages: plain HTML that works without script and by keyboard, dressed like the other servers'.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const STYLE = readFileSync(fileURLToPath(new URL("../pages.css", import.meta.url)), "utf8");
const NAME = "Second identity provider";

const escape = (text) =>
  String(text).replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);

const hidden = (fields) =>
  Object.entries(fields)
    .filter(([, value]) => value)
    .map(([name, value]) => `<input type="hidden" name="${name}" value="${escape(value)}">`)
    .join("");

/** A whole page; `title` is text, `body` is HTML. */
export const page = (title, body) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8">` +
  `<meta name="viewport" content="width=device-width, initial-scale=1">` +
  `<title>${escape(title)} · ${NAME}</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>` +
  `<body><header>${NAME}</header><main><h1>${escape(title)}</h1>${body}</main></body></html>`;

export const refused = (sentence) => `<p>${escape(sentence)}</p>`;

const personButton = ({ email, first_name = "", last_name = "" }) =>
  `<li><button name="user" value="${escape(email)}"><span>${escape(`${first_name} ${last_name}`)} ` +
  `<small>${escape(email)}</small></span></button></li>`;

/** A button for each person, in a form that carries `fields`. */
export const choosePerson = (people, action, fields, title) =>
  page(
    title,
    `<form method="post" action="${action}">${hidden(fields)}` +
      `<ul class="people">${[...people].map(personButton).join("")}</ul></form>`,
  );

/** The page that posts itself to the assertion consumer service; its button works without script. */
export const autoPost = (action, fields) =>
  page(
    "Signing you in",
    `<form method="post" action="${escape(action)}">${hidden(fields)}` +
      `<p><button class="primary">Continue</button></p></form>` +
      `<script>document.forms[0].submit()</script>`,
  );
