// A second SAML 2.0 identity provider for the tests, on samlify: other signer, other XML, other habits.
// It sends what Keycloak and Shibboleth do: NameID emailAddress, attributes named by OID, both parts
// signed, NotBefore = now. It believes whoever clicks a name: never expose it.

import { readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { inflateRawSync } from "node:zlib";
import { randomUUID } from "node:crypto";
import samlify from "samlify";

import { autoPost, choosePerson, page, refused } from "./pages.js";

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    keys: { type: "string" },
    sp: { type: "string", multiple: true, default: [] },
    "sp-metadata": { type: "string", multiple: true, default: [] },
    "exit-with-parent": { type: "boolean", default: false },
  },
});

const POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const EMAIL_ADDRESS = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const OIDS = {
  mail: "urn:oid:0.9.2342.19200300.100.1.3",
  givenName: "urn:oid:2.5.4.42",
  sn: "urn:oid:2.5.4.4",
};

// What is asked of us is read by samlify's own extractor; a schema validator would be a Java program.
samlify.setSchemaValidator({ validate: async () => "not validated against the schema" });

const people = new Map(
  [
    { email: "ann@corp.example", first_name: "Ann", last_name: "Archer" },
    { email: "bob@corp.example", first_name: "Bob", last_name: "Brügger-O'Neil" },
    { email: "zoe.mueller@corp.example", first_name: "Zoë", last_name: "Müller" },
    { email: "eve@other.example", first_name: "Eve", last_name: "From-Elsewhere" },
  ].map((person) => [person.email, person]),
);
const serviceProviders = new Map(); // entity ID -> list of ACS URLs
const metadataSources = new Set(options["sp-metadata"]);
const requests = new Map(); // ticket -> request
const settings = { sign: "both" }; // response, assertion, both
let pair = "now"; // which of the two pairs of keys signs

for (const known of options.sp) {
  const cut = known.lastIndexOf("=");
  addServiceProvider(known.slice(0, cut), known.slice(cut + 1));
}

class NotFound extends Error {}

// --- service providers

function addServiceProvider(entityId, acs) {
  const known = serviceProviders.get(entityId) ?? [];
  serviceProviders.set(entityId, known.includes(acs) ? known : [...known, acs]);
}

/** Read metadata at the first sign-in, so that the product may start later. */
async function readMetadata() {
  for (const source of metadataSources) {
    const text = source.startsWith("http")
      ? await (await fetch(source, { signal: AbortSignal.timeout(10_000) })).text()
      : readFileSync(source, "utf8");
    const { entityMeta } = samlify.ServiceProvider({ metadata: text });
    const services = entityMeta.getAssertionConsumerService("post");
    for (const acs of [services].flat()) addServiceProvider(entityMeta.getEntityID(), acs);
    metadataSources.delete(source);
  }
}

function serviceProvider(entityId, acs) {
  return samlify.ServiceProvider({
    entityID: entityId,
    assertionConsumerService: [{ Binding: POST, Location: acs }],
    wantAssertionsSigned: settings.sign !== "response",
    wantMessageSigned: settings.sign !== "assertion",
  });
}

// --- this identity provider

const file = (name) => readFileSync(join(options.keys, name), "utf8");

function identityProvider() {
  return samlify.IdentityProvider({
    entityID: `${base}/metadata`,
    privateKey: file(`${pair}.key`),
    signingCert: file(`${pair}.crt`),
    wantAuthnRequestsSigned: false,
    nameIDFormat: [EMAIL_ADDRESS],
    singleSignOnService: [REDIRECT, POST].map((Binding) => ({ Binding, Location: `${base}/sso` })),
    loginResponseTemplate: {
      context: RESPONSE,
      attributes: Object.entries(OIDS).map(([valueTag, name]) => ({
        name,
        valueTag,
        nameFormat: "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
        valueXsiType: "xs:string",
      })),
    },
  });
}

const RESPONSE = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{ID}" Version="2.0" IssueInstant="{IssueInstant}" Destination="{Destination}" InResponseTo="{InResponseTo}"><saml:Issuer>{Issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="{StatusCode}"/></samlp:Status><saml:Assertion xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="{AssertionID}" Version="2.0" IssueInstant="{IssueInstant}"><saml:Issuer>{Issuer}</saml:Issuer><saml:Subject><saml:NameID Format="{NameIDFormat}">{NameID}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="{NotOnOrAfter}" Recipient="{Destination}" InResponseTo="{InResponseTo}"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{IssueInstant}" NotOnOrAfter="{NotOnOrAfter}"><saml:AudienceRestriction><saml:Audience>{Audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{IssueInstant}" SessionIndex="{SessionIndex}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>{AttributeStatement}</saml:Assertion></samlp:Response>`;

/** Return the base64 SAMLResponse that vouches for a person. */
async function respond(request, person) {
  const idp = identityProvider();
  const fill = (template) => {
    const id = `_${randomUUID()}`;
    const now = new Date();
    const values = {
      ID: id,
      AssertionID: `_${randomUUID()}`,
      SessionIndex: `_${randomUUID()}`,
      IssueInstant: now.toISOString(),
      NotOnOrAfter: new Date(now.getTime() + 5 * 60_000).toISOString(),
      Destination: request.acs,
      InResponseTo: request.id, // absent: samlify leaves the attribute out
      Issuer: idp.entityMeta.getEntityID(),
      StatusCode: "urn:oasis:names:tc:SAML:2.0:status:Success",
      Audience: request.entityId,
      NameIDFormat: EMAIL_ADDRESS,
      NameID: person.email,
      attrMail: person.email,
      attrGivenName: person.first_name ?? "",
      attrSn: person.last_name ?? "",
    };
    return { id, context: samlify.SamlLib.replaceTagsByValue(template, values) };
  };
  const sp = serviceProvider(request.entityId, request.acs);
  const { context } = await idp.createLoginResponse(sp, null, "post", person, fill);
  return context;
}

/** Return what a service provider asks; throws what samlify finds wrong with it. */
async function parse(method, fields) {
  await readMetadata();
  const message = Buffer.from(fields.SAMLRequest ?? "", "base64");
  const xml = (method === "GET" ? inflateRawSync(message) : message).toString();
  const { issuer } = samlify.Extractor.extract(xml, [
    { key: "issuer", localPath: ["AuthnRequest", "Issuer"], attributes: [] },
  ]);
  const known = serviceProviders.get(issuer);
  if (!known) throw new Error(`unknown service provider ${issuer}`);
  const binding = method === "GET" ? "redirect" : "post";
  const { extract } = await identityProvider().parseLoginRequest(
    serviceProvider(issuer, known[0]),
    binding,
    method === "GET" ? { query: fields } : { body: fields },
  );
  const asked = extract.request.assertionConsumerServiceUrl;
  if (asked && !known.includes(asked)) throw new Error(`unknown consumer service ${asked}`);
  return {
    id: extract.request.id,
    entityId: issuer,
    acs: asked ?? known[0],
    relayState: fields.RelayState,
  };
}

// --- the web

async function answer(method, path, fields, json) {
  switch (`${method} ${path}`) {
    case "GET /":
      return html(choosePerson(people.values(), "/start", {}, "Start as …"));
    case "GET /sso":
    case "POST /sso": {
      const ticket = randomUUID();
      requests.set(ticket, await parse(method, fields));
      return html(choosePerson(people.values(), "/login", { ticket }, "Sign in"));
    }
    case "POST /login":
      return vouch(found(requests, fields.ticket), found(people, fields.user));
    case "GET /start":
    case "POST /start": {
      await readMetadata();
      const entityId = fields.sp ?? [...serviceProviders.keys()][0];
      const acs = fields.acs ?? found(serviceProviders, entityId)[0];
      const request = { entityId, acs, relayState: fields.RelayState };
      return vouch(request, found(people, fields.user));
    }
    case "GET /metadata":
      return { type: "application/samlmetadata+xml", text: identityProvider().getMetadata() };
    case "GET /certificate.pem":
      return { type: "application/x-pem-file", text: file(`${pair}.crt`) };
    case "POST /roll":
      // Two pairs a process: rolled once, it stays there. With `stage` the next one is only told.
      if (!("stage" in fields)) pair = "next";
      return asJson({ certificate: file("next.crt") });
    case "GET /users":
      return asJson([...people.values()]);
    case "POST /users":
      if (!json.email) throw new Error("email is missing");
      people.set(json.email, json);
      return asJson(json);
    case "POST /service-providers":
      if (json.metadata) metadataSources.add(json.metadata);
      else addServiceProvider(json.entity_id, json.acs);
      await readMetadata();
      return asJson({ service_providers: [...serviceProviders.keys()] });
    case "POST /settings":
      if (!["response", "assertion", "both"].includes(json.sign)) throw new Error("sign: which?");
      Object.assign(settings, { sign: json.sign });
      return asJson(settings);
  }
  throw new NotFound(path);
}

async function vouch(request, person) {
  const fields = { SAMLResponse: await respond(request, person), RelayState: request.relayState };
  return html(autoPost(request.acs, fields));
}

function found(map, key) {
  if (!map.has(key)) throw new NotFound(key);
  return map.get(key);
}

const html = (text) => ({ type: "text/html; charset=utf-8", text });
const asJson = (value) => ({ type: "application/json", text: JSON.stringify(value) });

async function handle(request, response) {
  const url = new URL(request.url, base);
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += chunk;
  let status = 200;
  let answered;
  try {
    const isJson = (request.headers["content-type"] ?? "").includes("json");
    const form = isJson ? [] : new URLSearchParams(body);
    const fields = Object.fromEntries([...url.searchParams, ...form]);
    answered = await answer(request.method, url.pathname, fields, isJson ? JSON.parse(body) : {});
  } catch (problem) {
    status = problem instanceof NotFound ? 404 : 400;
    answered = html(page("Refused", refused(String(problem))));
  }
  response.writeHead(status, { "Content-Type": answered.type, "Cache-Control": "no-store" });
  response.end(answered.text);
}

const server = createServer(handle).listen(Number(options.port), "127.0.0.1");
let base = "";
server.on("listening", () => {
  const { port } = server.address();
  base = `http://localhost:${port}`;
  const facts = { url: base, entity_id: `${base}/metadata`, sign_in_url: `${base}/sso` };
  console.log(
    JSON.stringify({ ready: true, port, ...facts, metadata_url: `${base}/metadata` }),
  );
});

function end() {
  rmSync(options.keys, { recursive: true, force: true });
  process.exit(0);
}
process.on("SIGTERM", end).on("SIGINT", end);
if (options["exit-with-parent"]) {
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || end(), 500).unref();
}
