// An OpenID provider with two clients and a few people, on a port of this machine.
// node provider.mjs PACKAGES CALLBACK…  prints its issuer when it listens.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [packages, ...callbacks] = process.argv.slice(2);
const found = createRequire(pathToFileURL(`${packages}/`)).resolve("oidc-provider");
const { Provider } = await import(pathToFileURL(found));

const GROUPS = { reader: ["seats"], editor: ["seats", "writers"], nobody: ["cleaners"] };
let provider;
const server = createServer((request, response) => provider.callback()(request, response));
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = new Provider(issuer, {
    clients: callbacks.map((callback, number) => ({
      client_id: `casebook-${number}`,
      client_secret: `a-secret-of-the-tests-${number}`,
      redirect_uris: [callback],
      response_types: ["code"],
      grant_types: ["authorization_code"],
    })),
    claims: { openid: ["sub"], profile: ["groups"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ["only-for-tests"] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, groups: GROUPS[id] ?? [] }),
    }),
  });
  console.log(issuer);
});
