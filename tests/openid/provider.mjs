/* A provider of OpenID Connect on loopback: oidc-provider with its own pages for signing in.

node provider.mjs: prints its address, then takes commands as lines of JSON. {"callback": …, "logout": …} names the addresses
of the site and comes first, {"groups": {"ada": ["research"]}} sets groups, {"remove": "ada"} removes a user. */

import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const removed = new Set();
let groups = {};

const account = (id) => ({
  accountId: id,
  claims: () => ({
    sub: id,
    preferred_username: id,
    email: `${id}@example.org`,
    email_verified: true,
    groups: groups[id] ?? [],
  }),
});

const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const configured = (callback, backChannel) => ({
  clients: [
    {
      client_id: "chat",
      client_secret: "of the walk alone",
      redirect_uris: [callback],
      application_type: "web",
      grant_types: ["authorization_code", "refresh_token"],
      backchannel_logout_uri: backChannel,
      backchannel_logout_session_required: true,
    },
  ],
  claims: { openid: ["sub"], profile: ["preferred_username", "groups"], email: ["email", "email_verified"] },
  features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
  pkce: { required: () => true },
  findAccount: (_, id) => (removed.has(id) ? undefined : account(id)),
  issueRefreshToken: () => true,
  // Loopback is what both sides have here.
  fetch: (url, options) => fetch(url, options),
  cookies: { keys: ["of the walk alone"] },
});
console.log(issuer);

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  if (command.callback) {
    server.on("request", new Provider(issuer, configured(command.callback, command.logout)).callback());
  }
  groups = command.groups ?? groups;
  if (command.remove) removed.add(command.remove);
  console.log("done");
}
process.exit(0);
